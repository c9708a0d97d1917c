//! Claims of due flows.

use std::sync::{Arc, MutexGuard, PoisonError};

use acteon_core::Timestamp;

use super::holds::free;
use super::row::{COLUMNS, readable};
use crate::StoreError;
use crate::flows::{Flow, FlowClaim, FlowHold, UNREADABLE_FLOW};
use crate::postgres::calls;
use crate::postgres::connect::{Conn, in_time};
use crate::postgres::error::Failure;
use crate::postgres::store::PostgresStore;

/// Flows of claims whose answers were lost that are remembered. Those beyond are freed when somebody finds that nobody works on them.
const MAX_LOST: usize = 10_000;

impl PostgresStore {
    /// Claims in two steps, so that what was claimed is known before the commit: if its answer is lost, the flows are freed before the next claim.
    pub(super) async fn claim_due_flows(&self, claim: FlowClaim) -> Result<Vec<Flow>, StoreError> {
        self.free_lost_flows().await?;
        let conn = Conn::of(&self.claiming)
            .await
            .map_err(Failure::into_store)?;
        let mut claimed = Vec::new();
        loop {
            let limit = claim.limit.saturating_sub(claimed.len());
            let (flows, unreadable) = match in_time(take(&conn, &claim, limit)).await {
                Ok(took) => took,
                Err(failure) if claimed.is_empty() => return Err(failure.of_a_look()),
                // What was claimed before is this process's to work on.
                Err(_) => return Ok(claimed),
            };
            let commit = async { Ok(conn.batch_execute("COMMIT").await?) };
            let committed = in_time(commit).await;
            claimed.extend(flows);
            if let Err(failure) = committed {
                self.lose(&claimed);
                return Err(failure.of_a_look());
            }
            // What could not be read stood in the place of others.
            if unreadable == 0 {
                conn.done();
                return Ok(claimed);
            }
        }
    }

    /// Remembers flows that were claimed for nobody, to be freed.
    fn lose(&self, claimed: &[Flow]) {
        let hold = |flow: &Flow| FlowHold {
            key: flow.key.clone(),
            owner: flow.owner,
            version: flow.version,
        };
        let mut lost = self.lost_flows();
        lost.extend(claimed.iter().map(hold));
        let beyond = lost.len().saturating_sub(MAX_LOST);
        lost.drain(..beyond);
    }

    async fn free_lost_flows(&self) -> Result<(), StoreError> {
        let lost = std::mem::take(&mut *self.lost_flows());
        if lost.is_empty() {
            return Ok(());
        }
        match call!(self.claiming, conn => free(conn, &lost)) {
            Ok(0) => Ok(()),
            Ok(freed) => {
                tracing::warn!(freed, "a claim of flows whose answer was lost was undone");
                Ok(())
            }
            Err(error) => {
                self.lost_flows().extend(lost);
                Err(error)
            }
        }
    }

    fn lost_flows(&self) -> MutexGuard<'_, Vec<FlowHold>> {
        self.lost_flows
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The oldest due flows of each kind, with a lock on each, unless another changes it just now; of them the oldest, for a process that is registered.
const TAKE: &str = "\
WITH due AS (
  SELECT d.kind, d.id, d.due_at FROM unnest($3::text[]) AS k (kind)
  CROSS JOIN LATERAL (
    SELECT kind, id, due_at FROM flows WHERE owner = 0 AND kind = k.kind AND due_at <= $2
    ORDER BY due_at, id LIMIT $4 FOR UPDATE SKIP LOCKED
  ) d
), picked AS (
  SELECT kind, id FROM due ORDER BY due_at, kind, id LIMIT $4
), living AS (
  SELECT owner FROM processes WHERE owner = $1 FOR KEY SHARE
), taken AS (
  UPDATE flows f SET owner = living.owner, version = f.version + 1 FROM picked, living
  WHERE f.kind = picked.kind AND f.id = picked.id RETURNING f.*
)";

/// Takes flows that cannot be read from those that are due, where they would be found again and again. What is stored of them stays.
const PUT_ASIDE: &str = "\
UPDATE flows f SET owner = 0, due_at = NULL, status = $3, version = f.version + 1 FROM unnest($1::text[], $2::text[]) AS i (kind, id)
WHERE f.kind = i.kind AND f.id = i.id";

/// Takes due flows within a transaction that it begins; says how many others could not be read.
async fn take(conn: &Conn, claim: &FlowClaim, limit: usize) -> Result<(Vec<Flow>, usize), Failure> {
    let update = format!("{TAKE} SELECT {COLUMNS} FROM taken f ORDER BY f.due_at, f.kind, f.id");
    let update = conn.prepare_cached(&update).await?;
    let kinds = each_once(&claim.kinds);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let begin = async { Ok::<_, Failure>(conn.batch_execute("BEGIN").await?) };
    let take = async {
        let now = claim.now.as_millis();
        let rows = conn
            .query(&update, &[&claim.owner.0, &now, &kinds, &limit])
            .await?;
        Ok::<_, Failure>(rows)
    };
    let ((), rows) = tokio::try_join!(biased; begin, take)?;
    let (flows, unreadable) = readable(&rows)?;
    if !unreadable.is_empty() {
        let kinds: Vec<&str> = unreadable.iter().map(|key| &*key.kind).collect();
        let ids: Vec<&str> = unreadable.iter().map(|key| &*key.id).collect();
        conn.execute(PUT_ASIDE, &[&kinds, &ids, &UNREADABLE_FLOW])
            .await?;
    }
    Ok((flows, unreadable.len()))
}

/// Due time of the next unowned flow of these kinds.
pub(super) async fn next_due(
    conn: &Conn,
    kinds: &[Arc<str>],
) -> Result<Option<Timestamp>, Failure> {
    let select = "SELECT MIN(d.due_at) FROM unnest($1::text[]) AS k (kind) CROSS JOIN LATERAL \
         (SELECT due_at FROM flows WHERE owner = 0 AND kind = k.kind AND due_at IS NOT NULL ORDER BY due_at LIMIT 1) d";
    let select = conn.prepare_cached(select).await?;
    let due: Option<i64> = conn
        .query_one(&select, &[&each_once(kinds)])
        .await?
        .try_get(0)?;
    Ok(due.map(Timestamp::from_millis))
}

fn each_once(kinds: &[Arc<str>]) -> Vec<&str> {
    let mut kinds: Vec<&str> = kinds.iter().map(|kind| &**kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}
