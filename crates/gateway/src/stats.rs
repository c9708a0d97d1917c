//! Per-provider statistics since the start.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use acteon_core::Timestamp;

/// Latest calls that the percentiles are taken of.
const SAMPLES: usize = 1024;

#[derive(Default)]
struct Numbers {
    successes: u64,
    failures: u64,
    total_ms: f64,
    latest: Vec<f32>,
    next: usize,
    last_request_at: Option<Timestamp>,
    last_error: Option<String>,
    last_failed: bool,
}

#[derive(Default)]
pub(crate) struct Stats {
    numbers: Mutex<Numbers>,
}

/// Statistics of a provider's calls. Latencies in milliseconds, percentiles over the latest thousand calls.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// Calls that the service took.
    pub successes: u64,
    /// Calls that failed.
    pub failures: u64,
    /// Mean latency.
    pub avg_ms: f64,
    /// Median latency.
    pub p50_ms: f64,
    /// 95th percentile.
    pub p95_ms: f64,
    /// 99th percentile.
    pub p99_ms: f64,
    /// When the last call began.
    pub last_request_at: Option<Timestamp>,
    /// What the last failed call failed with.
    pub last_error: Option<String>,
    /// Whether the last call failed.
    pub last_failed: bool,
}

impl Stats {
    pub(crate) fn add(&self, started_at: Timestamp, took: Duration, error: Option<String>) {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let millis = took.as_secs_f64() * 1000.0;
        numbers.total_ms += millis;
        numbers.last_request_at = Some(started_at);
        numbers.last_failed = error.is_some();
        match error {
            None => numbers.successes += 1,
            Some(error) => {
                numbers.failures += 1;
                numbers.last_error = Some(error);
            }
        }
        let next = numbers.next;
        if numbers.latest.len() < SAMPLES {
            numbers.latest.push(millis as f32);
        } else {
            numbers.latest[next] = millis as f32;
        }
        numbers.next = (next + 1) % SAMPLES;
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
            last_failed: numbers.last_failed,
        }
    }
}
