//! State of the engine: wake-ups, its end, its load.

use std::sync::atomic::Ordering;

use acteon_core::BoxFuture;

use super::store::PostgresStore;
use crate::StoreError;
use crate::store::{Engine, Wakeup};

impl Engine for PostgresStore {
    fn wakeups(&self) -> BoxFuture<'_, Wakeup> {
        Box::pin(self.wakeups.next())
    }

    fn events_written(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.told.notified())
    }

    fn ended(&self) -> BoxFuture<'_, StoreError> {
        crate::error::until_ended(&self.ended)
    }

    fn is_busy(&self) -> bool {
        self.admissions.is_busy() || self.gated.is_busy()
    }

    fn open_count(&self) -> usize {
        usize::try_from(self.open.load(Ordering::Relaxed)).unwrap_or(0)
    }
}
