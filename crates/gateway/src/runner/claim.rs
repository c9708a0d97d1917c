//! Claims: rows become this process's, are read, and are passed on one by one.
//!
//! From the commit of the claim on, each row is either passed on or given back. A process that
//! forgot one would keep it from all others for as long as its lease lasts.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use acteon_store::{Claim, ClaimRows, Claimed, Hold, Record, Seq, StoreError};

use crate::cluster::held::Holding;
use crate::deliver::settle::row::end_unreadable;
use crate::lane::MemoryPermit;
use crate::memory::{READ_ROWS, size_of};
use crate::registry::ProviderEntry;
use crate::shared::Inner;

/// Pause between tries to give claimed rows back.
const GIVE_BACK_EVERY: Duration = Duration::from_millis(500);

/// Claims rows and passes each on; says how many for each room. `at_once` says of a room how many of its rows to read at a time: none when there
/// is no memory for them, and then they go back.
pub(super) async fn claim(
    inner: &Arc<Inner>,
    rows: ClaimRows,
    at_once: impl Fn(usize) -> usize,
    pass_on: impl Fn(&Arc<Inner>, Record, Holding),
) -> Result<Vec<usize>, StoreError> {
    let rooms = match &rows {
        ClaimRows::Due(rooms) => rooms.len(),
        ClaimRows::Overdue { .. } => 1,
    };
    // Before the store is asked: between its commit and the loop below the rows are this process's
    // and in nobody's hands, which `reconcile` must not mistake for forgotten.
    let taking = inner.held.take();
    let claimed = inner
        .store
        .claim(Claim {
            owner: inner.lease.owner(),
            now: inner.due.now(),
            rows,
        })
        .await?;
    let mut counts = vec![0; rooms];
    let mut holdings = Vec::with_capacity(claimed.len());
    for Claimed { hold, room } in claimed {
        counts
            .iter_mut()
            .skip(room)
            .take(1)
            .for_each(|count| *count += 1);
        holdings.push((room, taking.hold(hold)));
    }
    drop(taking);
    let mut holdings = holdings.into_iter();
    let mut left = Vec::new();
    let read_all = loop {
        let mut next = Vec::new();
        let mut full = 0;
        while full < READ_ROWS
            && let Some((room, holding)) = holdings.next()
        {
            match READ_ROWS.checked_div(at_once(room)) {
                Some(part) => {
                    full += part.max(1);
                    next.push(holding);
                }
                None => left.push(holding),
            }
        }
        if next.is_empty() {
            break Ok(counts);
        }
        let seqs = next.iter().map(|holding| holding.hold().seq).collect();
        match inner.store.records(seqs).await {
            Ok(records) => read(inner, next, records, &pass_on),
            Err(error) => {
                left.extend(next);
                // Claimed as well: whoever forgot them would keep them until this process dies.
                left.extend(holdings.map(|(_, holding)| holding));
                break Err(error);
            }
        }
    };
    if !left.is_empty() {
        let task = Arc::clone(inner);
        // In a task of its own: the runner must go on claiming for the other lanes while the store
        // is away for this one.
        inner.spawn(async move { give_back(&task, left).await });
    }
    read_all
}

/// Frees claimed rows that nobody here works on, however often it takes: the store may just have gone away. Wakes nobody: while rows can be claimed
/// and not read, that would go round without a pause. The next scan finds them.
async fn give_back(inner: &Inner, rows: Vec<Holding>) {
    let holds: Vec<Hold> = rows.iter().map(Holding::hold).collect();
    while let Err(error) = inner.store.free(holds.clone(), inner.due.now()).await {
        inner.could_not(
            "claimed actions could not be given back; trying again",
            &error,
        );
        if !inner.sleep(GIVE_BACK_EVERY).await {
            return;
        }
    }
}

/// Passes on what was read, in the order of the claim. A row that cannot be read ends, alone.
fn read(
    inner: &Arc<Inner>,
    holdings: Vec<Holding>,
    records: Vec<Record>,
    pass_on: &impl Fn(&Arc<Inner>, Record, Holding),
) {
    let mut records: HashMap<Seq, Record> = records
        .into_iter()
        .map(|record| (record.seq, record))
        .collect();
    for holding in holdings {
        match records.remove(&holding.hold().seq) {
            Some(found) if found.unreadable.is_some() => {
                let task = Arc::clone(inner);
                inner.spawn(async move { end_unreadable(&task, found, holding).await });
            }
            Some(found) => pass_on(inner, found, holding),
            None => tracing::error!(seq = holding.hold().seq.0, "a claimed row is gone"),
        }
    }
}

/// Memory for a row that was claimed.
pub(super) fn memory_of(entry: &ProviderEntry, found: &Record) -> MemoryPermit {
    let request = found.prepared.as_deref();
    entry
        .lane
        .enter_claimed(request.map_or(0, |request| size_of(&found.action, request)))
}
