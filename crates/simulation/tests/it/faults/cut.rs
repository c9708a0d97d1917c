//! A gateway cut off from its store.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use acteon_core::BoxFuture;
use acteon_store::{Layer, Store, StoreCall, StoreError};

/// A gateway's way to the store, which can be cut: then every call waits for ever.
pub(super) struct Cut {
    pub(super) store: Arc<dyn Store>,
    pub(super) is_cut: Arc<AtomicBool>,
}

impl Layer for Cut {
    fn store(&self) -> &dyn Store {
        &*self.store
    }

    fn around<'a, T: Send + 'a>(
        &'a self,
        _: StoreCall,
        work: impl FnOnce(&'a dyn Store) -> BoxFuture<'a, Result<T, StoreError>> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, StoreError>> {
        if self.is_cut.load(Ordering::SeqCst) {
            Box::pin(std::future::pending())
        } else {
            work(&*self.store)
        }
    }
}
