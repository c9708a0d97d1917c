//! Pace of a lane: how many calls a second are started, and how that is found out. Pure.
//!
//! A pace begins as a guess. While calls wait for it and none is refused it doubles every second,
//! so that a service that takes more is found out within seconds. A refusal ends that: the pace
//! goes back to what held, is *confirmed*, and is kept for a while before more is tried, in small
//! steps first. The more often it was confirmed, and the longer the pause that it cost, the longer
//! it is kept.

use std::time::Duration;

/// Calls a second that a lane starts with of which nothing is known.
const FIRST_RATE: f64 = 8.0;
/// Lowest first guess, and the rate below which small steps would tell nothing.
const LOW_RATE: f64 = 4.0;
/// Slowest pace, in calls per second: a lane must not starve for a bad guess.
const SLOWEST: f64 = 0.2;
/// Pace above which it is no limit worth keeping.
const UNPACED: f64 = 20_000.0;
/// Part of the rate that went through which is used.
const CAUTION: f64 = 0.97;
/// Factor by which a pace is lowered at least that was refused although it had held.
const LOWERED: f64 = 0.9;
/// Part of a pace that must be used for it to count as made use of: otherwise something else limits
/// the lane.
const USED: f64 = 0.75;
/// Time between two steps of a pace that grows.
const STEP: Duration = Duration::from_secs(1);
/// First step of a confirmed pace, the factor by which the next ones are larger, and the largest.
const SMALL_STEP: f64 = 1.1;
const STEPS_GROW: f64 = 1.4;
const LARGE_STEP: f64 = 2.0;
/// Time for which a guess is kept before more is tried.
const GUESS_HOLDS: Duration = Duration::from_secs(2);
/// Time for which a pace is kept that was confirmed once. It doubles with each further time.
const CONFIRMED_HOLDS: Duration = Duration::from_secs(4);
/// Longest time for which a pace is kept: so many times as long as the pause that its last trial
/// cost, but at least so long.
const HOLDS_FOR_PAUSES: u32 = 4;
const HOLDS_AT_LEAST: Duration = Duration::from_secs(10);
/// Factor between a pause and the one before from which on it was no trial of the pace: the service
/// was closed, and may take more now than before.
const CLOSED: u32 = 3;

/// Pace in calls a second, for all gateways together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pace {
    rate: f64,
    /// Rate that held; a higher one is being tried. 0 while nothing is known.
    held: f64,
    /// Number of refusals that said that not more goes.
    confirmed: u32,
    /// Length of the pause before.
    pause: Duration,
    /// Instant before which no more is tried.
    keep_until: Duration,
    stepped_at: Duration,
    next_step: f64,
    /// Calls started since it was last looked at, and whether any was taken.
    started: u32,
    has_passed: bool,
}

impl Pace {
    fn new(now: Duration, rate: f64, held: f64, confirmed: u32, keep: Duration) -> Self {
        let next_step = if confirmed == 0 || rate < LOW_RATE {
            LARGE_STEP
        } else {
            SMALL_STEP
        };
        let keep_until = now + keep;
        let pause = STEP;
        Self {
            rate,
            held,
            confirmed,
            pause,
            keep_until,
            stepped_at: now,
            next_step,
            started: 0,
            has_passed: false,
        }
    }

    /// Pace of a lane of which nothing is known but that it was refused once.
    pub(super) fn unknown(now: Duration) -> Self {
        Self::new(now, FIRST_RATE, 0.0, 0, Duration::ZERO)
    }

    /// First guess, from what went through a busy lane before the refusal.
    pub(super) fn guess(now: Duration, seen: f64, pause: Duration) -> Self {
        if seen <= 0.0 {
            return Self::unknown(now);
        }
        let rate = (seen * CAUTION).max(LOW_RATE);
        Self {
            pause,
            ..Self::new(now, rate, rate, 0, GUESS_HOLDS)
        }
    }

    /// Pace that another process found out.
    pub(super) fn shared(now: Duration, rate: f64, confirmed: u32, keep: Duration) -> Self {
        let rate = if rate.is_finite() {
            rate.max(SLOWEST)
        } else {
            UNPACED
        };
        Self::new(now, rate, rate, confirmed, keep)
    }

    /// Pace after a refusal that says nothing about it, because nothing waited for the lane.
    pub(super) fn unharmed(self, now: Duration) -> Self {
        if self.held <= 0.0 {
            return Self::unknown(now);
        }
        Self::new(now, self.held, self.held, self.confirmed, GUESS_HOLDS)
    }

    /// Pace after a refusal of the busy lane: `seen` went through before, over as long as the
    /// `pause` lasted.
    pub(super) fn refused(self, now: Duration, seen: f64, pause: Duration) -> Self {
        let was_trying = self.rate > self.held * 1.01;
        let seen = seen * CAUTION;
        // While more was tried, what held before still holds. Otherwise the pace itself was too
        // much, and goes below what was measured; of nothing measured only half is left to guess.
        let rate = match (was_trying, seen > 0.0) {
            (true, _) => self.held.max(seen.min(self.rate)),
            (false, true) => seen.min(self.rate * LOWERED),
            (false, false) => self.rate / 2.0,
        };
        let rate = rate.max(SLOWEST);
        if pause > self.pause.max(STEP) * CLOSED {
            let rate = rate.max(self.held);
            return Self {
                pause,
                ..Self::new(now, rate, rate, 0, GUESS_HOLDS)
            };
        }
        // Kept twice as long with each confirmation: every trial beyond the limit costs a pause, in
        // which nothing goes at all.
        let confirmed = (self.confirmed + 1).min(16);
        let longest = (pause * HOLDS_FOR_PAUSES).max(HOLDS_AT_LEAST);
        let keep = (CONFIRMED_HOLDS * (1 << (confirmed - 1).min(8))).min(longest);
        Self {
            pause,
            ..Self::new(now, rate, rate, confirmed, keep)
        }
    }

    /// Rate at `now`, of which this gateway has one `share`-th; `None` once it is no limit any
    /// more. It grows only if it was made use of.
    pub(super) fn rate(&mut self, now: Duration, share: f64) -> Option<f64> {
        let measured = now.saturating_sub(self.stepped_at);
        if measured >= STEP {
            // Growing without use would raise the pace of a quiet lane to anything, and the first
            // rush would meet the service unpaced.
            let was_used =
                f64::from(self.started) >= measured.as_secs_f64() * self.rate / share * USED;
            if was_used && self.has_passed && now >= self.keep_until {
                self.grow();
            }
            (self.stepped_at, self.started, self.has_passed) = (now, 0, false);
        }
        (self.rate < UNPACED).then_some(self.rate)
    }

    fn grow(&mut self) {
        self.held = self
            .held
            .max(self.rate * if self.rate > self.held { CAUTION } else { 1.0 });
        self.rate *= self.next_step;
        self.next_step = (self.next_step * STEPS_GROW).min(LARGE_STEP);
        if self.next_step >= LARGE_STEP {
            self.confirmed = 0;
        }
    }

    /// Counts a call that was started.
    pub(super) fn started(&mut self) {
        self.started += 1;
    }

    /// Counts a call that the service took.
    pub(super) fn passed(&mut self) {
        self.has_passed = true;
    }

    /// Rate that held, how often it was confirmed, and for how long it is kept, as others hear it.
    pub(super) fn told(&self, now: Duration) -> (f64, u32, Duration) {
        (
            self.shown(),
            self.confirmed,
            self.keep_until.saturating_sub(now),
        )
    }

    /// Rate that is in force.
    pub(super) fn shown(&self) -> f64 {
        self.rate
    }
}
