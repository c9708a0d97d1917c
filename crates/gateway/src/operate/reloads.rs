//! Readings of something that may change while the gateway runs - rules, API keys, policies - and how they went.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use acteon_core::Timestamp;
use arc_swap::ArcSwapOption;

/// How the readings of one thing went. Where one fails, what was read before stays in force.
#[derive(Debug, Default)]
pub struct Reloads {
    trouble: ArcSwapOption<String>,
    succeeded: AtomicU64,
    failed: AtomicU64,
    last_success: AtomicI64,
}

/// What a reading changed about the trouble, for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TroubleTurn {
    /// There was none, or the same as before.
    None,
    /// There is one where there was none.
    Began,
    /// There is another one than before.
    Changed,
    /// It is over.
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

    /// What was wrong at the last reading.
    pub fn trouble(&self) -> Option<Arc<String>> {
        self.trouble.load_full()
    }

    /// Readings that went well.
    pub fn succeeded(&self) -> u64 {
        self.succeeded.load(Ordering::Relaxed)
    }

    /// Readings that failed.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// When the last one went well.
    pub fn last_success(&self) -> Timestamp {
        Timestamp::from_millis(self.last_success.load(Ordering::Relaxed))
    }
}
