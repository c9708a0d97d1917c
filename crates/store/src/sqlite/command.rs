//! What waits for the writer: some work on the database, and whoever is to be told what came of it.

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::StoreError;

/// What may wait for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    /// An action that is to be accepted.
    Admission,
    /// Something that a caller or the gateway waits for.
    Waited,
    /// Something that nobody waits for.
    Background,
}

/// Some work of the writer.
pub(super) trait Command: Send {
    fn urgency(&self) -> Urgency;
    /// Does the work within a transaction that may be rolled back; then it is done again.
    fn apply(&mut self, connection: &Connection) -> Result<(), StoreError>;
    /// Tells the effect, once it is committed; says by how many the open rows grew.
    fn committed(self: Box<Self>) -> isize;
    /// Tells that nothing was done.
    fn refused(self: Box<Self>, error: StoreError);
}

/// Work whose effect is a `T`.
pub(super) struct Task<T, W> {
    pub(super) urgency: Urgency,
    pub(super) work: W,
    /// By how many the open rows grow.
    pub(super) opens: fn(&T) -> isize,
    pub(super) effect: Option<T>,
    pub(super) reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, W> Command for Task<T, W>
where
    T: Send,
    W: FnMut(&Connection) -> Result<T, StoreError> + Send,
{
    fn urgency(&self) -> Urgency {
        self.urgency
    }

    fn apply(&mut self, connection: &Connection) -> Result<(), StoreError> {
        self.effect = Some((self.work)(connection)?);
        Ok(())
    }

    fn committed(self: Box<Self>) -> isize {
        let Some(effect) = self.effect else { return 0 };
        let opens = (self.opens)(&effect);
        // Whoever asked may have gone; what was asked for is done.
        drop(self.reply.send(Ok(effect)));
        opens
    }

    fn refused(self: Box<Self>, error: StoreError) {
        drop(self.reply.send(Err(error)));
    }
}
