//! Settlements: what its owner changes of a row.

use acteon_core::{Outcome, Timestamp};
use rusqlite::{Connection, params};

use super::Result;
use super::gate::refund;
use crate::age::Age;
use crate::model::{Charges, Settled, Settlement, Step};
use crate::rows::{state_number, state_of};

pub(super) fn settle(connection: &Connection, settlement: &Settlement) -> Result<Settled> {
    let written = match &settlement.step {
        Step::Progress { in_flight } => progress(connection, settlement, *in_flight)?,
        Step::PutOff {
            due_at,
            so_far,
            age,
        } => put_off(connection, settlement, (*due_at, *age), so_far)?,
        Step::End {
            outcome,
            text,
            class,
            refund,
        } => finish(
            connection,
            settlement,
            (outcome, text, *class),
            refund.as_ref(),
        )?,
    };
    Ok(if written {
        Settled::Written
    } else {
        Settled::Fenced
    })
}

fn progress(connection: &Connection, settlement: &Settlement, in_flight: bool) -> Result<bool> {
    let Settlement {
        hold,
        attempts,
        rounds,
        history,
        possible_duplicate,
        note,
        ..
    } = settlement;
    let mut update = connection.prepare_cached(
        "UPDATE jobs SET in_flight = ?4, attempts = ?5, rounds = ?6, history = coalesce(?7, history), \
         possible_duplicate = possible_duplicate | ?8, note = ?9 WHERE seq = ?1 AND owner = ?2 AND fence = ?3",
    )?;
    let note = note.as_deref();
    let values = params![
        hold.seq.0,
        hold.owner.0,
        hold.fence,
        in_flight,
        attempts,
        rounds,
        history,
        possible_duplicate,
        note
    ];
    Ok(update.execute(values)? == 1)
}

fn put_off(
    connection: &Connection,
    settlement: &Settlement,
    (due_at, age): (Timestamp, Option<Age>),
    so_far: &str,
) -> Result<bool> {
    let Settlement {
        hold,
        attempts,
        rounds,
        history,
        possible_duplicate,
        note,
        ..
    } = settlement;
    let mut update = connection.prepare_cached(
        "UPDATE jobs SET owner = 0, in_flight = 0, due_at = ?4, attempts = ?5, rounds = ?6, history = coalesce(?7, history), \
         possible_duplicate = possible_duplicate | ?8, note = ?9, outcome = ?10, not_before = coalesce(?11, not_before), \
         give_up_at = coalesce(?12, give_up_at) WHERE seq = ?1 AND owner = ?2 AND fence = ?3",
    )?;
    let (due_at, note) = (due_at.as_millis(), note.as_deref());
    let (not_before, give_up_at) = (
        age.map(|age| age.not_before.as_millis()),
        age.map(|age| age.give_up_at.as_millis()),
    );
    let values = params![
        hold.seq.0,
        hold.owner.0,
        hold.fence,
        due_at,
        attempts,
        rounds,
        history,
        possible_duplicate,
        note,
        so_far,
        not_before,
        give_up_at
    ];
    Ok(update.execute(values)? == 1)
}

fn finish(
    connection: &Connection,
    settlement: &Settlement,
    (outcome, text, class): (&Outcome, &str, Option<&str>),
    given_back: Option<&Charges>,
) -> Result<bool> {
    let Settlement {
        hold,
        at,
        attempts,
        takeovers,
        history,
        possible_duplicate,
        ..
    } = settlement;
    // What the row knows goes along inside the database: `DELETE ... RETURNING` would make a table for it.
    let mut insert = connection.prepare_cached(
        "INSERT OR FAIL INTO outcomes (seq, state, finished_at, attempts, takeovers, possible_duplicate, history, outcome, tag, code, class) \
         SELECT seq, ?4, ?5, ?6, ?7, possible_duplicate | ?8, coalesce(?9, history), ?10, ?11, ?12, ?13 \
         FROM jobs WHERE seq = ?1 AND owner = ?2 AND fence = ?3",
    )?;
    let state = state_number(state_of(outcome));
    let (seq, at, tag, code) = (hold.seq.0, at.as_millis(), outcome.as_str(), outcome.code());
    let (owner, fence, history) = (hold.owner.0, hold.fence, history.as_deref());
    let values = params![
        seq,
        owner,
        fence,
        state,
        at,
        attempts,
        takeovers,
        possible_duplicate,
        history,
        text,
        tag,
        code,
        class
    ];
    if insert.execute(values)? == 0 {
        return Ok(false);
    }
    connection
        .prepare_cached("DELETE FROM jobs WHERE seq = ?1")?
        .execute([seq])?;
    if let Some(charges) = given_back {
        refund(connection, hold.seq, charges)?;
    }
    Ok(true)
}
