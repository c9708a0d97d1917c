//! What the engine says of itself.

use acteon_core::BoxFuture;

use super::store::MemoryStore;
use crate::store::{Engine, NewsOf};

impl Engine for MemoryStore {
    fn news(&self) -> BoxFuture<'_, NewsOf> {
        Box::pin(std::future::pending())
    }

    fn is_busy(&self) -> bool {
        false
    }

    fn open_count(&self) -> usize {
        self.lock().open().count()
    }
}
