//! Circuit breakers: a provider that fails again and again is left alone for a while, and then tried with one call at a time.
//!
//! ```text
//! closed --failures in a row--> open --recovery time--> half open --successes in a row--> closed
//!                                 ^------- a failure -------'
//! ```
//!
//! What meets an open breaker is put off until the next trial, as on a paused lane. Nothing is lost to it. New actions go through a fallback where
//! one is configured; what was accepted before waits for its own provider.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acteon_core::ProviderName;

/// When a breaker opens and closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// Failures in a row that open it. Only those count that say nothing was reached, or no answer came.
    pub failure_threshold: u32,
    /// Successes in a row that close it again.
    pub success_threshold: u32,
    /// How long it stays open before a trial.
    pub recovery: Duration,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self { failure_threshold: 5, success_threshold: 2, recovery: Duration::from_mins(1) }
    }
}

/// Which providers have breakers, and who takes their new actions while they are open.
#[derive(Clone, Debug, Default)]
pub struct Breakers {
    /// When they open and close; `None` for no breakers.
    pub policy: Option<BreakerPolicy>,
    /// By the provider left alone, the one that is used instead. Up to three in a row.
    pub fallbacks: BTreeMap<ProviderName, ProviderName>,
}

/// How long those wait who come while a trial is in flight.
const TRIAL_WAIT: Duration = Duration::from_secs(2);

/// What a call says about its provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    /// It answered.
    Alive,
    /// It could not be reached, or did not answer.
    Dead,
    /// Neither: it said that it has enough for now.
    Neither,
}

/// The state of a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed { failures: u32 },
    Open { until: Duration },
    HalfOpen { successes: u32, trial: bool },
}

pub(crate) struct Breaker {
    policy: BreakerPolicy,
    state: Mutex<State>,
}

impl Breaker {
    pub(crate) fn new(policy: BreakerPolicy) -> Self {
        Self { policy, state: Mutex::new(State::Closed { failures: 0 }) }
    }

    /// Whether a call may be made at `now`; if not, after how long to ask again. Whoever may must say what came of it.
    pub(crate) fn ask(&self, now: Duration) -> Result<(), Duration> {
        let mut state = self.lock();
        match *state {
            State::Closed { .. } => Ok(()),
            State::Open { until } if now < until => Err(until.saturating_sub(now)),
            State::Open { .. } => {
                *state = State::HalfOpen { successes: 0, trial: true };
                Ok(())
            }
            State::HalfOpen { trial: true, .. } => Err(TRIAL_WAIT),
            State::HalfOpen { successes, trial: false } => {
                *state = State::HalfOpen { successes, trial: true };
                Ok(())
            }
        }
    }

    /// How long nobody may call; `None` while somebody may.
    pub(crate) fn closed_to_all(&self, now: Duration) -> Option<Duration> {
        match *self.lock() {
            State::Open { until } if now < until => Some(until.saturating_sub(now)),
            State::HalfOpen { trial: true, .. } => Some(TRIAL_WAIT),
            State::Closed { .. } | State::Open { .. } | State::HalfOpen { .. } => None,
        }
    }

    /// Notes what a call said; returns the word of the new state if it changed.
    pub(crate) fn note(&self, sign: Sign, now: Duration) -> Option<&'static str> {
        let mut state = self.lock();
        let before = word(*state);
        let open = State::Open { until: now + self.policy.recovery };
        *state = match (*state, sign) {
            (State::Closed { failures }, Sign::Dead) if failures + 1 < self.policy.failure_threshold => {
                State::Closed { failures: failures + 1 }
            }
            (State::HalfOpen { successes, .. }, Sign::Alive) if successes + 1 < self.policy.success_threshold => {
                State::HalfOpen { successes: successes + 1, trial: false }
            }
            (State::Closed { .. } | State::HalfOpen { .. }, Sign::Alive) => State::Closed { failures: 0 },
            (State::Closed { .. } | State::HalfOpen { .. }, Sign::Dead) => open,
            (State::HalfOpen { successes, .. }, Sign::Neither) => State::HalfOpen { successes, trial: false },
            // A call that began before the breaker opened.
            (state @ State::Open { .. }, _) | (state @ State::Closed { .. }, Sign::Neither) => state,
        };
        let after = word(*state);
        (after != before).then_some(after)
    }

    /// Opens it by hand.
    pub(crate) fn trip(&self, now: Duration) {
        *self.lock() = State::Open { until: now + self.policy.recovery };
    }

    /// Closes it by hand.
    pub(crate) fn reset(&self) {
        *self.lock() = State::Closed { failures: 0 };
    }

    /// `closed`, `open` or `half_open`.
    pub(crate) fn word(&self) -> &'static str {
        word(*self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn word(state: State) -> &'static str {
    match state {
        State::Closed { .. } => "closed",
        State::Open { .. } => "open",
        State::HalfOpen { .. } => "half_open",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_closes_after_trials() {
        let breaker = Breaker::new(BreakerPolicy::default());
        for sign in
            [Sign::Dead, Sign::Dead, Sign::Dead, Sign::Dead, Sign::Alive, Sign::Dead, Sign::Neither, Sign::Dead, Sign::Dead, Sign::Dead]
        {
            assert_eq!((breaker.ask(at(0)), breaker.note(sign, at(0))), (Ok(()), None));
        }
        assert_eq!(breaker.note(Sign::Dead, at(10)), Some("open"));
        assert_eq!((breaker.ask(at(11)), breaker.closed_to_all(at(11))), (Err(at(59)), Some(at(59))));
        assert_eq!(breaker.note(Sign::Alive, at(12)), None, "a call from before tells nothing");
        assert_eq!((breaker.ask(at(70)), breaker.ask(at(70))), (Ok(()), Err(TRIAL_WAIT)), "one trial at a time");
        assert_eq!(breaker.note(Sign::Alive, at(71)), None);
        assert_eq!((breaker.ask(at(71)), breaker.note(Sign::Alive, at(72)), breaker.word()), (Ok(()), Some("closed"), "closed"));
    }

    #[test]
    fn a_failed_trial_opens_it_again_and_hands_move_it() {
        let breaker = Breaker::new(BreakerPolicy { failure_threshold: 1, ..BreakerPolicy::default() });
        assert_eq!(breaker.note(Sign::Dead, at(0)), Some("open"));
        assert_eq!((breaker.ask(at(60)), breaker.note(Sign::Neither, at(60)), breaker.ask(at(60))), (Ok(()), None, Ok(())));
        assert_eq!((breaker.note(Sign::Dead, at(61)), breaker.ask(at(62))), (Some("open"), Err(at(59))));
        breaker.reset();
        assert_eq!(breaker.ask(at(62)), Ok(()));
        breaker.trip(at(63));
        assert_eq!((breaker.word(), breaker.closed_to_all(at(64))), ("open", Some(at(59))));
    }
}
