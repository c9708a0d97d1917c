//! Command for the writer: work on the database, and the caller who is answered.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{oneshot, watch};

use super::events::Writing;
use crate::StoreError;

/// Urgency of a command: which may wait for which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    /// Renewal of the lease, which waits for nothing.
    Lease,
    /// An action that is to be accepted.
    Admission,
    /// Action of a caller's batch that is to be accepted.
    Bulk,
    /// Something that a caller or the gateway waits for.
    Waited,
    /// Work that no caller waits for.
    Background,
}

/// Command for the writer.
pub(super) trait Command: Send {
    fn urgency(&self) -> Urgency;
    /// Does the work within a transaction that may be rolled back; then it is done again.
    fn apply(&mut self, connection: &Writing<'_>) -> Result<(), StoreError>;
    /// Counts the rows that it opened or closed, and then tells the effect, once it is committed.
    fn committed(self: Box<Self>, open: &AtomicUsize);
    /// Tells that nothing was done.
    fn refused(self: Box<Self>, error: StoreError);
}

/// Work whose effect is a `T`.
pub(super) struct Task<T, W> {
    pub(super) urgency: Urgency,
    pub(super) work: W,
    /// Number by which the open rows grow.
    pub(super) opens: fn(&T) -> isize,
    pub(super) effect: Option<T>,
    pub(super) reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, W> Command for Task<T, W>
where
    T: Send,
    W: FnMut(&Writing<'_>) -> Result<T, StoreError> + Send,
{
    fn urgency(&self) -> Urgency {
        self.urgency
    }

    fn apply(&mut self, connection: &Writing<'_>) -> Result<(), StoreError> {
        self.effect = Some((self.work)(connection)?);
        Ok(())
    }

    fn committed(self: Box<Self>, open: &AtomicUsize) {
        let Some(effect) = self.effect else { return };
        let opened = (self.opens)(&effect);
        if opened >= 0 {
            open.fetch_add(opened.unsigned_abs(), Ordering::Relaxed);
        } else {
            open.fetch_sub(opened.unsigned_abs(), Ordering::Relaxed);
        }
        // Whoever asked may have gone; what was asked for is done.
        drop(self.reply.send(Ok(effect)));
    }

    fn refused(self: Box<Self>, error: StoreError) {
        drop(self.reply.send(Err(error)));
    }
}

/// Work that changes documents: what is committed is known of, whether or not whoever asked for it is still there.
pub(super) struct Revising<T, W> {
    pub(super) task: Task<(T, i64), W>,
    /// The revision of the documents that is committed.
    pub(super) revision: watch::Sender<i64>,
}

impl<T, W> Command for Revising<T, W>
where
    T: Send,
    W: FnMut(&Writing<'_>) -> Result<(T, i64), StoreError> + Send,
{
    fn urgency(&self) -> Urgency {
        self.task.urgency
    }

    fn apply(&mut self, connection: &Writing<'_>) -> Result<(), StoreError> {
        self.task.apply(connection)
    }

    fn committed(self: Box<Self>, open: &AtomicUsize) {
        let Self { task, revision } = *self;
        if let Some((_, committed)) = task.effect {
            revision.send_if_modified(|known| {
                std::mem::replace(known, committed.max(*known)) < committed
            });
        }
        Box::new(task).committed(open);
    }

    fn refused(self: Box<Self>, error: StoreError) {
        Box::new(self.task).refused(error);
    }
}
