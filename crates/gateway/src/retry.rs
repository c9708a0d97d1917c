//! When to try again.

use std::time::Duration;

use acteon_core::Entropy;

/// How often and when sends are repeated. Data; the loop is in `deliver.rs`.
#[derive(Clone, Debug)]
pub struct RetryPolicy {
    /// Quick retries within a dispatch, beside the first attempt, only where the request surely did not arrive.
    pub max_quick: u32,
    /// The first quick retry comes within this time; the span doubles with each.
    pub quick_base: Duration,
    /// Longest span of a quick retry.
    pub quick_cap: Duration,
    /// Whether an action goes on in the store when its quick retries are used up.
    pub durable: bool,
    /// Pauses before each durable retry; the last repeats until the action is given up.
    pub delays: Vec<Duration>,
    /// An action older than this is not sent any more.
    pub max_age: Duration,
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
        }
    }
}

impl RetryPolicy {
    /// The pause before the quick retry that follows `done` retries: full jitter, so that those who failed together do not return together.
    pub(crate) fn quick_pause(&self, done: u32, entropy: &dyn Entropy) -> Duration {
        let span = self.quick_base.saturating_mul(1 << done.min(16)).min(self.quick_cap);
        span.mul_f64(entropy.fraction())
    }

    /// The pause before the durable retry that follows `done` of them, a tenth more or less.
    pub(crate) fn durable_pause(&self, done: u32, entropy: &dyn Entropy) -> Duration {
        self.delay(done).mul_f64(0.9 + 0.2 * entropy.fraction())
    }

    /// The most that [`Self::durable_pause`] gives.
    pub(crate) fn longest_pause(&self, done: u32) -> Duration {
        self.delay(done).mul_f64(1.1)
    }

    fn delay(&self, done: u32) -> Duration {
        let index = (done as usize).min(self.delays.len().saturating_sub(1));
        self.delays.get(index).copied().unwrap_or(Duration::from_mins(10))
    }
}
