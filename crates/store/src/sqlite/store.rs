//! The embedded store, and what its calls hand to the writer.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use acteon_core::BoxFuture;
use tokio::sync::{Notify, oneshot, watch};

use super::checkpoint::Checkpointer;
use super::command::{Task, Urgency};
use super::disk::Disk;
use super::events::Writing;
use super::readers::Readers;
use super::writer::Writer;
use super::{Result, thread};
use crate::StoreError;
use crate::queue_bytes::QueueBytes;

/// Store in a SQLite database that this process alone has open.
pub struct SqliteStore {
    pub(super) writer: Writer,
    pub(super) readers: Readers,
    pub(super) queue_bytes: QueueBytes,
    pub(super) open: Arc<AtomicUsize>,
    /// Notified of each commit.
    pub(super) written: Arc<Notify>,
    /// Revision of the documents.
    pub(super) revision: watch::Sender<i64>,
    pub(super) disk: Arc<Disk>,
    pub(super) ended: thread::Ended,
    pub(super) _checkpointer: Checkpointer,
    pub(super) _lock: std::fs::File,
}

impl SqliteStore {
    pub(super) fn write<T, W>(&self, urgency: Urgency, work: W) -> BoxFuture<'_, Result<T>>
    where
        T: Send + 'static,
        W: FnMut(&Writing<'_>) -> Result<T> + Send + 'static,
    {
        self.write_opening(urgency, |_| 0, work)
    }

    /// Queues work for the writer. `opens` says by how many the open rows grow.
    pub(super) fn write_opening<T, W>(
        &self,
        urgency: Urgency,
        opens: fn(&T) -> isize,
        work: W,
    ) -> BoxFuture<'_, Result<T>>
    where
        T: Send + 'static,
        W: FnMut(&Writing<'_>) -> Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let sent = self.writer.send(Box::new(Task {
            urgency,
            work,
            opens,
            effect: None,
            reply,
        }));
        Box::pin(async move {
            sent?;
            // A writer that ended in the middle cannot say what came of it.
            answer.await.unwrap_or_else(|_| {
                Err(StoreError::Unknown("the store was closed meanwhile".into()))
            })
        })
    }
}
