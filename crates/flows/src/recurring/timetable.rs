//! Timetable: the occurrences of an expression on the days of a calendar.

use std::time::Duration;

use acteon_core::Timestamp;
use acteon_schedule::{Calendar, Calendars, DayKind, Recurrence};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::kind::InvalidBody;

/// Occurrences that are looked at for one on a day of the calendar. A year of a minute's expression would be half a million: the look goes by days.
const MAX_DAYS: usize = 800;

/// First span that is searched for the last occurrence before an instant: the shortest time between two.
const SHORTEST_SPAN: Duration = Duration::from_mins(1);

/// Shortest time.
pub(super) const ONE: Duration = Duration::from_millis(1);

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
    /// An error where there is no such calendar: which days it would have is not known.
    pub fn new(
        recurrence: Recurrence,
        on: Option<&OnDays>,
        calendars: &'c Calendars,
    ) -> Result<Self, InvalidBody> {
        let kind = |on: &OnDays| {
            if on.workdays {
                DayKind::Workday
            } else {
                DayKind::Holiday
            }
        };
        let days = match on {
            Some(on) => match calendars.get(&on.name) {
                Some(calendar) => Some((calendar, kind(on))),
                None => return Err(InvalidBody(calendars.unknown(&on.name))),
            },
            None => None,
        };
        Ok(Self {
            recurrence,
            days,
            until: Timestamp::MAX,
        })
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

    /// Last occurrence from `first` on that is before `end`. Spans that double find one, and halves what is between it and the end: that takes a few
    /// dozen looks, however many occurrences there are.
    pub(super) fn last_within(&self, first: Timestamp, end: Timestamp) -> Option<Timestamp> {
        let within = |from: Timestamp| self.after(from - ONE).filter(|at| *at < end);
        let (mut span, mut empty_from) = (SHORTEST_SPAN, end);
        let mut last = loop {
            let from = first.max(end - span);
            if let Some(found) = within(from) {
                break found;
            }
            if from <= first {
                return None;
            }
            (span, empty_from) = (span.saturating_mul(2), from);
        };
        while let Some(later) = within(last + ONE) {
            let middle = later + empty_from.since(later) / 2;
            (last, empty_from) = match within(middle) {
                Some(found) => (found, empty_from),
                None => (later, middle),
            };
        }
        Some(last)
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
