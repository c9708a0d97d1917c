//! Jobs: rows that wait for work, and which process has them.

use std::sync::Arc;

use acteon_core::{BoxFuture, ProviderName, Timestamp};
use rusqlite::Connection;

use super::command::Urgency;
use super::rows::text;
use super::store::SqliteStore;
use super::{Result, claims, holds, reroute};
use crate::model::{Claim, ClaimRows, Claimed, Freed, Hasten, Hold, OwnerId, Room, Seq};
use crate::rows::open_share;
use crate::shares::OpenShare;
use crate::store::Jobs;
use crate::{StoreError, rows};

impl Jobs for SqliteStore {
    fn claim(&self, claim: Claim) -> BoxFuture<'_, Result<Vec<Claimed>>> {
        let Claim { owner, now, rows } = claim;
        match rows {
            ClaimRows::Due(rooms) => Box::pin(async move {
                let wanted = rooms.clone();
                let claimed = self
                    .write(Urgency::Background, move |connection| {
                        claims::claim_due(connection, owner, now, &wanted)
                    })
                    .await;
                if matches!(claimed, Err(StoreError::Damaged(_))) {
                    self.claim_readable(owner, now, rooms).await
                } else {
                    claimed
                }
            }),
            ClaimRows::Overdue { limit } => Box::pin(async move {
                let overdue = self
                    .readers
                    .callers(move |connection| claims::find_overdue(connection, now, limit))
                    .await?;
                if overdue.is_empty() {
                    return Ok(Vec::new());
                }
                self.write(Urgency::Background, move |connection| {
                    claims::claim_found(connection, owner, 0, &overdue)
                })
                .await
            }),
        }
    }

    fn next_due(&self, providers: &[ProviderName]) -> BoxFuture<'_, Result<Option<Timestamp>>> {
        let providers = providers.to_vec();
        self.readers
            .own(move |connection| claims::next_due(connection, &providers))
    }

    fn owned(&self, owner: OwnerId, after: Seq, limit: usize) -> BoxFuture<'_, Result<Vec<Hold>>> {
        self.readers
            .own(move |connection| holds::owned(connection, owner, after, limit))
    }

    fn free(&self, holds: Vec<Hold>, now: Timestamp) -> BoxFuture<'_, Result<Freed>> {
        self.write(Urgency::Waited, move |connection| {
            holds::free(connection, &holds, now)
        })
    }

    fn hasten(&self, hasten: Hasten) -> BoxFuture<'_, Result<usize>> {
        Box::pin(async move {
            let now = hasten.now;
            let found = self
                .readers
                .callers(move |connection| reroute::find(connection, &hasten))
                .await?;
            let count = found.len();
            if count > 0 {
                self.write(Urgency::Background, move |connection| {
                    reroute::hasten(connection, &found, now)
                })
                .await?;
            }
            Ok(count)
        })
    }

    fn open_shares(&self, due: Timestamp) -> BoxFuture<'_, Result<Vec<OpenShare>>> {
        self.readers
            .callers(move |connection| open_shares(connection, due))
    }
}

impl SqliteStore {
    /// Claims due rows one by one, past what cannot be read: an error ends a transaction, and with it what would come after.
    async fn claim_readable(
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
}

/// Numbers of open rows by tenant and provider.
fn open_shares(connection: &Connection, due: Timestamp) -> Result<Vec<OpenShare>> {
    let mut select = connection.prepare_cached(&rows::open_shares('?'))?;
    let mut shares = Vec::new();
    for row in select.query_map([due.as_millis()], |row| {
        Ok((
            text(row, 0)?,
            text(row, 1)?,
            (row.get::<_, i64>(2)?, row.get::<_, i64>(3)?),
            row.get::<_, Option<i64>>(4)?,
        ))
    })? {
        let (tenant, provider, counts, oldest) = row?;
        shares.extend(open_share(&tenant, &provider, counts, oldest));
    }
    Ok(shares)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::SqliteOptions;
    use crate::store::Processes as _;

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
