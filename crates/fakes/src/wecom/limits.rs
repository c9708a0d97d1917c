//! Limits over sliding windows (page 90312 of the documentation).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// Limit of calls in a sliding window. Calls beyond it are answered with 45009.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// Most calls in a window.
    pub calls: usize,
    /// Length of the window, in milliseconds.
    pub window_ms: u64,
    /// Time for which all calls are refused after one too many, in milliseconds.
    #[serde(default)]
    pub penalty_ms: u64,
}

/// Calls that passed within the window.
#[derive(Debug, Default)]
pub(super) struct Window {
    passed: VecDeque<Instant>,
    blocked_until: Option<Instant>,
}

impl Window {
    /// Counts a call if it is within the limit; else `false`.
    pub(super) fn pass(&mut self, limit: RateLimit, now: Instant) -> bool {
        if self.blocked_until.is_some_and(|until| now < until) {
            return false;
        }
        let window = Duration::from_millis(limit.window_ms);
        while self
            .passed
            .front()
            .is_some_and(|passed| now.duration_since(*passed) >= window)
        {
            self.passed.pop_front();
        }
        if self.passed.len() >= limit.calls {
            self.blocked_until =
                (limit.penalty_ms > 0).then(|| now + Duration::from_millis(limit.penalty_ms));
            return false;
        }
        self.passed.push_back(now);
        true
    }
}

/// Messages that one member got from one app, 30 a minute and 1000 an hour at most (page 90236).
#[derive(Debug, Default)]
pub(super) struct MemberWindow {
    delivered: VecDeque<Instant>,
}

impl MemberWindow {
    /// Counts a message if it is within the limit; else `false`.
    pub(super) fn deliver(&mut self, now: Instant) -> bool {
        while self
            .delivered
            .front()
            .is_some_and(|at| now.duration_since(*at) >= Duration::from_hours(1))
        {
            self.delivered.pop_front();
        }
        let within_minute = self
            .delivered
            .iter()
            .rev()
            .take_while(|at| now.duration_since(**at) < Duration::from_mins(1))
            .count();
        if within_minute >= 30 || self.delivered.len() >= 1000 {
            return false;
        }
        self.delivered.push_back(now);
        true
    }
}
