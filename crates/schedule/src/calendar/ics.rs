//! Days of an iCalendar file (RFC 5545).
//!
//! What is read is what files of public holidays have: events of whole days, each of which is a holiday or a make-up workday. What would need a
//! guess is refused by line: events that repeat, and events with a time of day. Time zones, alarms and everything else is passed over.

use std::collections::BTreeSet;

use acteon_core::json::head;
use acteon_core::limits::{MAX_CALENDAR_DAYS, MAX_CALENDAR_FILE_BYTES};
use jiff::ToSpan as _;
use jiff::civil::Date;

use super::{Calendar, CalendarError, DayKind};

/// Marks in the summary of a make-up workday, as Chinese calendars write it.
const WORKDAY_SUMMARIES: [&str; 3] = ["（班）", "(班)", "补班"];

/// Property by which Apple's calendars tell days off and make-up workdays from mere observances.
const SPECIAL_DAY: &str = "X-APPLE-SPECIAL-DAY";

/// Properties that make an event repeat.
const REPEATS: [&str; 2] = ["RRULE", "RDATE"];

impl Calendar {
    /// Calendar of an iCalendar file's text. An event is a make-up workday if it has the category `workday`, the property
    /// `X-APPLE-SPECIAL-DAY:ALTERNATE-WORKDAY`, or a summary with `（班）` or `补班`; other events are holidays. Cancelled events count for
    /// nothing, nor do those without `X-APPLE-SPECIAL-DAY` in a file that uses it: they are observances.
    pub fn from_ics(name: &str, text: &str) -> Result<Self, CalendarError> {
        if text.len() > MAX_CALENDAR_FILE_BYTES {
            return Err(CalendarError(format!(
                "is {} bytes long, at most {MAX_CALENDAR_FILE_BYTES} are allowed",
                text.len()
            )));
        }
        let events = events(text)?;
        let has_special_days = events.iter().any(|event| event.special_day.is_some());
        let (mut holidays, mut workdays) = (BTreeSet::new(), BTreeSet::new());
        for event in events {
            if event.is_cancelled || (has_special_days && event.special_day.is_none()) {
                continue;
            }
            let days = match event.kind() {
                DayKind::Workday => &mut workdays,
                DayKind::Holiday => &mut holidays,
            };
            days.extend(event.days()?);
            if days.len() > MAX_CALENDAR_DAYS {
                return Err(CalendarError(format!(
                    "has more than {MAX_CALENDAR_DAYS} days, which are allowed"
                )));
            }
        }
        Self::new(name, holidays, workdays)
    }
}

/// Event of a file, as far as it is read.
#[derive(Default)]
struct Event {
    /// Line of its `BEGIN`.
    line: usize,
    start: Option<Date>,
    /// Day after its last, as iCalendar has it.
    end: Option<Date>,
    special_day: Option<String>,
    has_workday_category: bool,
    has_workday_summary: bool,
    is_cancelled: bool,
}

impl Event {
    fn kind(&self) -> DayKind {
        let is_alternate = self.special_day.as_deref() == Some("ALTERNATE-WORKDAY");
        if is_alternate || self.has_workday_category || self.has_workday_summary {
            DayKind::Workday
        } else {
            DayKind::Holiday
        }
    }

    /// Days of the event. Without an end it has one.
    fn days(&self) -> Result<impl Iterator<Item = Date>, CalendarError> {
        let wrong = |message: &str| Err(at(self.line, message));
        let Some(start) = self.start else {
            return wrong("the event has no DTSTART");
        };
        let Ok(next) = start.tomorrow() else {
            return wrong("the event begins on the last day that there is");
        };
        let end = self.end.unwrap_or(next);
        if end < start {
            return wrong("the event ends before it begins");
        }
        let end = end.max(next);
        if i64::from(start.until(end).map_or(i32::MAX, |span| span.get_days()))
            > MAX_CALENDAR_DAYS as i64
        {
            return wrong("the event is longer than a calendar may be");
        }
        Ok(start.series(1.day()).take_while(move |day| *day < end))
    }

    fn read(&mut self, line: usize, property: &Property<'_>) -> Result<(), CalendarError> {
        let value = property.value.trim();
        match property.name.as_str() {
            "DTSTART" if self.start.is_some() => {
                return Err(at(line, "the event has a second DTSTART"));
            }
            "DTEND" if self.end.is_some() => {
                return Err(at(line, "the event has a second DTEND"));
            }
            "DTSTART" => self.start = Some(whole_day(line, property)?),
            "DTEND" => self.end = Some(whole_day(line, property)?),
            "DURATION" => return Err(at(line, "DURATION is not read; write DTEND instead")),
            name if REPEATS.contains(&name) => {
                return Err(at(
                    line,
                    &format!("events that repeat ({name}) are not read; write one for each year"),
                ));
            }
            SPECIAL_DAY => self.special_day = Some(value.to_uppercase()),
            "CATEGORIES" => {
                self.has_workday_category |= value
                    .split(',')
                    .any(|category| category.trim().eq_ignore_ascii_case("workday"));
            }
            "SUMMARY" => {
                self.has_workday_summary =
                    WORKDAY_SUMMARIES.iter().any(|mark| value.contains(mark));
            }
            "STATUS" => self.is_cancelled = value.eq_ignore_ascii_case("CANCELLED"),
            _ => {}
        }
        Ok(())
    }
}

/// Line of a file, without its parameters.
struct Property<'l> {
    /// In capitals.
    name: String,
    value: &'l str,
}

impl<'l> Property<'l> {
    /// Property of a line that is unfolded; `None` where it is none.
    fn of(line: &'l str) -> Option<Self> {
        let mut is_quoted = false;
        let colon = line.find(|c| {
            is_quoted ^= c == '"';
            c == ':' && !is_quoted
        })?;
        let (left, value) = (&line[..colon], &line[colon + 1..]);
        let (name, _) = left.split_once(';').unwrap_or((left, ""));
        Some(Self {
            name: name.trim().to_uppercase(),
            value,
        })
    }
}

/// Events of a file, in its order.
fn events(text: &str) -> Result<Vec<Event>, CalendarError> {
    let mut found: Vec<Event> = Vec::new();
    let mut open: Option<Event> = None;
    // Components within an event, such as an alarm, have properties of their own.
    let mut depth = 0_usize;
    let (mut is_calendar, mut is_whole) = (false, false);
    for (number, line) in unfolded(text) {
        let Some(property) = Property::of(&line) else {
            continue;
        };
        let component = property.value.trim().to_uppercase();
        match (property.name.as_str(), component.as_str()) {
            ("BEGIN", "VCALENDAR") => (is_calendar, is_whole) = (true, false),
            ("END", "VCALENDAR") => is_whole = true,
            ("BEGIN", "VEVENT") if open.is_none() => {
                if found.len() == MAX_CALENDAR_DAYS {
                    let message = format!("has more than {MAX_CALENDAR_DAYS} events");
                    return Err(at(number, &message));
                }
                open = Some(Event {
                    line: number,
                    ..Event::default()
                });
            }
            ("BEGIN", _) if open.is_some() => depth += 1,
            ("END", _) if depth > 0 => depth -= 1,
            ("END", "VEVENT") => found.extend(open.take()),
            _ => {
                if let Some(event) = open.as_mut().filter(|_| depth == 0) {
                    event.read(number, &property)?;
                }
            }
        }
    }
    if !is_calendar {
        return Err(CalendarError(
            "is no iCalendar file: it has no BEGIN:VCALENDAR".into(),
        ));
    }
    if let Some(event) = open {
        return Err(at(event.line, "the event has no END:VEVENT"));
    }
    if !is_whole {
        return Err(CalendarError("is cut off: it has no END:VCALENDAR".into()));
    }
    Ok(found)
}

/// Lines with what was folded put together again, each with the number of its first.
fn unfolded(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (index, line) in text.lines().enumerate() {
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some((_, before))) => before.push_str(rest),
            _ => lines.push((index + 1, line.to_owned())),
        }
    }
    lines
}

/// Date of a `DTSTART` or `DTEND`, which must be that of a whole day.
fn whole_day(line: usize, property: &Property<'_>) -> Result<Date, CalendarError> {
    let value = property.value.trim();
    let is_date = value.len() == 8 && value.bytes().all(|byte| byte.is_ascii_digit());
    if !is_date {
        let shown = head(value, 32);
        let name = &property.name;
        return Err(at(
            line,
            &format!(
                "{name} must be a day such as {name};VALUE=DATE:20261001, is {shown:?}; events with a time of day are not read"
            ),
        ));
    }
    Date::strptime("%Y%m%d", value).map_err(|_| at(line, &format!("there is no day {value}")))
}

fn at(line: usize, message: &str) -> CalendarError {
    CalendarError(format!("line {line}: {message}"))
}
