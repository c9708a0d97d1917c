//! Statistics of each provider since the start.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use acteon_core::{ProviderError, Timestamp};

use crate::deliver::to_repair::{shows_that_it_works, tells_of_provider};

/// Number of the latest calls that the percentiles are taken of.
const SAMPLES: usize = 1024;
/// Failures in a row, of whatever kind, from which on they are no matter of single actions any
/// more.
const IN_A_ROW: u32 = 5;

#[derive(Default)]
struct Numbers {
    successes: u64,
    failures: u64,
    total_ms: f64,
    latest: Vec<f32>,
    next: usize,
    last_request_at: Option<Timestamp>,
    last_error: Option<String>,
    trouble: Option<String>,
    /// Number of calls that failed since the last one that the service took.
    failed_in_a_row: u32,
}

#[derive(Default)]
pub(crate) struct Stats {
    numbers: Mutex<Numbers>,
}

/// Statistics of a provider's calls. Latencies in milliseconds, percentiles over the latest
/// thousand calls.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// Number of calls that the service took.
    pub successes: u64,
    /// Number of calls that failed.
    pub failures: u64,
    /// Mean latency, in milliseconds.
    pub avg_ms: f64,
    /// Median latency, in milliseconds.
    pub p50_ms: f64,
    /// 95th percentile of the latencies, in milliseconds.
    pub p95_ms: f64,
    /// 99th percentile of the latencies, in milliseconds.
    pub p99_ms: f64,
    /// Instant at which the last call began.
    pub last_request_at: Option<Timestamp>,
    /// Error of the last call that failed.
    pub last_error: Option<String>,
    /// Trouble that keeps the provider from sending, as the last call says that told of it: not
    /// what is wrong with one action, unless five calls in a row failed.
    pub trouble: Option<String>,
}

impl Stats {
    /// Counts a call. What it failed with tells of the provider only where that `is_in_force`.
    pub(crate) fn add(
        &self,
        started_at: Timestamp,
        took: Duration,
        error: Option<&ProviderError>,
        is_in_force: impl FnOnce() -> bool,
    ) {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let millis = took.as_secs_f64() * 1000.0;
        numbers.total_ms += millis;
        numbers.last_request_at = Some(started_at);
        match error {
            None => numbers.successes += 1,
            Some(error) => {
                numbers.failures += 1;
                numbers.last_error = Some(error.to_string());
            }
        }
        // Looked at under the lock: whoever replaces the provider forgets its trouble after.
        let is_in_force = is_in_force();
        if is_in_force {
            numbers.failed_in_a_row = if error.is_none() {
                0
            } else {
                numbers.failed_in_a_row.saturating_add(1)
            };
        }
        let is_usual = numbers.failed_in_a_row >= IN_A_ROW;
        match error.filter(|error| is_usual || tells_of_provider(error)) {
            _ if !is_in_force => {}
            Some(error) => numbers.trouble = Some(error.to_string()),
            None if shows_that_it_works(error) => numbers.trouble = None,
            None => {}
        }
        let next = numbers.next;
        if numbers.latest.len() < SAMPLES {
            numbers.latest.push(millis as f32);
        } else {
            numbers.latest[next] = millis as f32;
        }
        numbers.next = (next + 1) % SAMPLES;
    }

    /// Forgets the provider's trouble: it was of settings that are not in force any more.
    pub(crate) fn forget_trouble(&self) {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        (numbers.trouble, numbers.failed_in_a_row) = (None, 0);
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sorted = numbers.latest.clone();
        sorted.sort_unstable_by(f32::total_cmp);
        let percentile = |share: f64| {
            let rank = (share * sorted.len() as f64).ceil() as usize;
            sorted
                .get(rank.saturating_sub(1))
                .copied()
                .map_or(0.0, f64::from)
        };
        let calls = numbers.successes + numbers.failures;
        Snapshot {
            successes: numbers.successes,
            failures: numbers.failures,
            avg_ms: if calls == 0 {
                0.0
            } else {
                numbers.total_ms / calls as f64
            },
            p50_ms: percentile(0.50),
            p95_ms: percentile(0.95),
            p99_ms: percentile(0.99),
            last_request_at: numbers.last_request_at,
            last_error: numbers.last_error.clone(),
            trouble: numbers.trouble.clone(),
        }
    }
}
