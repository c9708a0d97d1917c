//! Whether a batch is written in the hope that it fits.

use std::sync::atomic::{AtomicU32, Ordering};

/// Batches that are judged one by one after one that did not fit: the quota is used up, and so it will be for a while.
const PAUSE: u32 = 16;

/// Number of batches still to be judged before one is written in the hope that it fits.
#[derive(Default)]
pub(in crate::postgres) struct Optimism(AtomicU32);

impl Optimism {
    pub(super) fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }

    pub(super) fn pause(&self) {
        self.0.store(PAUSE, Ordering::Relaxed);
    }

    /// Counts a batch that was judged.
    pub(super) fn count(&self) {
        let left = self.0.load(Ordering::Relaxed);
        // Two that count at once count as one: nothing depends on it.
        self.0.store(left.saturating_sub(1), Ordering::Relaxed);
    }
}
