//! Calendar: holidays and make-up workdays beside the ordinary week.

mod cn_holidays;
mod ics;
mod known;

use std::collections::BTreeSet;

use acteon_core::json::head;
use acteon_core::limits::{MAX_CALENDAR_DAYS, MAX_NAME_BYTES};
use jiff::civil::{Date, Weekday};
use serde::Serialize;

pub use known::{CN_HOLIDAYS, CalendarUse, Calendars};

/// Kind of a day: whether people work on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DayKind {
    /// Monday to Friday without the holidays, and the make-up workdays.
    Workday,
    /// Every other day: holidays, and Saturdays and Sundays that are no make-up workdays.
    Holiday,
}

impl DayKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Workday, Self::Holiday];

    /// Word of the kind in configuration and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Workday => "workday",
            Self::Holiday => "holiday",
        }
    }

    /// Kind of a word; `None` where it has none.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Calendar: the days that differ from the ordinary week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    name: String,
    holidays: BTreeSet<Date>,
    workdays: BTreeSet<Date>,
    last_day: Date,
}

/// Error of a text or a list of dates that is no calendar.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CalendarError(String);

impl Calendar {
    /// Calendar of these dates. Refused are a name that is none, no dates at all, more than [`MAX_CALENDAR_DAYS`], and a date on both lists.
    pub fn new(
        name: &str,
        holidays: BTreeSet<Date>,
        workdays: BTreeSet<Date>,
    ) -> Result<Self, CalendarError> {
        if name.trim().is_empty() || name.len() > MAX_NAME_BYTES || name.contains(char::is_control)
        {
            return Err(CalendarError(format!(
                "name must be 1 to {MAX_NAME_BYTES} bytes without control characters, is {:?}",
                head(name, 64)
            )));
        }
        if let Some(both) = holidays.intersection(&workdays).next() {
            return Err(CalendarError(format!(
                "{both} is both a holiday and a workday; take it off one of the lists"
            )));
        }
        let count = holidays.len() + workdays.len();
        if count > MAX_CALENDAR_DAYS {
            return Err(CalendarError(format!(
                "has {count} days, at most {MAX_CALENDAR_DAYS} are allowed"
            )));
        }
        let Some(last) = holidays.last().max(workdays.last()).copied() else {
            return Err(CalendarError("has no days".into()));
        };
        Ok(Self {
            name: name.to_owned(),
            last_day: last.last_of_year(),
            holidays,
            workdays,
        })
    }

    /// Name of the calendar.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Kind of a day. Beyond the calendar's last day the week alone says it.
    pub fn kind_of(&self, day: Date) -> DayKind {
        if self.workdays.contains(&day) {
            return DayKind::Workday;
        }
        if self.holidays.contains(&day) {
            return DayKind::Holiday;
        }
        match day.weekday() {
            Weekday::Monday
            | Weekday::Tuesday
            | Weekday::Wednesday
            | Weekday::Thursday
            | Weekday::Friday => DayKind::Workday,
            Weekday::Saturday | Weekday::Sunday => DayKind::Holiday,
        }
    }

    /// Last day of the year of its last date: holidays are announced by the year, and after the last one of a year there are none to list.
    pub fn last_day(&self) -> Date {
        self.last_day
    }

    /// Number of days that differ from the ordinary week, holidays and workdays together.
    pub fn len(&self) -> usize {
        self.holidays.len() + self.workdays.len()
    }

    /// Whether no day differs, which no calendar is made with.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
