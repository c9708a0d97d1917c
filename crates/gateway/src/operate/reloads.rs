//! Reloads of something that may change while the gateway runs - rules, API keys, policies - and
//! how they went.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use acteon_core::Timestamp;
use arc_swap::ArcSwapOption;

/// Reloads of one thing, counted. Where one fails, what was read before stays in force.
#[derive(Debug, Default)]
pub struct Reloads {
    trouble: ArcSwapOption<String>,
    succeeded: AtomicU64,
    failed: AtomicU64,
    last_success: AtomicI64,
}

/// Change of the trouble by a reading, for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TroubleTurn {
    /// There was no trouble, or the same as before.
    None,
    /// There is trouble where there was none.
    Began,
    /// There is other trouble than before.
    Changed,
    /// The trouble is over.
    Ended,
}

impl Reloads {
    /// Counts a reading that ended at `at`, well or with this trouble.
    pub fn count(&self, trouble: Option<String>, at: Timestamp) -> TroubleTurn {
        if trouble.is_some() {
            self.failed.fetch_add(1, Ordering::Relaxed);
        } else {
            self.succeeded.fetch_add(1, Ordering::Relaxed);
            self.last_success.store(at.as_millis(), Ordering::Relaxed);
        }
        let now = trouble.map(Arc::new);
        match (self.trouble.swap(now.clone()), now) {
            (None, Some(_)) => TroubleTurn::Began,
            (Some(before), Some(now)) if before != now => TroubleTurn::Changed,
            (Some(_), None) => TroubleTurn::Ended,
            (None, None) | (Some(_), Some(_)) => TroubleTurn::None,
        }
    }

    /// Trouble of the last reading; `None` where it went well.
    pub fn trouble(&self) -> Option<Arc<String>> {
        self.trouble.load_full()
    }

    /// Number of readings that went well.
    pub fn succeeded(&self) -> u64 {
        self.succeeded.load(Ordering::Relaxed)
    }

    /// Number of readings that failed.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Instant of the last reading that went well.
    pub fn last_success(&self) -> Timestamp {
        Timestamp::from_millis(self.last_success.load(Ordering::Relaxed))
    }
}
