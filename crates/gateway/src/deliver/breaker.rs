//! Circuit breakers: a provider that fails again and again is left alone for a while, and then tried with one call at a time.
//!
//! ```text
//! closed --failures in a row--> open --recovery time--> half open --successes in a row--> closed
//!                                 ^------- a failure -------'
//! ```
//!
//! What meets an open breaker is put off until some time after the next trial, as on a paused lane; what waits in the store stays there, but for
//! one row a trial. Nothing is lost to it. New actions go through a
//! fallback where one is configured; what was accepted before waits for its own provider. What one gateway finds out, the others hear
//! ([`sharing`]).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acteon_core::ProviderName;

pub(crate) mod sharing;

/// Policy of when a breaker opens and closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// Failures in a row that open it. Only those count that say nothing was reached, or no answer came.
    pub failure_threshold: u32,
    /// Successes in a row that close it again.
    pub success_threshold: u32,
    /// Time that it stays open before a trial.
    pub recovery: Duration,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self {
            failure_threshold: 5,
            success_threshold: 2,
            recovery: Duration::from_mins(1),
        }
    }
}

/// Breakers of the providers, and who takes their new actions while they are open.
#[derive(Clone, Debug, Default)]
pub struct Breakers {
    /// Policy of all breakers; `None` for no breakers.
    pub policy: Option<BreakerPolicy>,
    /// Fallbacks, by the provider whose breaker is open. Up to three in a row.
    pub fallbacks: BTreeMap<ProviderName, ProviderName>,
}

/// Time that those wait at least who come while a trial is in flight.
const TRIAL_WAIT: Duration = Duration::from_secs(2);

/// Time between two of those who come back, so that they do not come all at once, and keep their
/// order.
const APART: Duration = Duration::from_millis(20);

/// Longest time over which they come back.
const LONGEST_SPREAD: Duration = Duration::from_secs(30);

/// Time that other gateways wait longer with a trial than the one that opened a breaker, so that
/// they hear of its own first.
const OTHERS_WAIT: Duration = Duration::from_secs(10);

/// Signal of a call about its provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallSignal {
    /// The provider answered, whatever it said.
    Alive,
    /// The provider could not be reached, or did not answer.
    Dead,
    /// The provider answers, and takes nothing until people have repaired something.
    ToRepair,
    /// The call says neither: the provider has enough for now, or the call was not made.
    Neither,
}

/// Calls that a breaker lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Calls {
    /// All calls go through.
    All,
    /// One call goes through, as a trial.
    One,
    /// No call goes through for so long.
    None(Duration),
}

/// State of a breaker. A trial has a number, so that a call from before the breaker moved says
/// nothing about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BreakerState {
    Closed { failures: u32 },
    Open { until: Duration },
    HalfOpen { successes: u32, trial: Option<u64> },
}

struct BreakerInner {
    state: BreakerState,
    /// Number of trials begun so far.
    trials: u64,
    /// Number of actions put off since it opened.
    put_off: u32,
    /// Whether it is open, or was last, because people must repair something.
    for_repair: bool,
    /// Last change that was told or heard.
    heard: LastChange,
}

pub(crate) struct Breaker {
    policy: BreakerPolicy,
    inner: Mutex<BreakerInner>,
}

/// Pass to call a provider as far as its breaker goes. Dropped before the call was made, a trial is
/// another's.
pub(crate) struct Pass {
    breaker: Arc<Breaker>,
    trial: Option<u64>,
    reported: bool,
}

impl Breaker {
    pub(crate) fn new(policy: BreakerPolicy) -> Self {
        let inner = BreakerInner {
            state: BreakerState::Closed { failures: 0 },
            trials: 0,
            put_off: 0,
            for_repair: false,
            heard: LastChange::default(),
        };
        Self {
            policy,
            inner: Mutex::new(inner),
        }
    }

    /// Pass for a call at `now`; `Err` is the time after which to ask again.
    pub(crate) fn ask(self: &Arc<Self>, now: Duration) -> Result<Pass, Duration> {
        let mut inner = self.lock();
        let trial = match inner.state {
            BreakerState::Closed { .. } => None,
            BreakerState::Open { until } if now < until => {
                return Err(inner.put_off(until.saturating_sub(now)));
            }
            BreakerState::HalfOpen { trial: Some(_), .. } => return Err(inner.put_off(TRIAL_WAIT)),
            BreakerState::Open { .. } => Some(inner.begin_trial(0)),
            BreakerState::HalfOpen {
                successes,
                trial: None,
            } => Some(inner.begin_trial(successes)),
        };
        Ok(Pass {
            breaker: Arc::clone(self),
            trial,
            reported: false,
        })
    }

    /// Whether a call may be made at `now`, without a pass; `Err` is the time after which to ask
    /// again.
    pub(crate) fn look(&self, now: Duration) -> Result<(), Duration> {
        let wait = self.open_for(now);
        wait.map_or(Ok(()), |wait| Err(self.lock().put_off(wait)))
    }

    /// Time for which the breaker stays open to every call; `None` when a call may be made, also as
    /// a trial.
    pub(crate) fn open_for(&self, now: Duration) -> Option<Duration> {
        match self.calls(now) {
            Calls::None(wait) => Some(wait),
            Calls::All | Calls::One => None,
        }
    }

    /// Calls that may be made at `now`.
    pub(crate) fn calls(&self, now: Duration) -> Calls {
        match self.lock().state {
            BreakerState::Closed { .. } => Calls::All,
            BreakerState::Open { until } if now < until => Calls::None(until.saturating_sub(now)),
            BreakerState::HalfOpen { trial: Some(_), .. } => Calls::None(TRIAL_WAIT),
            BreakerState::Open { .. } | BreakerState::HalfOpen { .. } => Calls::One,
        }
    }

    fn report(&self, trial: Option<u64>, sign: CallSignal, now: Duration) -> Option<&'static str> {
        let mut inner = self.lock();
        let before = state_name(inner.state);
        let open = BreakerState::Open {
            until: now + self.policy.recovery,
        };
        inner.state = match (inner.state, sign) {
            (BreakerState::Closed { failures }, CallSignal::Dead)
                if failures + 1 < self.policy.failure_threshold =>
            {
                BreakerState::Closed {
                    failures: failures + 1,
                }
            }
            (BreakerState::Closed { .. }, CallSignal::Alive) => {
                BreakerState::Closed { failures: 0 }
            }
            (BreakerState::Closed { .. }, CallSignal::Dead | CallSignal::ToRepair) => open,
            (
                BreakerState::HalfOpen {
                    successes,
                    trial: own,
                },
                sign,
            ) if own.is_some() && own == trial => match sign {
                CallSignal::Alive if successes + 1 < self.policy.success_threshold => {
                    BreakerState::HalfOpen {
                        successes: successes + 1,
                        trial: None,
                    }
                }
                CallSignal::Alive => BreakerState::Closed { failures: 0 },
                CallSignal::Dead | CallSignal::ToRepair => open,
                // The trial is over and said nothing, so the next call is one: a half-open breaker
                // that kept a trial which has ended would let nothing through again.
                CallSignal::Neither => BreakerState::HalfOpen {
                    successes,
                    trial: None,
                },
            },
            // A call that began before the breaker moved.
            (state @ (BreakerState::Open { .. } | BreakerState::HalfOpen { .. }), _)
            | (state @ BreakerState::Closed { .. }, CallSignal::Neither) => state,
        };
        let after = state_name(inner.state);
        if after == "open" {
            inner.for_repair = if after == before {
                inner.for_repair
            } else {
                sign == CallSignal::ToRepair
            };
        }
        if after == "open" && before != "open" {
            inner.put_off = 0;
        }
        (after != before).then_some(after)
    }

    /// Whether nobody may call because people must repair something.
    pub(crate) fn is_open_for_repair(&self, now: Duration) -> bool {
        self.open_for(now).is_some() && self.lock().for_repair
    }

    /// Whether a trial is in flight.
    pub(crate) fn is_on_trial(&self) -> bool {
        matches!(
            self.lock().state,
            BreakerState::HalfOpen { trial: Some(_), .. }
        )
    }

    /// Lets one call through at once, as a trial.
    pub(crate) fn try_now(&self, now: Duration) {
        let mut inner = self.lock();
        if let BreakerState::Open { .. } = inner.state {
            inner.state = BreakerState::Open { until: now };
        }
    }

    /// Opens it by hand.
    pub(crate) fn trip(&self, now: Duration) {
        self.set(BreakerState::Open {
            until: now + self.policy.recovery,
        });
    }

    /// Closes it by hand.
    pub(crate) fn reset(&self) {
        self.set(BreakerState::Closed { failures: 0 });
    }

    /// Name of the state: `closed`, `open` or `half_open`.
    pub(crate) fn as_str(&self) -> &'static str {
        state_name(self.lock().state)
    }

    fn set(&self, state: BreakerState) {
        let mut inner = self.lock();
        inner.state = state;
        (inner.put_off, inner.for_repair) = (0, false);
    }

    fn lock(&self) -> MutexGuard<'_, BreakerInner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BreakerInner {
    fn begin_trial(&mut self, successes: u32) -> u64 {
        self.trials += 1;
        self.state = BreakerState::HalfOpen {
            successes,
            trial: Some(self.trials),
        };
        self.trials
    }

    /// Time after which an action that is put off for `wait` comes back: later than those that were put off before.
    fn put_off(&mut self, wait: Duration) -> Duration {
        let before = self.put_off;
        self.put_off = self.put_off.saturating_add(1);
        wait + APART.saturating_mul(before).min(LONGEST_SPREAD)
    }
}

impl Pass {
    /// Whether the call is a trial of a provider whose breaker was open.
    pub(crate) fn is_trial(&self) -> bool {
        self.trial.is_some()
    }

    /// Takes in what the call said; returns the name of the new state if it changed.
    pub(crate) fn report(mut self, sign: CallSignal, now: Duration) -> Option<&'static str> {
        self.reported = true;
        self.breaker.report(self.trial, sign, now)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if !self.reported && self.trial.is_some() {
            self.breaker
                .report(self.trial, CallSignal::Neither, Duration::ZERO);
        }
    }
}

fn state_name(state: BreakerState) -> &'static str {
    match state {
        BreakerState::Closed { .. } => "closed",
        BreakerState::Open { .. } => "open",
        BreakerState::HalfOpen { .. } => "half_open",
    }
}

/// Last change of a breaker that was told or heard: the gateway that made it, its number among that
/// gateway's changes, and whether it was made by hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LastChange {
    pub(super) change: (i64, u64),
}

#[cfg(test)]
mod tests;
