//! The store in memory: its tables behind one lock.

use std::sync::{Mutex, MutexGuard, PoisonError};

use acteon_core::BoxFuture;

use super::revision::Revision;
use super::tables::Tables;
use crate::StoreError;

/// A store in memory.
#[derive(Default)]
pub struct MemoryStore {
    pub(super) tables: Mutex<Tables>,
    pub(super) revision: Revision,
}

impl MemoryStore {
    pub(super) fn lock(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn ready<T: Send + 'static>(
    result: Result<T, StoreError>,
) -> BoxFuture<'static, Result<T, StoreError>> {
    Box::pin(std::future::ready(result))
}
