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
    pub(super) fn write_opening<T, W>(
        &self,
        urgency: Urgency,
        opens: fn(&T) -> isize,
        work: W,
    ) -> Later<'_, T>
    where
        T: Send + 'static,
        W: FnMut(&Connection) -> Result<T> + Send + 'static,
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

    /// Claims due rows one by one, past what cannot be read: an error ends a transaction, and with it what would come after.
    pub(super) async fn claim_readable(
        &self,
        owner: OwnerId,
        now: Timestamp,
        rooms: Vec<Room>,
    ) -> Result<Vec<Claimed>> {
        let disk = Arc::clone(&self.disk);
        let found = self
            .readers
            .own(move |connection| claims::find_readable(connection, &disk, &rooms, now))
            .await?;
        let claims = found.into_iter().map(|(place, row)| {
            self.write(Urgency::Background, move |connection| {
                claims::claim_found(connection, owner, place, &[row])
            })
        });
        let (mut claimed, mut failed) = (Vec::new(), None);
        // All are queued before the first is waited for, and each is: what was claimed is this process's to work on.
        for claim in claims.collect::<Vec<_>>() {
            match claim.await {
                Ok(rows) => claimed.extend(rows),
                Err(StoreError::Damaged(_)) => {}
                Err(error) => drop(failed.get_or_insert(error)),
            }
        }
        failed
            .filter(|_| claimed.is_empty())
            .map_or(Ok(claimed), Err)
    }

    /// Queues a change of documents. The revision rises with the commit, also when nobody waits for it any more.
    pub(super) fn write_document<T, W>(&self, mut work: W) -> Later<'_, T>
    where
        T: Send + 'static,
        W: FnMut(&Connection) -> Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let work = move |connection: &Connection| {
            Ok((work(connection)?, documents::revision(connection)?))
        };
        let task = Task {
            urgency: Urgency::Waited,
            work,
            opens: |_| 0,
            effect: None,
            reply,
        };
        let sent = self.writer.send(Box::new(Revising {
            task,
            revision: self.revision.clone(),
        }));
        Box::pin(async move {
            sent?;
            let answer = answer.await.unwrap_or_else(|_| {
                Err(StoreError::Unknown("the store was closed meanwhile".into()))
            });
            answer.map(|(result, _)| result)
        })
    }
}

#[cfg(test)]
mod tests {
    use acteon_core::ProviderName;

    use super::super::SqliteOptions;
    use super::*;
    use crate::store::Store as _;

    #[tokio::test]
    async fn a_claim_that_fails_takes_none_of_the_others_along() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = SqliteOptions {
            path: folder.path().join("a.db"),
            ..SqliteOptions::default()
        };
        let store = SqliteStore::open(&options).expect("a store");
        let owner = store.register().await.expect("an owner");
        let connection = Connection::open(&options.path).expect("a connection");
        let refuse = |rows: &str| {
            let trigger = "CREATE TRIGGER refuse BEFORE UPDATE ON jobs WHEN OLD.seq";
            format!(
                "DROP TRIGGER IF EXISTS refuse; {trigger} {rows} BEGIN SELECT RAISE(ABORT, 'simulated'); END"
            )
        };
        let jobs = "INSERT INTO jobs (seq, owner, provider, due_at, give_up_at) VALUES (1, 0, 'p', 1, 9), (2, 0, 'p', 2, 9), (3, 0, 'p', 3, 9)";
        connection.execute_batch(jobs).expect("rows");
        let claim = || {
            let room = Room::of(vec![ProviderName::parse("p").expect("a name")], 10);
            store.claim_readable(owner, Timestamp::from_millis(5), vec![room])
        };
        connection.execute_batch(&refuse("> 0")).expect("a trigger");
        assert!(
            claim().await.is_err(),
            "nothing was claimed, and why is told"
        );
        connection.execute_batch(&refuse("= 1")).expect("a trigger");
        let claimed = claim().await.expect("claimed");
        assert_eq!(
            claimed
                .iter()
                .map(|claimed| claimed.hold.seq.0)
                .collect::<Vec<_>>(),
            [2, 3]
        );
    }
}
