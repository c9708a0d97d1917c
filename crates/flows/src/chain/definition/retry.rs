//! Retries of a step.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::node::Node;
use super::problem::Problems;
use crate::chain::limits::{MAX_BACKOFF, MAX_RETRIES};

const STRATEGIES: &[(&str, Strategy)] = &[
    ("fixed", Strategy::Fixed),
    ("linear", Strategy::Linear),
    ("exponential", Strategy::Exponential),
];

/// Retries of a step that sends, beside those that the gateway makes of each attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// Number of retries, after the first attempt.
    pub max_retries: u32,
    /// Milliseconds before the first retry.
    pub backoff_ms: u64,
    /// How the pause grows.
    #[serde(default)]
    pub strategy: Strategy,
    /// Milliseconds that are added at most, so that many executions do not try again at one instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter_ms: Option<u64>,
}

/// How the pause before a retry grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// It stays the same.
    #[default]
    Fixed,
    /// It grows by itself each time.
    Linear,
    /// It doubles each time.
    Exponential,
}

impl Retry {
    pub(super) fn read(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        let keys = ["max_retries", "backoff_ms", "strategy", "jitter_ms"];
        let object = node.object(&keys, problems)?;
        let longest = 0..=MAX_BACKOFF.as_millis() as u64;
        let mut whole = |key: &str, range: &std::ops::RangeInclusive<u64>| {
            object.get(key).and_then(|node| node.whole(range, problems))
        };
        let most = whole("max_retries", &(0..=u64::from(MAX_RETRIES)));
        let backoff = whole("backoff_ms", &longest);
        let jitter = whole("jitter_ms", &longest);
        let strategy = object
            .get("strategy")
            .and_then(|node| node.word(STRATEGIES, problems));
        if object.get("max_retries").is_none() {
            object.need("max_retries", "the number of retries", problems);
        }
        Some(Self {
            max_retries: u32::try_from(most?).ok()?,
            backoff_ms: backoff.unwrap_or(0),
            strategy: strategy.unwrap_or(Strategy::Fixed),
            jitter_ms: jitter,
        })
    }

    /// Pause before the attempt after this one, the first of which is 1. `seed` spreads the jitter, and gives the same each time.
    pub(crate) fn pause(&self, attempt: u32, seed: u64) -> Duration {
        let factor = match self.strategy {
            Strategy::Fixed => 1,
            Strategy::Linear => u64::from(attempt),
            Strategy::Exponential => 1 << attempt.saturating_sub(1).min(32),
        };
        let jitter = self.jitter_ms.map_or(0, |most| seed % (most + 1));
        let pause = self
            .backoff_ms
            .saturating_mul(factor)
            .saturating_add(jitter);
        Duration::from_millis(pause).min(MAX_BACKOFF)
    }
}
