//! Safety net for forgotten rows: those that the store says are this process's, and that nobody
//! here works on, are given back.
//!
//! Such a row would wait for as long as the process lives. Two looks in a row must find it, held in
//! the same way, and between them everything that may have taken it must have ended: a row that is
//! on its way into memory, or out of it, is left alone.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use acteon_store::{FlowHold, FlowKey, Freed, Hold, Seq, StoreError};

use crate::cluster::held::Mark;
use crate::shared::Inner;

/// Pause between two looks.
const EVERY: Duration = Duration::from_mins(1);
/// What the log says where a look fails.
const NOT_COMPARED: &str =
    "could not compare what this process owns with what it works on; trying again";
/// Rows of one page of a look.
const PAGE: usize = 1000;

/// Findings of the last look.
#[derive(Default)]
struct Findings {
    /// Rows that the store says are this process's, and that were not in its memory.
    unheld: HashSet<Hold>,
    /// Mark of when the look was over.
    until: Mark,
}

pub(crate) async fn run(inner: Arc<Inner>) {
    let (mut last, mut last_flows) = (Findings::default(), FlowFindings::default());
    while inner.sleep(EVERY).await {
        match look(&inner, &last).await {
            Ok(next) => last = next,
            Err(error) => inner.could_not(NOT_COMPARED, &error),
        }
        match look_at_flows(&inner, &last_flows).await {
            Ok(next) => last_flows = next,
            Err(error) => inner.could_not(NOT_COMPARED, &error),
        }
    }
}

/// Findings of the last look at flows.
#[derive(Default)]
struct FlowFindings {
    /// Flows that the store says are this process's, and that were not in its memory.
    unheld: HashSet<FlowHold>,
    /// Mark of when the look was over.
    until: Mark,
}

async fn look(inner: &Inner, last: &Findings) -> Result<Findings, StoreError> {
    // Asked before the pages are read: a taking that ends in between could have put rows into this
    // look that the last one saw on their way in.
    let settled = inner.held.has_taken_all_before(last.until);
    let owner = inner.lease.owner();
    let mut unheld = HashSet::new();
    let mut after = Seq(i64::MIN);
    loop {
        let page = inner.store.owned(owner, after, PAGE).await?;
        let Some(newest) = page.last() else { break };
        after = newest.seq;
        let is_last = page.len() < PAGE;
        // Asked after the page was read: what was taken before that, and is worked on, is known by now, or soon.
        unheld.extend(page.into_iter().filter(|hold| !inner.held.holds(hold)));
        if is_last {
            break;
        }
    }
    if settled {
        // The same hold with the same fence in both looks: a row that was settled and claimed again
        // in between is another hold.
        let mut forgotten: Vec<Hold> = unheld.intersection(&last.unheld).copied().collect();
        forgotten.sort_unstable_by_key(|hold| hold.seq);
        give_back(inner, forgotten).await?;
    }
    Ok(Findings {
        unheld,
        until: inner.held.mark(),
    })
}

async fn give_back(inner: &Inner, forgotten: Vec<Hold>) -> Result<(), StoreError> {
    if forgotten.is_empty() {
        return Ok(());
    }
    let Freed { unsent, maybe_sent } = inner.store.free(forgotten, inner.due.now()).await?;
    tracing::error!(
        unsent,
        maybe_sent,
        "this process owned actions that nobody worked on; they go on. This is a bug, please report it"
    );
    inner.work.notify_one();
    Ok(())
}

/// The same look at flows. One that was poked since the last look has another version, and is looked at once more.
async fn look_at_flows(
    inner: &Arc<Inner>,
    last: &FlowFindings,
) -> Result<FlowFindings, StoreError> {
    let settled = inner.held_flows.has_taken_all_before(last.until);
    let owner = inner.lease.owner();
    let mut unheld = HashSet::new();
    let mut after: Option<FlowKey> = None;
    loop {
        let page = inner.store.owned_flows(owner, after, PAGE).await?;
        after = page.last().map(|hold| hold.key.clone());
        let is_last = page.len() < PAGE;
        unheld.extend(
            page.into_iter()
                .filter(|hold| !inner.held_flows.holds(&hold.key)),
        );
        if is_last {
            break;
        }
    }
    if settled {
        let forgotten: Vec<FlowHold> = unheld.intersection(&last.unheld).cloned().collect();
        if !forgotten.is_empty() {
            let freed = inner.store.free_flows(forgotten).await?;
            tracing::error!(
                freed,
                "this process owned flows that nobody worked on; they go on. This is a bug, please report it"
            );
            inner.flow_work.notify_one();
        }
    }
    Ok(FlowFindings {
        unheld,
        until: inner.held_flows.mark(),
    })
}
