//! Calls that passed a lane of late, counted in short spans: what the lane's pace is learned from.

use std::collections::VecDeque;
use std::time::Duration;

/// Length of the spans that calls are counted in, in milliseconds.
const SPAN: u128 = 20;
/// Longest time over which a rate is asked for.
pub(super) const HORIZON: Duration = Duration::from_secs(64);

/// Calls that passed, by span. It keeps twice the horizon, since a rate is asked for up to a
/// refusal that lies back.
#[derive(Debug, Default)]
pub(super) struct Passed {
    spans: VecDeque<(u128, u32)>,
}

impl Passed {
    /// Counts a call that passed at `now`.
    pub(super) fn count(&mut self, now: Duration) {
        let span = now.as_millis() / SPAN;
        match self.spans.back_mut() {
            Some((last, count)) if *last == span => *count += 1,
            _ => self.spans.push_back((span, 1)),
        }
        let oldest = now.saturating_sub(HORIZON * 2).as_millis() / SPAN;
        while self.spans.front().is_some_and(|(first, _)| *first < oldest) {
            self.spans.pop_front();
        }
    }

    /// Calls a second that passed in the time `horizon` before `until`.
    pub(super) fn rate(&self, until: Duration, horizon: Duration) -> f64 {
        let last = until.as_millis() / SPAN;
        let from = until.saturating_sub(horizon).as_millis() / SPAN;
        let within = |span: u128| (from < span || from == 0) && span <= last;
        let passed: u32 = self
            .spans
            .iter()
            .filter(|(span, _)| within(*span))
            .map(|(_, count)| count)
            .sum();
        f64::from(passed) / horizon.as_secs_f64()
    }
}
