//! Clock that retention goes by.
//!
//! What is deleted is gone, and an id that is forgotten may be sent again, so no single look at the
//! wall clock decides it: a machine that starts weeks ahead of time must not lose its journal. The
//! *retention clock* follows the wall clock only as fast as time was seen to pass, by the monotonic
//! clock, while a gateway ran, and twice as fast where it is behind, as after a long stop. It is
//! kept in the store, so that a restart gains nothing. Where it was never kept it begins at the
//! newest row of the journal.

use std::time::Duration;

use acteon_core::Timestamp;

/// Factor by which it is faster than time itself while it catches up.
const CATCHES_UP: u32 = 2;

/// Clock that follows the wall clock, but not blindly.
#[derive(Debug)]
pub(crate) struct RetentionClock {
    stands_at: Timestamp,
    /// Monotonic instant at which it was moved last.
    moved: Duration,
}

/// Result of a move of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    /// Instant to keep for the next process. Never less than before: a wall clock that was set back
    /// sets back nothing for good.
    pub(crate) keep: Timestamp,
    /// Instant that retention goes by now: never later than the wall clock.
    pub(crate) now: Timestamp,
    /// Time that it is behind the wall clock.
    pub(crate) behind: Duration,
}

impl RetentionClock {
    /// Clock that begins where an earlier process left it, and else at the newest row, but not
    /// after the wall clock.
    pub(crate) fn new(
        kept: Option<Timestamp>,
        newest: Option<Timestamp>,
        wall: Timestamp,
        monotonic: Duration,
    ) -> Self {
        let stands_at = kept
            .or(newest.map(|newest| newest.min(wall)))
            .unwrap_or(wall);
        Self {
            stands_at,
            moved: monotonic,
        }
    }

    /// Follows the wall clock. `kept` is what the store holds by now, where other gateways move it as well.
    pub(crate) fn follow(
        &mut self,
        kept: Option<Timestamp>,
        wall: Timestamp,
        monotonic: Duration,
    ) -> Moved {
        let reach = self.stands_at + monotonic.saturating_sub(self.moved) * CATCHES_UP;
        let others = kept.unwrap_or(self.stands_at);
        self.stands_at = self.stands_at.max(others).max(wall.min(reach));
        self.moved = monotonic;
        let now = self.stands_at.min(wall);
        Moved {
            keep: self.stands_at,
            now,
            behind: wall.since(now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);
    const DAY: Duration = Duration::from_hours(24);

    fn day(days: u32) -> Timestamp {
        Timestamp::from_millis(1_000_000_000_000) + DAY * days
    }

    #[test]
    fn a_wall_clock_far_ahead_moves_it_only_as_time_passes() {
        let mut clock = RetentionClock::new(Some(day(100)), Some(day(100)), day(140), HOUR);
        assert_eq!(
            clock.follow(Some(day(100)), day(140), HOUR).now,
            day(100),
            "a start gains nothing"
        );
        let later = clock.follow(Some(day(100)), day(140) + HOUR, HOUR * 2);
        assert_eq!(
            (later.now, later.keep),
            (day(100) + HOUR * 2, day(100) + HOUR * 2)
        );
        assert!(later.behind > DAY * 39);
        // Set right again, nothing is left of it.
        assert_eq!(
            clock
                .follow(Some(later.keep), day(100) + HOUR * 2, HOUR * 3)
                .now,
            day(100) + HOUR * 2
        );
    }

    #[test]
    fn a_wall_clock_set_back_sets_it_back_only_meanwhile() {
        let mut clock = RetentionClock::new(Some(day(100)), None, day(100), HOUR);
        let back = clock.follow(Some(day(100)), day(1), HOUR * 2);
        assert_eq!((back.now, back.keep), (day(1), day(100)));
        assert_eq!(
            clock
                .follow(Some(day(100)), day(100) + HOUR * 2, HOUR * 3)
                .now,
            day(100) + HOUR * 2
        );
    }

    #[test]
    fn after_a_long_stop_it_catches_up_in_as_much_time() {
        let mut clock = RetentionClock::new(Some(day(0)), Some(day(0)), day(40), Duration::ZERO);
        let mut kept = day(0);
        for hour in 1..=24 * 40 {
            kept = clock
                .follow(Some(kept), day(40) + HOUR * hour, HOUR * hour)
                .keep;
        }
        assert_eq!(kept, day(80));
    }

    #[test]
    fn two_gateways_move_it_no_faster_than_one() {
        let mut clocks =
            [0, 1].map(|_| RetentionClock::new(Some(day(0)), None, day(40), Duration::ZERO));
        let mut kept = day(0);
        for hour in 1..=48 {
            for clock in &mut clocks {
                kept = clock.follow(Some(kept), day(40), HOUR * hour).keep;
            }
        }
        assert_eq!(kept, day(4));
    }

    #[test]
    fn what_was_never_kept_begins_at_the_newest_row() {
        assert_eq!(
            RetentionClock::new(None, Some(day(3)), day(40), HOUR).stands_at,
            day(3)
        );
        assert_eq!(
            RetentionClock::new(None, Some(day(50)), day(40), HOUR).stands_at,
            day(40)
        );
        assert_eq!(
            RetentionClock::new(None, None, day(40), HOUR).stands_at,
            day(40)
        );
    }
}
