//! `[[calendars]]` blocks: holidays and make-up workdays by which time intervals go.

use std::collections::BTreeSet;
use std::path::Path;

use acteon_config::{Key, Kind, Problem, SectionReader, Walker};
use acteon_core::json::head;
use acteon_core::limits::{MAX_CALENDAR_FILE_BYTES, MAX_CALENDARS};
use acteon_schedule::{Calendar, Calendars};
use jiff::civil::Date;

use crate::files::read_text;

/// Keys of every block.
pub const CALENDAR: &[Key] = &[
    Key::required("name", Kind::Text, "The name that time intervals use."),
    Key::optional(
        "file",
        Kind::Text,
        "iCalendar file of its days, as seen from this file, in place of lists.",
    ),
    Key::optional(
        "holidays",
        Kind::Texts,
        "Days off beside Saturdays and Sundays, such as \"2027-01-01\".",
    ),
    Key::optional(
        "workdays",
        Kind::Texts,
        "Saturdays and Sundays on which people work, such as \"2026-10-10\".",
    ),
];

/// Reads all blocks of a file in the folder `base`, and adds the built-in calendar.
pub(super) fn read(walker: &mut Walker<'_>, base: &Path) -> Calendars {
    let mut calendars: Vec<Calendar> = Vec::new();
    for (index, block) in walker.blocks("calendars").into_iter().enumerate() {
        let section = match block.text_of("name") {
            Some(name) => format!("calendars[{index}] ({name})"),
            None => format!("calendars[{index}]"),
        };
        let settings = walker.read(&section, &block, &[CALENDAR]);
        let calendar = walker.check(&section, &settings, |reader| one(reader, base));
        let Some(calendar) = calendar else { continue };
        let is_taken = |known: &Calendar| known.name() == calendar.name();
        let problem = if calendars.iter().any(is_taken) {
            Some("another calendar has this name".to_owned())
        } else if calendars.len() == MAX_CALENDARS {
            Some(format!("there may be at most {MAX_CALENDARS} calendars"))
        } else {
            None
        };
        match problem {
            Some(message) => walker.note(&section, [Problem::new("name", message)]),
            None => calendars.push(calendar),
        }
    }
    Calendars::new(calendars)
}

/// Calendar of a block. What is missing is told of already.
fn one(reader: &mut SectionReader<'_>, base: &Path) -> Option<Calendar> {
    let settings = reader.settings();
    let name = settings.text("name")?;
    let calendar = match settings.text("file") {
        Some(file) => {
            for key in ["holidays", "workdays"] {
                if settings.has(key) {
                    reader.wrong(
                        key,
                        "is given beside file; take one of them, or write two calendars",
                    );
                }
            }
            of_file(name, &base.join(file)).map_err(|message| Problem::new("file", message))
        }
        None if settings.has("holidays") || settings.has("workdays") => {
            let holidays = dates(reader, "holidays");
            let workdays = dates(reader, "workdays");
            if !reader.is_clean() {
                return None;
            }
            Calendar::new(name, holidays, workdays)
                .map_err(|error| Problem::new("holidays", error.to_string()))
        }
        // A file whose value is wrong is told of already.
        None if settings.is_given("file") => return None,
        None => Err(Problem::new(
            "name",
            "the calendar has no days: give file, or holidays and workdays",
        )),
    };
    reader.take(calendar)
}

fn of_file(name: &str, path: &Path) -> Result<Calendar, String> {
    let text = read_text(path, MAX_CALENDAR_FILE_BYTES as u64)
        .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    Calendar::from_ics(name, &text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Dates of a list. Texts that are none are told of.
fn dates(reader: &mut SectionReader<'_>, key: &'static str) -> BTreeSet<Date> {
    let mut dates = BTreeSet::new();
    for text in reader.settings().texts(key) {
        match Date::strptime("%Y-%m-%d", text) {
            Ok(date) => drop(dates.insert(date)),
            Err(_) => reader.wrong(
                key,
                format!(
                    "must be days such as \"2027-01-01\", has {:?}",
                    head(text, 32)
                ),
            ),
        }
    }
    dates
}
