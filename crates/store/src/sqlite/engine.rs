//! State of the engine: its end, its disk, damage, its load.

use std::sync::atomic::Ordering;
use std::time::Duration;

use acteon_core::BoxFuture;

use super::store::SqliteStore;
use crate::StoreError;
use crate::store::{Damage, Engine, Wakeup};

impl Engine for SqliteStore {
    fn wakeups(&self) -> BoxFuture<'_, Wakeup> {
        // No other process has this file open.
        Box::pin(std::future::pending())
    }

    fn events_written(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.written.notified())
    }

    fn ended(&self) -> BoxFuture<'_, StoreError> {
        crate::error::until_ended(&self.ended)
    }

    fn stalled(&self) -> Duration {
        self.disk.stalled()
    }

    fn damage(&self) -> Option<Damage> {
        self.disk.damage()
    }

    fn is_busy(&self) -> bool {
        self.writer.is_busy()
    }

    fn is_shared(&self) -> bool {
        false
    }

    fn open_count(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }
}
