//! What the calls of the store hand to the writer.

use std::sync::Arc;

use acteon_core::Timestamp;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::command::{Revising, Task, Urgency};
use super::{Result, SqliteStore, claims, documents};
use crate::StoreError;
use crate::model::{Claimed, OwnerId, Room};
use crate::store::Later;

impl SqliteStore {
    pub(super) fn write<T, W>(&self, urgency: Urgency, work: W) -> Later<'_, T>
    where
        T: Send + 'static,
        W: FnMut(&Connection) -> Result<T> + Send + 'static,
    {
        self.write_opening(urgency, |_| 0, work)
    }

    /// Queues work for the writer. `opens` says by how many the open rows grow.
    pub(super) fn write_opening<T, W>(&self, urgency: Urgency, opens: fn(&T) -> isize, work: W) -> Later<'_, T>
    where
        T: Send + 'static,
        W: FnMut(&Connection) -> Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let sent = self.writer.send(Box::new(Task { urgency, work, opens, effect: None, reply }));
        Box::pin(async move {
            sent?;
            // A writer that ended in the middle cannot say what came of it.
            answer.await.unwrap_or_else(|_| Err(StoreError::Unknown("the store was closed meanwhile".into())))
        })
    }

    /// Claims due rows one by one, past what cannot be read: an error ends a transaction, and with it what would come after.
    pub(super) async fn claim_readable(&self, owner: OwnerId, now: Timestamp, rooms: Vec<Room>) -> Result<Vec<Claimed>> {
        let disk = Arc::clone(&self.disk);
        let found = self.readers.callers(move |connection| claims::find_readable(connection, &disk, &rooms, now)).await?;
        let claims = found
            .into_iter()
            .map(|(place, row)| self.write(Urgency::Background, move |connection| claims::claim_found(connection, owner, place, &[row])));
        let mut claimed = Vec::new();
        // All are queued before the first is waited for.
        for claim in claims.collect::<Vec<_>>() {
            match claim.await {
                Ok(rows) => claimed.extend(rows),
                Err(StoreError::Damaged(_)) => {}
                Err(error) if claimed.is_empty() => return Err(error),
                // What was claimed is this process's to work on.
                Err(_) => {}
            }
        }
        Ok(claimed)
    }

    /// Queues a change of documents. The revision rises with the commit, also when nobody waits for it any more.
    pub(super) fn write_document<T, W>(&self, mut work: W) -> Later<'_, T>
    where
        T: Send + 'static,
        W: FnMut(&Connection) -> Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let work = move |connection: &Connection| Ok((work(connection)?, documents::revision(connection)?));
        let task = Task { urgency: Urgency::Waited, work, opens: |_| 0, effect: None, reply };
        let sent = self.writer.send(Box::new(Revising { task, revision: self.revision.clone() }));
        Box::pin(async move {
            sent?;
            let answer = answer.await.unwrap_or_else(|_| Err(StoreError::Unknown("the store was closed meanwhile".into())));
            answer.map(|(result, _)| result)
        })
    }
}
