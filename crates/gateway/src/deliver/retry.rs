//! Retry policy: how often a send is repeated, and when.

use std::collections::BTreeMap;
use std::time::Duration;

use acteon_core::{Entropy, ProviderName, Timestamp};

use crate::deliver::to_repair::OnRepairable;

/// Number of steps that a pause is divided into: retries come at the instants between them.
const STEPS_OF_A_PAUSE: u32 = 10;

/// Policy of how often and when sends are repeated. Data; the loop is in `quick_retry.rs`.
#[derive(Clone, Debug)]
pub struct RetryPolicy {
    /// Most quick retries within a dispatch, beside the first attempt, where the request surely did
    /// not arrive, or the service drops copies or does not mind them.
    pub max_quick: u32,
    /// Time within which the first quick retry comes; the span doubles with each.
    pub quick_base: Duration,
    /// Longest span of a quick retry.
    pub quick_cap: Duration,
    /// Whether an action goes on in the store when its quick retries are used up.
    pub durable: bool,
    /// Pauses before each durable retry; the last repeats until the action is given up.
    pub delays: Vec<Duration>,
    /// Age beyond which an action is not sent any more.
    pub max_age: Duration,
    /// What happens to actions whose provider people must repair first, and of some providers something else.
    pub on_repairable: OnRepairable,
    /// Exceptions from `on_repairable`, by provider.
    pub on_repairable_of: BTreeMap<ProviderName, OnRepairable>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_quick: 3,
            quick_base: Duration::from_millis(200),
            quick_cap: Duration::from_secs(2),
            durable: true,
            delays: [10, 30, 120, 600].map(Duration::from_secs).to_vec(),
            max_age: Duration::from_hours(6),
            on_repairable: OnRepairable::Fail,
            on_repairable_of: BTreeMap::new(),
        }
    }
}

impl RetryPolicy {
    /// What happens to actions of a provider that people must repair first.
    pub(crate) fn on_repairable(&self, provider: &ProviderName) -> OnRepairable {
        self.on_repairable_of
            .get(provider)
            .copied()
            .unwrap_or(self.on_repairable)
    }

    /// Pause before the quick retry that follows `done` retries: full jitter, so that those who
    /// failed together do not return together.
    pub(crate) fn quick_pause(&self, done: u32, entropy: &dyn Entropy) -> Duration {
        let span = self
            .quick_base
            .saturating_mul(1 << done.min(16))
            .min(self.quick_cap);
        span.mul_f64(entropy.fraction())
    }

    /// Instant of the durable retry that follows `done` of them, for a delivery that began at
    /// `began` and failed at `now`. Those that fail about the same time have one instant, and those
    /// that began earlier never a later one, so that they come back in their order.
    pub(crate) fn durable_at(&self, done: u32, began: Timestamp, now: Timestamp) -> Timestamp {
        let delay = self.delay(done);
        let earliest = (began + self.quick_span()).max(now) + delay;
        let step = (delay / STEPS_OF_A_PAUSE)
            .max(Duration::from_millis(1))
            .as_millis() as i64;
        let millis = earliest.as_millis();
        Timestamp::from_millis(millis.saturating_add((step - millis.rem_euclid(step)) % step))
    }

    /// Most time that lies between a failure and [`Self::durable_at`].
    pub(crate) fn longest_pause(&self, done: u32) -> Duration {
        self.delay(done).mul_f64(1.1) + self.quick_span()
    }

    /// Most time that the quick retries of a delivery wait.
    fn quick_span(&self) -> Duration {
        (0..self.max_quick)
            .map(|done| {
                self.quick_base
                    .saturating_mul(1 << done.min(16))
                    .min(self.quick_cap)
            })
            .sum()
    }

    fn delay(&self, done: u32) -> Duration {
        let index = (done as usize).min(self.delays.len().saturating_sub(1));
        self.delays
            .get(index)
            .copied()
            .unwrap_or(Duration::from_mins(10))
    }
}

#[cfg(test)]
mod tests;
