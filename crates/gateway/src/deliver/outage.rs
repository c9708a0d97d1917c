//! Outages: a provider that answered nothing for a while, and then does. What waits for a further attempt then need not wait any longer, or the
//! newest, whose pauses are short, would come long before the oldest.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Calls in a row that fail from which on it is an outage, and the time from the first to the last.
/// A single action that fails while others pass is none.
const CALLS: u64 = 3;
const LASTS: Duration = Duration::from_secs(5);

/// Latest calls of a provider, as far as they may be an outage.
#[derive(Default)]
pub(crate) struct Outage {
    failed: AtomicU64,
    /// Instant at which the first of them failed, in milliseconds of the monotonic clock.
    since: AtomicU64,
}

impl Outage {
    /// Counts a call that was not answered.
    pub(crate) fn failed(&self, now: Duration) {
        if self.failed.fetch_add(1, Ordering::Relaxed) == 0 {
            self.since.store(now.as_millis() as u64, Ordering::Relaxed);
        }
    }

    /// Counts a call that was answered; says whether that is the end of an outage.
    pub(crate) fn is_over(&self, now: Duration) -> bool {
        // The usual case costs a look.
        if self.failed.load(Ordering::Relaxed) == 0 {
            return false;
        }
        let failed = self.failed.swap(0, Ordering::Relaxed);
        let since = Duration::from_millis(self.since.load(Ordering::Relaxed));
        failed >= CALLS && now.saturating_sub(since) >= LASTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_failures_in_a_row_over_some_time_are_an_outage() {
        let (outage, at) = (Outage::default(), Duration::from_secs);
        assert!(!outage.is_over(at(1)));
        for second in [1, 2, 9] {
            outage.failed(at(second));
        }
        assert!(outage.is_over(at(9)) && !outage.is_over(at(10)), "once");
        outage.failed(at(20));
        outage.failed(at(90));
        assert!(!outage.is_over(at(100)), "two are no outage");
        (0..50).for_each(|_| outage.failed(at(110)));
        assert!(!outage.is_over(at(111)), "nor is a second");
    }
}
