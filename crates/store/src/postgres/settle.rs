//! Settlements: a batch of outcomes in one statement, fenced by their owners.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, Ordering};

use acteon_core::Outcome;

use super::batch::{Batched, Effects};
use super::connect::Conn;
use super::error::Failure;
use super::gate;
use crate::model::{Charges, Seq, Settled, Settlement};
use crate::rows::{state_number, state_of};

/// Writes settlements.
pub(super) struct Settle {
    pub(super) open: Arc<AtomicIsize>,
}

impl Batched for Settle {
    type Item = Settlement;
    type Effect = Settled;

    async fn attempt(&self, conn: &Conn, items: &[Arc<Settlement>], again: bool) -> Result<Effects<Settled>, Failure> {
        let gives_back = items.iter().any(|item| item.refund.is_some());
        if gives_back {
            conn.batch_execute("BEGIN").await?;
        }
        let mut changed = change(conn, items).await?;
        if gives_back {
            let refunds: Vec<(Seq, &Charges)> = items
                .iter()
                .filter(|item| changed.contains(&item.seq))
                .filter_map(|item| Some((item.seq, item.refund.as_ref()?)))
                .collect();
            gate::refund(conn, &refunds).await?;
            conn.batch_execute("COMMIT").await?;
        }
        if again {
            changed.extend(changed_before(conn, items).await?);
        }
        let mut told = HashSet::new();
        let settled = |item: &Arc<Settlement>| changed.contains(&item.seq) && told.insert(item.seq);
        Ok(items.iter().map(settled).map(|settled| Some(Ok(if settled { Settled::Written } else { Settled::Fenced }))).collect())
    }

    async fn done_before(&self, conn: &Conn, item: &Arc<Settlement>) -> Result<Option<Settled>, Failure> {
        let changed = changed_before(conn, std::slice::from_ref(item)).await?;
        Ok((!changed.is_empty()).then_some(Settled::Written))
    }

    fn committed(&self, item: &Settlement, effect: &Settled) {
        if *effect == Settled::Written && !matches!(item.outcome, Outcome::Scheduled { .. }) {
            self.open.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn is_bulk(item: &Settlement) -> bool {
        !item.waited_for
    }
}

const SETTLE: &str = "\
WITH incoming AS (
  SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bool[], $8::text[],
    $9::text[], $10::bigint[], $11::text[], $12::text[], $13::bigint[], $14::bigint[])
  AS i (seq, owner, due_at, attempts, rounds, takeovers, possible_duplicate, history, outcome, state, tag, code, at, fence)
), put_off AS (
  UPDATE jobs j SET owner = 0, due_at = i.due_at, attempts = i.attempts, rounds = i.rounds, history = i.history,
    possible_duplicate = j.possible_duplicate OR i.possible_duplicate, outcome = i.outcome
  FROM incoming i WHERE j.seq = i.seq AND j.owner = i.owner AND j.fence = i.fence AND i.due_at IS NOT NULL RETURNING j.seq
), closed AS (
  DELETE FROM jobs j USING incoming i WHERE j.seq = i.seq AND j.owner = i.owner AND j.fence = i.fence AND i.due_at IS NULL RETURNING i.*
), ended AS (
  INSERT INTO outcomes (seq, state, finished_at, attempts, takeovers, possible_duplicate, history, outcome, tag, code, settled_by)
  SELECT seq, state, at, attempts, takeovers, possible_duplicate, history, outcome, tag, code, owner FROM closed
)
SELECT seq FROM put_off UNION ALL SELECT seq FROM closed";

/// Changes those that their owners still own; says which.
async fn change(conn: &Conn, items: &[Arc<Settlement>]) -> Result<HashSet<Seq>, Failure> {
    let (mut seqs, mut owners, mut dues, mut attempts, mut rounds, mut takeovers) = (vec![], vec![], vec![], vec![], vec![], vec![]);
    let (mut marks, mut histories, mut outcomes, mut states) = (vec![], vec![], vec![], vec![]);
    let (mut tags, mut codes, mut ats, mut fences) = (vec![], vec![], vec![], vec![]);
    for item in items {
        seqs.push(item.seq.0);
        owners.push(item.owner.0);
        dues.push(due_at(item));
        attempts.push(i64::from(item.attempts));
        rounds.push(i64::from(item.rounds));
        takeovers.push(i64::from(item.takeovers));
        marks.push(item.possible_duplicate);
        histories.push(item.history.as_str());
        outcomes.push(&*item.text);
        states.push(state_number(state_of(&item.outcome)));
        tags.push(item.outcome.tag());
        codes.push(item.outcome.code());
        ats.push(item.at.as_millis());
        fences.push(item.fence);
    }
    let statement = conn.prepare_cached(SETTLE).await?;
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 14] =
        [&seqs, &owners, &dues, &attempts, &rounds, &takeovers, &marks, &histories, &outcomes, &states, &tags, &codes, &ats, &fences];
    let rows = conn.query(&statement, &parameters).await?;
    rows.iter().map(|row| Ok(Seq(row.try_get(0)?))).collect()
}

fn due_at(item: &Settlement) -> Option<i64> {
    match &item.outcome {
        Outcome::Scheduled { scheduled_for, .. } => Some(scheduled_for.as_millis()),
        _ => None,
    }
}

/// Those that an earlier try had changed, whose answer was lost.
async fn changed_before(conn: &Conn, items: &[Arc<Settlement>]) -> Result<HashSet<Seq>, Failure> {
    let seqs: Vec<i64> = items.iter().map(|item| item.seq.0).collect();
    let owners: Vec<i64> = items.iter().map(|item| item.owner.0).collect();
    let rounds: Vec<i64> = items.iter().map(|item| i64::from(item.rounds)).collect();
    let dues: Vec<Option<i64>> = items.iter().map(|item| due_at(item)).collect();
    let select = "SELECT i.seq FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS i (seq, owner, rounds, due_at) \
         WHERE EXISTS (SELECT 1 FROM outcomes o WHERE o.seq = i.seq AND o.settled_by = i.owner AND i.due_at IS NULL) \
         OR EXISTS (SELECT 1 FROM jobs j WHERE j.seq = i.seq AND j.rounds = i.rounds AND j.due_at = i.due_at AND j.owner = 0)";
    let select = conn.prepare_cached(select).await?;
    let rows = conn.query(&select, &[&seqs, &owners, &rounds, &dues]).await?;
    rows.iter().map(|row| Ok(Seq(row.try_get(0)?))).collect()
}
