//! A batch behind the gate: locked and read in one go, judged in memory, written and committed in another.

use std::collections::HashSet;
use std::sync::Arc;

use acteon_core::Action;

use super::admitting::{Admitting, Goes};
use super::seen::{Found, Seen, Statements, begin, is_of};
use crate::StoreError;
use crate::flows::at_once;
use crate::gate::{Judged, judge};
use crate::model::{ActionState, Admitted, Seq};
use crate::postgres::batch::Effects;
use crate::postgres::connect::Conn;
use crate::postgres::error::Failure;
use crate::postgres::flows::{FlowChanges, FlowStatements};
use crate::postgres::gate::Locked;
use crate::postgres::insert::insert_all;
use crate::rows::state_number;

/// Checks, charges and writes in one transaction. Of several items with one id it does the first: the next attempt finds what that wrote.
pub(super) async fn write(
    conn: &Conn,
    items: &[Arc<Admitting>],
    again: bool,
) -> Result<Effects<Admitted>, Failure> {
    let mut ids = HashSet::new();
    let actions = items.iter().map(|item| item.action());
    let firsts: Vec<bool> = actions
        .map(|action| ids.insert((&action.namespace, &action.tenant, &action.id)))
        .collect();
    let batch: Vec<&Admitting> = items
        .iter()
        .zip(&firsts)
        .filter(|(_, first)| **first)
        .map(|(item, _)| &**item)
        .collect();
    let mut effects = write_firsts(conn, &batch, again).await?.into_iter();
    Ok(firsts
        .into_iter()
        .map(|first| if first { effects.next() } else { None })
        .collect())
}

/// Decisions about a batch.
pub(in crate::postgres) struct Decided<'a> {
    /// Result of each item, which holds once those to be written are.
    results: Vec<Result<Admitted, StoreError>>,
    /// Items that an earlier attempt wrote: nothing follows from them any more.
    before: Vec<usize>,
    /// Actions that give way to one of the batch: its index, and the position of the other.
    superseded: Vec<(usize, i64)>,
    /// Items to be written, each with its index in the batch.
    written: Vec<(&'a Admitting, Goes, usize)>,
}

impl<'a> Decided<'a> {
    /// Decides about a batch whose ids differ, by what was read. Charges what passes to what is locked.
    pub(in crate::postgres) fn of(batch: &[&'a Admitting], seen: &mut Seen, again: bool) -> Self {
        let mut decided = Self {
            results: Vec::with_capacity(batch.len()),
            before: Vec::new(),
            superseded: Vec::new(),
            written: Vec::new(),
        };
        let mut there: Vec<Option<Admitted>> = batch.iter().map(|_| None).collect();
        for found in &seen.found {
            let Some(place) = batch.iter().position(|item| is_of(found, item.action())) else {
                continue;
            };
            match before(batch[place], found, again) {
                Before::Mine(admitted) => {
                    decided.before.push(place);
                    there[place] = Some(admitted);
                }
                Before::GivesWay(seq) => decided.superseded.push((place, seq.0)),
                Before::Stays(seq) => there[place] = Some(Admitted::Existing(seq)),
            }
        }
        for (place, (item, there)) in batch.iter().zip(there).enumerate() {
            let result = match there {
                Some(admitted) => Ok(admitted),
                None => decided.decide(item, place, seen),
            };
            decided.results.push(result);
        }
        decided
    }

    /// Decides of an item that is not there yet.
    fn decide(
        &mut self,
        item: &'a Admitting,
        place: usize,
        seen: &mut Seen,
    ) -> Result<Admitted, StoreError> {
        let (living, letter) = (&seen.living, item.admission.letter);
        if item.owner().is_some_and(|owner| !living.contains(&owner)) {
            return Err(StoreError::Fenced);
        }
        if letter.is_some_and(|letter| !seen.letters.contains(&letter.0)) {
            return Ok(Admitted::NoLetter);
        }
        let goes = decide(item, &mut seen.locked)?;
        let admitted = goes.admitted(item.seq());
        // What does not go leaves its letter on the list, and is not written.
        if !item.admission.leaves_letter() || matches!(goes, Goes::Route { .. }) {
            letter.map(|letter| seen.letters.remove(&letter.0));
            self.written.push((item, goes, place));
        }
        Ok(admitted)
    }

    /// Whether there is nothing to be written.
    fn is_empty(&self) -> bool {
        self.written.is_empty()
    }

    /// Result of each item of the batch.
    pub(in crate::postgres) fn results(&self) -> &[Result<Admitted, StoreError>] {
        &self.results
    }

    /// Positions that give way, each to a successor that is written.
    fn superseded(&self) -> Vec<i64> {
        let of_written =
            |(place, _): &&(usize, i64)| self.written.iter().any(|(.., other)| other == place);
        self.superseded
            .iter()
            .filter(of_written)
            .map(|(_, seq)| *seq)
            .collect()
    }

    /// Keeps the decisions with their items, in case the answer to the commit is lost; returns those before.
    pub(in crate::postgres) fn keep(&self) -> Earlier {
        let kept = self
            .written
            .iter()
            .map(|(item, goes, _)| item.decide(Some(goes.clone())));
        Earlier(kept.collect())
    }

    /// Sends everything at once. A row that is not written ends the transaction, so that nothing is charged for it.
    pub(in crate::postgres) async fn write(
        &self,
        conn: &Conn,
        statements: &Statements,
        locked: &Locked,
    ) -> Result<(), Failure> {
        let rows = self
            .written
            .iter()
            .map(|(item, goes, _)| item.row(goes))
            .collect::<Result<Vec<_>, _>>()?;
        let superseded = self.superseded();
        let changes = locked.changes();
        let supersede = async {
            if !superseded.is_empty() {
                conn.execute(&statements.supersede, &[&superseded]).await?;
            }
            Ok::<_, Failure>(())
        };
        let insert = async {
            if !rows.is_empty() {
                insert_all(conn, &statements.insert, &rows).await?;
            }
            Ok::<_, Failure>(())
        };
        let mut replaced: Vec<i64> = self
            .written
            .iter()
            .filter_map(|(item, ..)| item.admission.letter)
            .map(|letter| letter.0)
            .collect();
        replaced.sort_unstable();
        let replace = async {
            if !replaced.is_empty() {
                conn.execute(
                    &statements.replace,
                    &[&replaced, &state_number(ActionState::Discarded)],
                )
                .await?;
            }
            Ok::<_, Failure>(())
        };
        tokio::try_join!(
            biased;
            supersede,
            insert,
            statements.charging.write(conn, &changes),
            replace
        )?;
        Ok(())
    }

    /// Takes the decisions back after a failure, unless the transaction may have been committed: a row that is found after all is of an attempt
    /// before. After a conflict positions that others took are left.
    pub(in crate::postgres) async fn take_back(
        &self,
        conn: &Conn,
        earlier: Earlier,
        failure: &Failure,
    ) -> Result<(), Failure> {
        if !matches!(failure, Failure::Unknown(_)) {
            for ((item, ..), earlier) in self.written.iter().zip(earlier.0) {
                item.decide(earlier);
            }
        }
        if matches!(failure, Failure::Conflict) && !self.is_empty() {
            leave_taken_positions(conn, &self.written).await?;
        }
        Ok(())
    }
}

/// Decisions of an attempt before.
pub(in crate::postgres) struct Earlier(Vec<Option<Goes>>);

/// The ids of `batch` differ.
async fn write_firsts(
    conn: &Conn,
    batch: &[&Admitting],
    again: bool,
) -> Result<Vec<Result<Admitted, StoreError>>, Failure> {
    let statements = Statements::prepare(conn).await?;
    let changes_flows =
        |item: &&Admitting| item.admission.parent.is_some() || !item.admission.begins.is_empty();
    let flows = if batch.iter().any(changes_flows) {
        Some(FlowStatements::prepare(conn).await?)
    } else {
        None
    };
    let mut seen = begin(conn, &statements, batch, flows.as_ref()).await?;
    let decided = Decided::of(batch, &mut seen, again);
    let changes = follow(batch, &decided);
    if decided.is_empty() && changes.is_empty() {
        conn.batch_execute("ROLLBACK").await?;
    } else {
        let flows = flows.as_ref().map(|statements| (statements, changes));
        commit(conn, &statements, &decided, &seen.locked, flows).await?;
    }
    Ok(decided.results)
}

/// Changes of flows that follow from what was decided just now.
fn follow<'a>(batch: &[&'a Admitting], decided: &Decided<'a>) -> FlowChanges<'a> {
    let mut changes = FlowChanges::default();
    for (place, (item, result)) in batch.iter().zip(&decided.results).enumerate() {
        if let Ok(admitted) = result
            && !decided.before.contains(&place)
        {
            changes.follow(&item.admission, admitted, at_once());
        }
    }
    changes
}

/// Writes everything and commits, in one round trip.
async fn commit(
    conn: &Conn,
    statements: &Statements,
    decided: &Decided<'_>,
    locked: &Locked,
    flows: Option<(&FlowStatements, FlowChanges<'_>)>,
) -> Result<(), Failure> {
    let earlier = decided.keep();
    let change_flows = async {
        match flows {
            Some((statements, changes)) => changes.write(conn, statements).await,
            None => Ok(()),
        }
    };
    let commit = async { Ok::<_, Failure>(conn.batch_execute("COMMIT").await?) };
    let done = tokio::try_join!(
        biased;
        decided.write(conn, statements, locked),
        change_flows,
        commit
    );
    let Err(failure) = done else { return Ok(()) };
    decided.take_back(conn, earlier, &failure).await?;
    Err(failure)
}

/// Moves on from positions that another process took meanwhile. An id that it took is found by the next attempt.
async fn leave_taken_positions(
    conn: &Conn,
    written: &[(&Admitting, Goes, usize)],
) -> Result<(), Failure> {
    let seqs: Vec<i64> = written.iter().map(|(item, ..)| item.seq().0).collect();
    let select = conn
        .prepare_cached("SELECT seq, id, tenant, namespace FROM actions WHERE seq = ANY($1)")
        .await?;
    for row in conn.query(&select, &[&seqs]).await? {
        let seq: i64 = row.try_get(0)?;
        let (id, tenant, namespace): (&str, &str, &str) =
            (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        let another = |action: &Action| {
            action.id.as_str() != id
                || action.tenant.as_str() != tenant
                || action.namespace.as_str() != namespace
        };
        written
            .iter()
            .filter(|(item, ..)| item.seq().0 == seq && another(item.action()))
            .for_each(|(item, ..)| item.move_on());
    }
    Ok(())
}

/// Judges an action, and charges it to what is locked if it passes.
fn decide(item: &Admitting, locked: &mut Locked) -> Result<Goes, StoreError> {
    let Some((conditions, routes)) = item.gate() else {
        return Ok(Goes::free(&item.admission));
    };
    let now = item.admission.accepted_at;
    Ok(match judge(locked, conditions, routes, now)? {
        Judged::Refused(outcome) => Goes::Ended(outcome),
        Judged::Go { route, over } => {
            let quotas = routes.get(route).map_or(&[][..], |route| &route.quotas);
            locked.charge(conditions, quotas, (item.seq(), &item.action().id), now);
            Goes::Route {
                route,
                over,
                charges: conditions.charges(quotas),
            }
        }
    })
}

/// Meaning of an id that was there before for an admission.
enum Before {
    /// An earlier attempt of this very admission wrote it.
    Mine(Admitted),
    /// Refused for now, and the same is asked for again.
    GivesWay(Seq),
    Stays(Seq),
}

fn before(item: &Admitting, found: &Found, again: bool) -> Before {
    if again
        && found.seq == item.seq()
        && let Some(admitted) = item.decided()
    {
        return Before::Mine(admitted);
    }
    if found
        .refused
        .as_ref()
        .is_some_and(|refused| refused.asks_the_same_at_sight(item.action()))
    {
        Before::GivesWay(found.seq)
    } else {
        Before::Stays(found.seq)
    }
}

/// Result of an earlier attempt whose answer was lost; `None` if it wrote nothing.
pub(super) async fn done_before(
    conn: &Conn,
    item: &Arc<Admitting>,
) -> Result<Option<Admitted>, Failure> {
    let action = item.action();
    let select = conn
        .prepare_cached(
            "SELECT 1 FROM actions WHERE seq = $1 AND id = $2 AND tenant = $3 AND namespace = $4",
        )
        .await?;
    let found = conn
        .query_opt(
            &select,
            &[
                &item.seq().0,
                &action.id.as_str(),
                &action.tenant.as_str(),
                &action.namespace.as_str(),
            ],
        )
        .await?;
    Ok(found.and_then(|_| item.decided()))
}
