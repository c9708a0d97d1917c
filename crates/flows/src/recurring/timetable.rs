//! Timetable: the occurrences of an expression on the days of a calendar.

use acteon_core::Timestamp;
use acteon_schedule::{Calendar, Calendars, DayKind, Recurrence};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// Occurrences that are looked at for one on a day of the calendar. A year of a minute's expression would be half a million: the look goes by days.
const MAX_DAYS: usize = 800;

/// Days of a calendar on which a recurring action occurs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnDays {
    /// Name of the calendar.
    pub name: String,
    /// `true` for its workdays, `false` for its holidays.
    pub workdays: bool,
}

/// Timetable: an expression in its zone, and the days on which it counts.
#[derive(Debug)]
pub struct Timetable<'c> {
    recurrence: Recurrence,
    days: Option<(&'c Calendar, DayKind)>,
    until: Timestamp,
}

impl<'c> Timetable<'c> {
    /// Occurrences of an expression, on those days of a calendar where one is named.
    ///
    /// A calendar that the gateway does not know any more holds nothing back: what should go and does not is the worse fault.
    pub fn new(recurrence: Recurrence, on: Option<&OnDays>, calendars: &'c Calendars) -> Self {
        let kind = |on: &OnDays| {
            if on.workdays {
                DayKind::Workday
            } else {
                DayKind::Holiday
            }
        };
        let days = on.and_then(|on| Some((calendars.get(&on.name)?, kind(on))));
        Self {
            recurrence,
            days,
            until: Timestamp::MAX,
        }
    }

    /// The same up to an instant, after which there are no occurrences.
    pub(super) fn until(self, until: Option<Timestamp>) -> Self {
        let until = until.unwrap_or(Timestamp::MAX);
        Self { until, ..self }
    }

    /// Occurrences after an instant, one after the other.
    pub fn all_after(&self, instant: Timestamp) -> impl Iterator<Item = Timestamp> {
        let next = |at: &Timestamp| self.after(*at);
        std::iter::successors(self.after(instant), next)
    }

    /// First occurrence after an instant; `None` where there is none.
    pub fn after(&self, instant: Timestamp) -> Option<Timestamp> {
        let mut from = instant;
        for _ in 0..MAX_DAYS {
            let next = self.recurrence.after(from)?;
            if next > self.until {
                return None;
            }
            let Some((calendar, kind)) = self.days else {
                return Some(next);
            };
            let day = day_of(next, self.recurrence.zone());
            if calendar.kind_of(day) == kind {
                return Some(next);
            }
            from = last_instant_of(day, self.recurrence.zone()).max(next);
        }
        None
    }
}

fn day_of(instant: Timestamp, zone: &TimeZone) -> Date {
    let known = jiff::Timestamp::from_millisecond(instant.as_millis());
    zone.to_datetime(known.unwrap_or(jiff::Timestamp::MAX))
        .date()
}

/// Last instant of a day in a zone; the end of time where the day is the last.
fn last_instant_of(day: Date, zone: &TimeZone) -> Timestamp {
    let midnight = day
        .tomorrow()
        .ok()
        .and_then(|day| day.to_zoned(zone.clone()).ok());
    midnight.map_or(Timestamp::MAX, |midnight| {
        Timestamp::from_millis(midnight.timestamp().as_millisecond() - 1)
    })
}
