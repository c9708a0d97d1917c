//! A caller's side of a dispatch, and what is known of the action that is waited for.

use std::sync::{Arc, OnceLock};

use acteon_core::Timestamp;
use tokio::sync::oneshot;

use crate::admit::answer::DispatchError;
use crate::admit::waiters::WaiterId;
use crate::registry::Entry;
use crate::shared::Inner;

/// An action whose outcome is waited for.
pub(crate) struct Accepted {
    pub(crate) waiter: WaiterId,
    /// The provider, and until when it is worth sending, where this process works on it; else the store knows how it stands.
    pub(crate) worked_on: Option<(Arc<Entry>, Timestamp)>,
}

impl Accepted {
    /// Whether nobody here works on it, also because it waits in the store for its next attempt.
    pub(crate) fn is_left(&self, inner: &Inner) -> bool {
        self.worked_on.is_none() || inner.waiters.so_far(self.waiter.seq).due_at.is_some()
    }
}

/// A caller's side of a dispatch. One who leaves is forgotten at once.
pub(crate) struct Asking<'a> {
    pub(crate) inner: &'a Arc<Inner>,
    pub(crate) accepted: Arc<OnceLock<Accepted>>,
    pub(crate) told: Option<oneshot::Receiver<Result<Arc<str>, DispatchError>>>,
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        // In this order: who registers the caller after this look finds that the caller is gone.
        let Some(told) = self.told.take() else { return };
        drop(told);
        if let Some(accepted) = self.accepted.get() {
            self.inner.waiters.forget(accepted.waiter);
        }
    }
}
