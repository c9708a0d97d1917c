//! Changes of a time interval: when it begins or ends next.
//!
//! It changes at midnight or at a time of day that it names, as the clocks of its zone show it, and
//! where those clocks are set. Days on which nothing can change are passed over by their date
//! alone.

use acteon_core::Timestamp;
use jiff::ToSpan as _;
use jiff::civil::Date;

use super::IntervalInForce;
use super::range::TimeRange;
use crate::zone::civil;

/// Days that are looked ahead: past the next 29 February.
const HORIZON_DAYS: usize = 3000;

impl IntervalInForce<'_> {
    /// First instant after `now` at which it matches if it does not, or no longer matches if it
    /// does. `None` if that is years away.
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let before = self.matches(now);
        let today = civil(now, &self.interval.zone).date();
        let mut edges: Vec<i32> = self
            .interval
            .spec
            .time_ranges
            .iter()
            .flat_map(TimeRange::edges)
            .chain([0])
            .collect();
        edges.sort_unstable();
        edges.dedup();
        let days = std::iter::successors(Some(today), |day| day.tomorrow().ok()).take(HORIZON_DAYS);
        let instants = days.flat_map(|day| {
            edges
                .iter()
                .filter_map(move |edge| self.instant(day, *edge))
        });
        let mut last = now;
        for instant in instants.filter(|instant| *instant > now) {
            if self.matches(instant) != before {
                return Some(self.first_change(last, instant, before));
            }
            last = instant;
        }
        None
    }

    /// Instant at which the clocks show a time of a day; where they skip it, the one at which they
    /// go on.
    fn instant(&self, day: Date, minute: i32) -> Option<Timestamp> {
        let wall = day
            .at(0, 0, 0, 0)
            .checked_add(i64::from(minute).minutes())
            .ok()?;
        let zoned = self
            .interval
            .zone
            .to_ambiguous_zoned(wall)
            .compatible()
            .ok()?;
        Some(Timestamp::from_millis(zoned.timestamp().as_millisecond()))
    }

    /// First instant between two edges at which it no longer is as `before`: where clocks are set
    /// between them, it may change there. To the minute.
    fn first_change(&self, from: Timestamp, to: Timestamp, before: bool) -> Timestamp {
        const MINUTE: i64 = 60_000;
        let (mut same, mut other) = (from.as_millis(), to.as_millis());
        // Only looked for where the last edge is near: clocks are set by hours, and one search costs a handful of looks.
        while other - same > MINUTE {
            let middle = same + (other - same) / 2;
            if self.matches(Timestamp::from_millis(middle)) == before {
                same = middle;
            } else {
                other = middle;
            }
        }
        Timestamp::from_millis(other - other.rem_euclid(MINUTE))
    }
}
