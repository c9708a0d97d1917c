//! Advances of flows: a batch in one transaction, each of them whole or not at all.
//!
//! Locks are taken in one order, which is that of everybody who takes some of them: flows by their names, the jobs of cancels by their positions, then
//! what the gate asks for, by name. A settlement that pokes locks its flows before its jobs, and gives charges back after them; an admission locks
//! its parent before what its gate asks for. What is new is written last, actions before flows. A cancel hardly ever waits for a job: it wants one
//! that nobody owns, and a job that its owner is settling does not look like that to it.

mod advancing;
mod chosen;
mod write;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, Ordering};

use tokio::sync::Notify;

use self::chosen::{Chosen, Found};
use self::write::{Statements, write};
use super::admit::MAKES;
use super::batch::{Batched, Effects};
use super::connect::Conn;
use super::error::Failure;
use crate::flows::{Advanced, FlowKey};
use crate::model::{Admitted, Settled};

pub(super) use self::advancing::Advancing;

/// Batched writes of advances.
pub(super) struct Advances {
    pub(super) open: Arc<AtomicIsize>,
    /// Notified of each event.
    pub(super) told: Arc<Notify>,
}

impl Batched for Advances {
    type Item = Advancing;
    type Effect = Advanced;

    async fn attempt(
        &self,
        conn: &Conn,
        items: &[Arc<Advancing>],
        again: bool,
    ) -> Result<Effects<Advanced>, Failure> {
        let statements = Statements::prepare(conn, items).await?;
        for _ in 0..MAKES {
            let found = begin(conn, &statements, items).await?;
            let Chosen { mut effects, going } = Chosen::of(items, &found, again);
            if going.is_empty() {
                conn.batch_execute("ROLLBACK").await?;
                return Ok(effects);
            }
            let advances: Vec<&Advancing> = going.iter().map(|(_, item)| *item).collect();
            let Some(written) = write(conn, &statements, &advances).await? else {
                continue;
            };
            for ((place, _), written) in going.into_iter().zip(written) {
                effects[place] = Some(Ok(written.advanced()));
            }
            return Ok(effects);
        }
        Err(Failure::Conflict)
    }

    async fn done_before(
        &self,
        conn: &Conn,
        item: &Arc<Advancing>,
    ) -> Result<Option<Advanced>, Failure> {
        let FlowKey { kind, id } = &item.advance.key;
        let select = conn
            .prepare_cached("SELECT mark FROM flows WHERE kind = $1 AND id = $2")
            .await?;
        let row = conn.query_opt(&select, &[&&**kind, &&**id]).await?;
        let mark = row.map(|row| row.try_get(0)).transpose()?;
        Ok(item.done_before(mark))
    }

    fn committed(&self, item: &Advancing, effect: &Advanced) {
        let Advanced::Written {
            admitted,
            cancelled,
            ..
        } = effect
        else {
            return;
        };
        let opened = admitted
            .iter()
            .filter(|admitted| matches!(admitted, Admitted::Open { .. }));
        let ended = cancelled
            .iter()
            .filter(|settled| **settled == Settled::Written);
        let (opened, ended) = (opened.count(), ended.count());
        let more = opened.cast_signed() - ended.cast_signed();
        self.open.fetch_add(more, Ordering::Relaxed);
        if ended > 0 || opened < admitted.len() || !item.advance.events.is_empty() {
            self.told.notify_one();
        }
    }

    fn locks(item: &Advancing) -> &[u64] {
        item.locks()
    }

    fn is_bulk(item: &Advancing) -> bool {
        item.is_large()
    }
}

/// Begins the transaction, locks the flows that the advances may change, in the order of their names, and reads them.
async fn begin(
    conn: &Conn,
    statements: &Statements,
    items: &[Arc<Advancing>],
) -> Result<HashMap<FlowKey, Found>, Failure> {
    // Of the first of a flow: others wait for the next attempt.
    let mut expected: BTreeMap<&FlowKey, Option<i64>> = BTreeMap::new();
    for item in items {
        expected
            .entry(&item.advance.key)
            // One that is there where there must be none has no version that is expected.
            .or_insert(Some(item.expected().unwrap_or(i64::MIN)));
    }
    for key in items.iter().flat_map(|item| item.poked()) {
        expected.entry(key).or_insert(None);
    }
    let kinds: Vec<&str> = expected.keys().map(|key| &*key.kind).collect();
    let ids: Vec<&str> = expected.keys().map(|key| &*key.id).collect();
    let versions: Vec<Option<i64>> = expected.values().copied().collect();
    let begin = async { Ok::<_, Failure>(conn.batch_execute("BEGIN").await?) };
    let read = async {
        let rows = conn
            .query(&statements.read, &[&kinds, &ids, &versions])
            .await?;
        Ok::<_, Failure>(rows)
    };
    let ((), rows) = tokio::try_join!(biased; begin, read)?;
    rows.into_iter().map(Found::read).collect()
}
