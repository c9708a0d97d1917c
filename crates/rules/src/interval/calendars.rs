//! Calendars that time intervals go by, and what people should know of them.

use std::collections::BTreeSet;

use acteon_core::Timestamp;
use acteon_core::limits::CALENDAR_NOTICE;
use acteon_schedule::Calendars;
use jiff::tz::TimeZone;

use super::TimeInterval;
use crate::zone::civil;

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
    let soon = civil(now + CALENDAR_NOTICE, &TimeZone::UTC).date();
    let warning = |name: &str| {
        let Some(calendar) = calendars.get(name) else {
            return Some(format!(
                "time intervals go by the calendar {name:?}, which is not configured: they mute nothing until it is"
            ));
        };
        let last_day = calendar.last_day();
        (last_day <= soon).then(|| {
            format!(
                "the calendar {name:?} ends on {last_day}, and time intervals go by it: after that day Monday to Friday are workdays, and all other days \
                 holidays; give it the days of the next year"
            )
        })
    };
    used.into_iter().filter_map(warning).collect()
}
