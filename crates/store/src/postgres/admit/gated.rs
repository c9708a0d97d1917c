//! A batch behind the gate: locked and read in one go, judged in memory, written and committed in another.

use std::collections::HashSet;
use std::sync::Arc;

use acteon_core::Action;

use super::admitting::{Admitting, Goes};
use super::seen::{Found, Seen, Statements, begin, is_of};
use crate::StoreError;
use crate::gate::{Judged, judge};
use crate::model::{ActionState, Admitted, Seq};
use crate::postgres::batch::Effects;
use crate::postgres::connect::Conn;
use crate::postgres::error::Failure;
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
struct Decided<'a> {
    /// Result of each item; `None` of one that is to be written.
    effects: Vec<Option<Result<Admitted, StoreError>>>,
    /// Actions that give way to one of the batch: its index, and the position of the other.
    superseded: Vec<(usize, i64)>,
    /// Items to be written, each with its index in the batch.
    written: Vec<(&'a Admitting, Goes, usize)>,
}

impl<'a> Decided<'a> {
    /// Decisions that need no gate: about items whose ids are there.
    fn of(batch: &[&'a Admitting], found: &[Found], again: bool) -> Self {
        let mut decided = Self {
            effects: batch.iter().map(|_| None).collect(),
            superseded: Vec::new(),
            written: Vec::new(),
        };
        for found in found {
            let Some(place) = batch.iter().position(|item| is_of(found, item.action())) else {
                continue;
            };
            match before(batch[place], found, again) {
                Before::Mine(admitted) => decided.effects[place] = Some(Ok(admitted)),
                Before::GivesWay(seq) => decided.superseded.push((place, seq.0)),
                Before::Stays(seq) => decided.effects[place] = Some(Ok(Admitted::Existing(seq))),
            }
        }
        decided
    }

    /// Decides of an item that is not there yet.
    fn decide(&mut self, item: &'a Admitting, place: usize, seen: &mut Seen) {
        let (living, letter) = (&seen.living, item.admission.letter);
        if item.owner().is_some_and(|owner| !living.contains(&owner)) {
            self.effects[place] = Some(Err(StoreError::Fenced));
            return;
        }
        if letter.is_some_and(|letter| !seen.letters.contains(&letter.0)) {
            self.effects[place] = Some(Ok(Admitted::NoLetter));
            return;
        }
        match decide(item, &mut seen.locked) {
            // What does not go leaves its letter on the list, and is not written.
            Ok(Goes::Ended(outcome)) if letter.is_some() => {
                self.effects[place] = Some(Ok(Admitted::Ended(outcome)));
            }
            Ok(goes) => {
                letter.map(|letter| seen.letters.remove(&letter.0));
                self.written.push((item, goes, place));
            }
            Err(error) => self.effects[place] = Some(Err(error)),
        }
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
}

/// The ids of `batch` differ.
async fn write_firsts(
    conn: &Conn,
    batch: &[&Admitting],
    again: bool,
) -> Result<Vec<Result<Admitted, StoreError>>, Failure> {
    let statements = Statements::prepare(conn).await?;
    let mut seen = begin(conn, &statements, batch).await?;
    let mut decided = Decided::of(batch, &seen.found, again);
    for (place, item) in batch.iter().enumerate() {
        if decided.effects[place].is_none() {
            decided.decide(item, place, &mut seen);
        }
    }
    let superseded = decided.superseded();
    let Decided {
        mut effects,
        written,
        ..
    } = decided;
    if written.is_empty() {
        conn.batch_execute("ROLLBACK").await?;
    } else {
        commit(conn, &statements, &written, &superseded, &seen.locked).await?;
    }
    for (item, goes, place) in written {
        effects[place] = Some(Ok(goes.into_admitted(item.seq())));
    }
    Ok(effects
        .into_iter()
        .map(|effect| effect.unwrap_or(Err(StoreError::Busy)))
        .collect())
}

/// Writes everything and commits, in one round trip. A row that is not written ends the transaction, so that nothing is charged for it.
async fn commit(
    conn: &Conn,
    statements: &Statements,
    written: &[(&Admitting, Goes, usize)],
    superseded: &Vec<i64>,
    locked: &Locked,
) -> Result<(), Failure> {
    let rows = written
        .iter()
        .map(|(item, goes, _)| item.row(goes))
        .collect::<Result<Vec<_>, _>>()?;
    let earlier: Vec<Option<Goes>> = written
        .iter()
        .map(|(item, goes, _)| item.decide(Some(goes.clone())))
        .collect();
    let changes = locked.changes();
    let supersede = async {
        if !superseded.is_empty() {
            conn.execute(&statements.supersede, &[superseded]).await?;
        }
        Ok::<_, Failure>(())
    };
    let mut replaced: Vec<i64> = written
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
    let commit = async { Ok::<_, Failure>(conn.batch_execute("COMMIT").await?) };
    let done = tokio::try_join!(
        biased;
        supersede,
        insert_all(conn, &statements.insert, &rows),
        statements.charging.write(conn, &changes),
        replace,
        commit
    );
    let Err(failure) = done else { return Ok(()) };
    if !matches!(failure, Failure::Unknown(_)) {
        // Nothing was written: a row that is found after all is of an attempt before.
        for ((item, ..), earlier) in written.iter().zip(earlier) {
            item.decide(earlier);
        }
    }
    if matches!(failure, Failure::Conflict) {
        leave_taken_positions(conn, written).await?;
    }
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
