//! Writes of advances that go: what the gate decides, what is cancelled, and all flows that change.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use acteon_core::Timestamp;
use tokio_postgres::Statement;

use super::advancing::{Advancing, Written, copy};
use super::chosen::READ;
use crate::StoreError;
use crate::flows::{Advance, Expect};
use crate::model::{Admitted, Charges, Hold, Settled, Settlement};
use crate::postgres::admit::{self, Admitting, Decided, Seen, see};
use crate::postgres::connect::Conn;
use crate::postgres::error::Failure;
use crate::postgres::events::tell::{TELL_OF_FLOWS, tell_of_flows};
use crate::postgres::flows::{FlowChanges, FlowStatements};
use crate::postgres::gate::{Look, Names};
use crate::postgres::rows::columns::{assignments, columns, table_of};
use crate::postgres::settle::{self, poke, refund};

columns! {
    /// Next state of a flow.
    StateRow in StateRows {
        kind: &'a str,
        id: &'a str,
        status: &'a str => [flows],
        body: &'a str => [flows],
        due_at: Option<i64> => [flows],
        is_over: bool => [flows],
        version: i64 => [flows],
        at: i64 => [flows.updated_at],
        mark: i64 => [flows],
    }
}

/// Writes next states of flows, which are locked.
static WRITE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "UPDATE flows f SET owner = 0, takeovers = 0, {} FROM {} WHERE f.kind = i.kind AND f.id = i.id",
        assignments("flows", StateRows::COLUMNS),
        table_of(StateRows::COLUMNS)
    )
});

const DELETE: &str = "DELETE FROM flows f USING unnest($1::text[], $2::text[]) AS i (kind, id) WHERE f.kind = i.kind AND f.id = i.id";

/// Locks the jobs of cancels that nobody owns, in the order of their positions. With `owner = 0` it could be planned, while the table is empty, by the
/// index of all jobs that nobody owns, which is not by position.
const LOCK_JOBS: &str =
    "SELECT 1 FROM jobs WHERE seq = ANY($1) AND owner + 0 = 0 ORDER BY seq FOR UPDATE";

/// Statements of the transaction, prepared before it begins.
pub(super) struct Statements {
    pub(super) read: Statement,
    write: Statement,
    delete: Statement,
    lock_jobs: Statement,
    settle: settle::Statements,
    flows: FlowStatements,
    tell: Statement,
    /// Statements of admissions, where there are some.
    admit: Option<admit::Statements>,
}

impl Statements {
    pub(super) async fn prepare(conn: &Conn, items: &[Arc<Advancing>]) -> Result<Self, Failure> {
        let admit = if items.iter().any(|item| asks_the_gate(item)) {
            Some(admit::Statements::prepare(conn).await?)
        } else {
            None
        };
        Ok(Self {
            read: conn.prepare_cached(&READ).await?,
            write: conn.prepare_cached(&WRITE).await?,
            delete: conn.prepare_cached(DELETE).await?,
            lock_jobs: conn.prepare_cached(LOCK_JOBS).await?,
            settle: settle::Statements::prepare(conn).await?,
            flows: FlowStatements::prepare(conn).await?,
            tell: conn.prepare_cached(&TELL_OF_FLOWS).await?,
            admit,
        })
    }
}

/// Whether something is admitted, or may be given back.
fn asks_the_gate(item: &Advancing) -> bool {
    !item.admissions.is_empty()
        || item
            .advance
            .cancels
            .iter()
            .any(|cancel| refund(cancel).is_some())
}

/// Actions and cancels of advances.
struct Beside<'a> {
    /// Admissions, the first of each id.
    batch: Vec<&'a Admitting>,
    /// For each advance and each of its admissions, its index in the batch.
    places: Vec<Vec<usize>>,
    /// Cancels, the first of each hold.
    cancels: Vec<&'a Settlement>,
}

impl<'a> Beside<'a> {
    fn of(advances: &[&'a Advancing]) -> Self {
        let mut beside = Self {
            batch: Vec::new(),
            places: Vec::new(),
            cancels: Vec::new(),
        };
        let (mut known, mut holds) = (HashMap::new(), HashSet::new());
        for advance in advances {
            let mut places = Vec::with_capacity(advance.admissions.len());
            for item in &advance.admissions {
                let action = item.action();
                let id = (&action.namespace, &action.tenant, &action.id);
                let place = *known.entry(id).or_insert(beside.batch.len());
                if place == beside.batch.len() {
                    beside.batch.push(item);
                }
                places.push(place);
            }
            beside.places.push(places);
            let cancels = advance.advance.cancels.iter();
            beside
                .cancels
                .extend(cancels.filter(|cancel| holds.insert(cancel.hold)));
        }
        beside
    }

    fn refunds(&self) -> impl Iterator<Item = (&'a Settlement, &'a Charges)> {
        let refunds = |cancel: &&'a Settlement| Some((*cancel, refund(cancel)?));
        self.cancels.iter().filter_map(refunds)
    }
}

/// Writes advances whose flows are locked and as expected, and commits; `None` where something was missing that had to be made to be locked, and
/// nothing was written.
pub(super) async fn write(
    conn: &Conn,
    statements: &Statements,
    advances: &[&Advancing],
) -> Result<Option<Vec<Arc<Written>>>, Failure> {
    let beside = Beside::of(advances);
    let cancelling = cancel(conn, statements, &beside.cancels);
    let Some(of_admissions) = &statements.admit else {
        let mut cancelled = cancelling.await?;
        let (changes, written) = follow(advances, &beside, &[], &mut cancelled)?;
        commit(conn, statements, advances, &written, changes, None).await?;
        return Ok(Some(written));
    };
    let gates = beside.batch.iter().filter_map(|item| item.gate());
    let names = Names::of(gates).and_given_back(beside.refunds().map(|(_, charges)| charges));
    let look = Look::locking(conn, names).await?;
    let seeing = see(conn, of_admissions, &look, &beside.batch);
    let (mut cancelled, mut seen) = tokio::try_join!(biased; cancelling, seeing)?;
    if look.misses(&seen.locked) {
        conn.batch_execute("ROLLBACK").await?;
        look.make_missing(conn, &seen.locked).await?;
        return Ok(None);
    }
    let decided = Decided::of(&beside.batch, &mut seen, false);
    for (cancel, charges) in beside.refunds() {
        if cancelled.contains(&cancel.hold) {
            seen.locked.give_back(cancel.hold.seq, charges);
        }
    }
    let (changes, written) = follow(advances, &beside, decided.results(), &mut cancelled)?;
    let admissions = Some((&decided, of_admissions, &seen));
    commit(conn, statements, advances, &written, changes, admissions).await?;
    Ok(Some(written))
}

/// Ends the actions of cancels that nobody has begun to send; says which.
async fn cancel(
    conn: &Conn,
    statements: &Statements,
    cancels: &[&Settlement],
) -> Result<HashSet<Hold>, Failure> {
    if cancels.is_empty() {
        return Ok(HashSet::new());
    }
    let seqs: Vec<i64> = cancels.iter().map(|cancel| cancel.hold.seq.0).collect();
    let lock = async { Ok::<_, Failure>(conn.execute(&statements.lock_jobs, &[&seqs]).await?) };
    let change = settle::change(conn, &statements.settle, cancels);
    let (_, cancelled) = tokio::try_join!(biased; lock, change)?;
    Ok(cancelled)
}

/// Results of advances, and all changes of flows but the next states of those that were there. What a row holds is told to the first whose cancel
/// ended it.
fn follow<'a>(
    advances: &[&'a Advancing],
    beside: &Beside<'a>,
    results: &[Result<Admitted, StoreError>],
    cancelled: &mut HashSet<Hold>,
) -> Result<(FlowChanges<'a>, Vec<Arc<Written>>), StoreError> {
    let mut changes = FlowChanges::default();
    let mut written = Vec::with_capacity(advances.len());
    for (item, places) in advances.iter().zip(&beside.places) {
        let advance = &item.advance;
        if let (Expect::New(namespace, tenant), Some(state)) = (&advance.expect, &advance.state) {
            let of = (namespace.as_str(), tenant.as_str());
            changes.begin_anew(&advance.key, of, state, (advance.at, item.mark));
        }
        for begin in &advance.begins {
            changes.begin(begin, advance.at);
        }
        let mut admitted = Vec::with_capacity(places.len());
        for (admitting, place) in item.admissions.iter().zip(places) {
            let result = admitted_as(admitting, beside.batch.get(*place), results.get(*place))?;
            changes.follow(&admitting.admission, &result, advance.due);
            admitted.push(result);
        }
        let mut told = Vec::with_capacity(advance.cancels.len());
        for cancel in &advance.cancels {
            let is_written = cancelled.remove(&cancel.hold);
            if is_written && let Some(poke) = poke(cancel) {
                changes.poke(poke);
            }
            told.push(if is_written {
                Settled::Written
            } else {
                Settled::Fenced
            });
        }
        advance.pokes.iter().for_each(|poke| changes.poke(poke));
        // It may have poked itself: no other poke of it is gathered so far.
        let is_poked = advance.state.as_ref().is_some_and(|state| !state.is_over);
        let pokes = if is_poked {
            changes.pokes_of(&advance.key)
        } else {
            0
        };
        written.push(Arc::new(Written {
            version: item.next_version() + pokes,
            admitted,
            cancelled: told,
        }));
    }
    Ok((changes, written))
}

/// Result of an admission, by that of the first with its id.
fn admitted_as(
    item: &Admitting,
    first: Option<&&Admitting>,
    result: Option<&Result<Admitted, StoreError>>,
) -> Result<Admitted, StoreError> {
    let (Some(first), Some(result)) = (first, result) else {
        return Err(StoreError::Busy);
    };
    let admitted = copy(result.as_ref().map_err(Clone::clone)?);
    Ok(match admitted {
        Admitted::Open { seq, .. } if seq != item.seq() => Admitted::Existing(seq),
        Admitted::Ended(_) if first.seq() != item.seq() && item.gate().is_none() => {
            Admitted::Existing(first.seq())
        }
        admitted => admitted,
    })
}

/// Writes everything and commits, in one round trip.
async fn commit(
    conn: &Conn,
    statements: &Statements,
    advances: &[&Advancing],
    written: &[Arc<Written>],
    changes: FlowChanges<'_>,
    admissions: Option<(&Decided<'_>, &admit::Statements, &Seen)>,
) -> Result<(), Failure> {
    let earlier: Vec<_> = advances
        .iter()
        .zip(written)
        .map(|(item, written)| item.keep(Some(Arc::clone(written))))
        .collect();
    let earlier_decisions = admissions.map(|(decided, ..)| (decided, decided.keep()));
    let admitting = async {
        match admissions {
            Some((decided, statements, seen)) => {
                decided.write(conn, statements, &seen.locked).await
            }
            None => Ok(()),
        }
    };
    let events = advances.iter().flat_map(|item| &item.advance.events);
    let telling = tell_of_flows(conn, &statements.tell, events);
    let commit = async { Ok::<_, Failure>(conn.batch_execute("COMMIT").await?) };
    let done = tokio::try_join!(
        biased;
        write_states(conn, statements, advances),
        admitting,
        changes.write(conn, &statements.flows),
        telling,
        commit
    );
    let Err(failure) = done else { return Ok(()) };
    if !matches!(failure, Failure::Unknown(_)) {
        // Nothing was written: a mark that is found after all is of an attempt before.
        for (item, earlier) in advances.iter().zip(earlier) {
            item.keep(earlier);
        }
    }
    if let Some((decided, earlier)) = earlier_decisions {
        decided.take_back(conn, earlier, &failure).await?;
    }
    Err(failure)
}

/// Sends the next states of flows that are there, and the deletions.
async fn write_states(
    conn: &Conn,
    statements: &Statements,
    advances: &[&Advancing],
) -> Result<(), Failure> {
    let (mut kinds, mut ids) = (Vec::new(), Vec::new());
    let mut rows = Vec::with_capacity(advances.len());
    for item in advances {
        let Advance {
            key,
            expect: Expect::Version(_),
            state,
            at,
            ..
        } = &item.advance
        else {
            continue;
        };
        let Some(state) = state else {
            kinds.push(&*key.kind);
            ids.push(&*key.id);
            continue;
        };
        rows.push(StateRow {
            kind: &key.kind,
            id: &key.id,
            status: &state.status,
            body: &state.body,
            due_at: state.due_at.map(Timestamp::as_millis),
            is_over: state.is_over,
            version: item.next_version(),
            at: at.as_millis(),
            mark: item.mark,
        });
    }
    let states: StateRows<'_> = rows.into_iter().collect();
    let writing = async {
        if !states.kind.is_empty() {
            conn.execute(&statements.write, &states.parameters())
                .await?;
        }
        Ok::<_, Failure>(())
    };
    let deleting = async {
        if !kinds.is_empty() {
            conn.execute(&statements.delete, &[&kinds, &ids]).await?;
        }
        Ok::<_, Failure>(())
    };
    tokio::try_join!(biased; writing, deleting)?;
    Ok(())
}
