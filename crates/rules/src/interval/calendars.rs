//! Calendars that time intervals go by, and what people should know of them.

use std::collections::BTreeSet;

use acteon_core::Timestamp;
use acteon_schedule::{CalendarUse, Calendars};

use super::TimeInterval;

const OF_INTERVALS: CalendarUse = CalendarUse {
    who: "time intervals",
    while_missing: "they mute nothing",
};

impl TimeInterval {
    /// Names of the calendars that its ranges go by.
    pub fn calendars(&self) -> impl Iterator<Item = &str> {
        let ranges = self.spec.time_ranges.iter();
        ranges.filter_map(|range| Some(range.days.as_ref()?.calendar.as_str()))
    }

    /// Name of a calendar that it goes by and that is not known, if there is one.
    pub fn unknown_calendar(&self, calendars: &Calendars) -> Option<&str> {
        self.calendars().find(|name| calendars.get(name).is_none())
    }
}

/// Warnings about the calendars that these intervals go by: those that end soon or have ended, and those that are not known.
pub fn calendar_warnings<'i>(
    intervals: impl IntoIterator<Item = &'i TimeInterval>,
    calendars: &Calendars,
    now: Timestamp,
) -> Vec<String> {
    let used = intervals.into_iter().flat_map(TimeInterval::calendars);
    let used: BTreeSet<&str> = used.collect();
    let warning = |name: &str| calendars.notice(name, OF_INTERVALS, now);
    used.into_iter().filter_map(warning).collect()
}
