//! Admissions: a batch of actions in one statement, or behind the gate in one transaction.

mod admitting;
mod gated;
mod optimism;
mod optimistic;
mod seen;

use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, Ordering};

use tokio::sync::Notify;

use self::admitting::Goes;
use super::batch::{Batched, Effects};
use super::connect::Conn;
use super::error::Failure;
use super::insert::insert;
use crate::StoreError;
use crate::model::{Admitted, Turn};

pub(super) use self::admitting::Admitting;
pub(super) use self::gated::Decided;
pub(super) use self::optimism::Optimism;
pub(super) use self::seen::{MAKES, Seen, Statements, see};

/// Writes admissions. Those with a gate to pass have a queue of their own: one transaction writes the ones or the others.
pub(super) struct Admit {
    pub(super) open: Arc<AtomicIsize>,
    pub(super) optimism: Arc<Optimism>,
    /// Notified of each event.
    pub(super) told: Arc<Notify>,
}

impl Batched for Admit {
    type Item = Admitting;
    type Effect = Admitted;

    async fn attempt(
        &self,
        conn: &Conn,
        items: &[Arc<Admitting>],
        again: bool,
    ) -> Result<Effects<Admitted>, Failure> {
        // What may have been written before is looked up first, like everything behind the gate.
        if !again && items.iter().all(|item| item.goes_at_once()) {
            return write_free(conn, items).await;
        }
        if !again
            && items.iter().all(|item| item.is_optimistic())
            && let Some(effects) = optimistic::write(conn, items, &self.optimism).await?
        {
            return Ok(effects);
        }
        self.optimism.count();
        gated::write(conn, items, again).await
    }

    async fn done_before(
        &self,
        conn: &Conn,
        item: &Arc<Admitting>,
    ) -> Result<Option<Admitted>, Failure> {
        gated::done_before(conn, item).await
    }

    fn committed(&self, _item: &Admitting, effect: &Admitted) {
        match effect {
            Admitted::Open { .. } => {
                self.open.fetch_add(1, Ordering::Relaxed);
            }
            Admitted::Ended(_) => self.told.notify_one(),
            Admitted::NoLetter | Admitted::Existing(_) => {}
        }
    }

    fn locks(item: &Admitting) -> &[u64] {
        item.locks()
    }

    fn is_bulk(item: &Admitting) -> bool {
        item.admission.turn == Turn::Batch
    }
}

/// Writes those that have no gate to pass, in one statement. What it leaves has an id that was there, or a position that was taken.
async fn write_free(conn: &Conn, items: &[Arc<Admitting>]) -> Result<Effects<Admitted>, Failure> {
    let goes: Vec<Goes> = items
        .iter()
        .map(|item| Goes::free(&item.admission))
        .collect();
    let rows = items
        .iter()
        .zip(&goes)
        .map(|(item, goes)| item.row(goes))
        .collect::<Result<Vec<_>, _>>()?;
    let done = insert(conn, &rows).await?;
    let effect = |(item, goes): (&Arc<Admitting>, Goes)| {
        if done.written.contains(&item.seq()) {
            return Some(Ok(goes.admitted(item.seq())));
        }
        if item
            .owner()
            .is_some_and(|owner| !done.living.contains(&owner))
        {
            return Some(Err(StoreError::Fenced));
        }
        item.look_first();
        None
    };
    Ok(items.iter().zip(goes).map(effect).collect())
}
