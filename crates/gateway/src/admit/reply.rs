//! A caller's side of a reply, and the action that the caller waits for.

use std::sync::{Arc, OnceLock};

use acteon_core::Timestamp;
use tokio::sync::oneshot;

use crate::admit::answer::DispatchError;
use crate::admit::waiters::WaiterId;
use crate::registry::Entry;
use crate::shared::Inner;

/// An action whose outcome is waited for.
pub(crate) struct AwaitedAction {
    pub(crate) waiter: WaiterId,
    /// The provider, and until when it is worth sending, where this process works on the action. Else the store knows its status.
    pub(crate) worked_on: Option<(Arc<Entry>, Timestamp)>,
}

impl AwaitedAction {
    /// Whether nobody here works on it, also because it waits in the store for its next attempt.
    pub(crate) fn is_left(&self, inner: &Inner) -> bool {
        self.worked_on.is_none() || inner.waiters.so_far(self.waiter.seq).due_at.is_some()
    }
}

/// A caller's side of a reply. Dropped, it unregisters the caller at once.
pub(crate) struct AwaitedReply<'a> {
    pub(crate) inner: &'a Arc<Inner>,
    pub(crate) action: Arc<OnceLock<AwaitedAction>>,
    pub(crate) receiver: Option<oneshot::Receiver<Result<Arc<str>, DispatchError>>>,
}

impl Drop for AwaitedReply<'_> {
    fn drop(&mut self) {
        // In this order: who registers the caller after this look finds that the caller is gone.
        let Some(receiver) = self.receiver.take() else {
            return;
        };
        drop(receiver);
        if let Some(action) = self.action.get() {
            self.inner.waiters.forget(action.waiter);
        }
    }
}
