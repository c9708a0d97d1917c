//! Cron expression: five fields that say at which minutes of the wall clock something happens.
//!
//! [`Cron::parse`] reads the fields that every cron has: numbers, names, ranges, steps and lists, and of the days `L`, `W` and `#`. What crons read
//! differently is refused, with what to write instead. A [`Recurrence`] is an expression in a time zone, and finds its **occurrences**: the instants
//! at which it happens, also where the clock changes. Occurrences are whole minutes of the wall clock, and so at least 60 seconds apart, in every zone
//! since 1972.

mod days;
mod error;
mod field;
mod item;
mod read;
mod recurrence;

use jiff::ToSpan as _;
use jiff::civil::{DateTime, Time};

use days::Days;

pub use error::CronError;
pub use recurrence::Recurrence;

/// Years that are searched for the next day. The rarest day is a fifth Monday in February, up to 40 years after the one before.
const SEARCHED_YEARS: i16 = 50;

/// Cron expression that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    /// Bit of each minute of an hour.
    minutes: u64,
    /// Bit of each hour of a day.
    hours: u32,
    /// Bit of each month; that of January is bit 1.
    months: u16,
    days: Days,
    goes_by: GoesBy,
}

/// What an expression goes by where the clock changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GoesBy {
    /// Wall clock, where the hour field names hours: each time of the clock happens once, also one that is skipped or repeated.
    Clock,
    /// Elapsed time, where the hour field has a `*`: what the clock skips does not happen, and what it repeats happens twice.
    Elapsed,
}

impl Cron {
    /// First time of the wall clock from this one on that the fields match; `None` where there is none in the next [`SEARCHED_YEARS`].
    fn next(&self, from: DateTime) -> Option<DateTime> {
        let from = whole_minute(from)?;
        let (mut day, mut earliest) = (from.date(), from.time());
        let last_year = day.year().saturating_add(SEARCHED_YEARS);
        while day.year() <= last_year {
            if self.months & (1 << day.month()) == 0 {
                day = day.last_of_month().tomorrow().ok()?;
                earliest = Time::midnight();
                continue;
            }
            if self.days.matches(day)
                && let Some(time) = self.next_time(earliest)
            {
                return Some(day.to_datetime(time));
            }
            day = day.tomorrow().ok()?;
            earliest = Time::midnight();
        }
        None
    }

    /// First time of a day from this one on.
    fn next_time(&self, from: Time) -> Option<Time> {
        (from.hour()..24).find_map(|hour| {
            let earliest = if hour == from.hour() {
                from.minute()
            } else {
                0
            };
            let ahead = self.minutes >> earliest;
            let is_hour = self.hours & (1 << hour) != 0;
            let minute = earliest + i8::try_from(ahead.trailing_zeros()).ok()?;
            (is_hour && ahead != 0).then(|| Time::constant(hour, minute, 0, 0))
        })
    }
}

/// The time itself where it is a whole minute, else the minute after it.
fn whole_minute(time: DateTime) -> Option<DateTime> {
    let minute = time.with().second(0).subsec_nanosecond(0).build().ok()?;
    if minute == time {
        return Some(minute);
    }
    minute.checked_add(1.minute()).ok()
}
