//! Recurrence: a cron expression in a time zone, and its occurrences.

use acteon_core::Timestamp;
use jiff::SignedDuration;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use super::{Cron, GoesBy};

/// Longest that a change sets a clock forward or back, with room: dates were skipped and repeated whole.
const LONGEST_CHANGE: SignedDuration = SignedDuration::from_hours(48);

/// Most stretches between changes that are looked at for one occurrence. Two or three are needed.
const MAX_STRETCHES: usize = 64;

const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// Recurrence: an expression in a time zone. Where it names hours, each time of the wall clock happens once: one that a change skips, at the change,
/// and one that it repeats, the first time. Where its hour field has a `*`, it goes by elapsed time: what is skipped does not happen, and what is
/// repeated happens twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recurrence {
    cron: Cron,
    zone: TimeZone,
}

impl Cron {
    /// The expression in a time zone.
    pub fn in_zone(self, zone: TimeZone) -> Recurrence {
        Recurrence { cron: self, zone }
    }
}

impl Recurrence {
    /// Time zone that the expression is read in.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// First occurrence that is later than the instant; `None` where there is none before the year 9999 ends.
    pub fn after(&self, instant: Timestamp) -> Option<Timestamp> {
        // Clocks change at whole seconds, and so does each minute of theirs begin.
        let second = instant.as_millis().div_euclid(1000) + 1;
        let mut from = jiff::Timestamp::from_second(second).ok()?;
        for _ in 0..MAX_STRETCHES {
            let stretch = Stretch::at(&self.zone, from);
            match self.within(&stretch)? {
                Found::Occurrence(found) => {
                    let millis = found.as_millisecond();
                    let is_time = millis <= Timestamp::MAX.as_millis();
                    return is_time.then(|| Timestamp::from_millis(millis));
                }
                Found::NotBefore(next) => from = next,
            }
        }
        None
    }

    /// First occurrence of a stretch, or where to go on; `None` where there is none ever.
    fn within(&self, stretch: &Stretch) -> Option<Found> {
        let mut clock = stretch.offset.to_datetime(stretch.from);
        if let (GoesBy::Clock, Some(shown)) = (self.cron.goes_by, stretch.shown) {
            let skipped_from = if stretch.is_change { shown } else { clock };
            if skipped_from < clock && self.cron.next(skipped_from)? < clock {
                return Some(Found::Occurrence(stretch.from));
            }
            clock = clock.max(shown);
        }
        let next = self.cron.next(clock)?;
        let occurrence = stretch.offset.to_timestamp(next).ok()?;
        let Some(end) = stretch.end.filter(|end| *end <= occurrence) else {
            return Some(Found::Occurrence(occurrence));
        };
        // A change that is near may show times again that are over here. Beyond it nothing comes that is long before the time found.
        let is_near = end.duration_since(stretch.from) < LONGEST_CHANGE;
        let far = occurrence.checked_sub(LONGEST_CHANGE).ok()?;
        Some(Found::NotBefore(if is_near { end } else { end.max(far) }))
    }
}

/// What a look at a stretch came to.
enum Found {
    Occurrence(jiff::Timestamp),
    /// Nothing before this instant.
    NotBefore(jiff::Timestamp),
}

/// Stretch of time in which the clock of a zone does not change.
struct Stretch {
    from: jiff::Timestamp,
    /// Change that ends it.
    end: Option<jiff::Timestamp>,
    offset: Offset,
    /// Whether the clock changes at its first instant.
    is_change: bool,
    /// Time up to which the clock had shown all before the last change; `None` where that is long ago.
    shown: Option<DateTime>,
}

impl Stretch {
    /// Stretch from an instant to the next change.
    fn at(zone: &TimeZone, from: jiff::Timestamp) -> Self {
        let recent = |change: &jiff::Timestamp| from.duration_since(*change) < LONGEST_CHANGE;
        let behind = from.checked_add(SECOND).unwrap_or(from);
        let changes = || {
            let changes = zone.preceding(behind);
            changes.map(|change| change.timestamp()).take_while(recent)
        };
        let shown_before = |change: jiff::Timestamp| {
            let before = change.checked_sub(SECOND).ok()?;
            Some(zone.to_offset(before).to_datetime(change))
        };
        Self {
            from,
            end: zone.following(from).next().map(|change| change.timestamp()),
            offset: zone.to_offset(from),
            is_change: changes().next() == Some(from),
            shown: changes().filter_map(shown_before).max(),
        }
    }
}
