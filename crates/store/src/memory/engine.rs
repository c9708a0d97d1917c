//! State of the engine: wake-ups, its end, its load.

use acteon_core::BoxFuture;

use super::store::MemoryStore;
use crate::store::{Engine, Wakeup};

impl Engine for MemoryStore {
    fn wakeups(&self) -> BoxFuture<'_, Wakeup> {
        Box::pin(std::future::pending())
    }

    fn events_written(&self) -> BoxFuture<'_, ()> {
        let written = self.lock().events_written();
        Box::pin(async move { written.notified().await })
    }

    fn is_busy(&self) -> bool {
        false
    }

    fn open_count(&self) -> usize {
        self.lock().open().count()
    }
}
