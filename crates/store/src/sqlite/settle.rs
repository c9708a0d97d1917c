//! Settlements: changes of rows by their owners.

use acteon_core::{Outcome, Timestamp};
use rusqlite::Connection;

use super::Result;
use super::events::Writing;
use super::gate::refund;
use super::pokes::poke;
use super::statement::{inserting, updating};
use crate::age::Age;
use crate::model::{Charges, Settled, Settlement, Step};
use crate::rows::{state_number, state_of};

pub(super) fn settle(connection: &Writing<'_>, settlement: &Settlement) -> Result<Settled> {
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
    if let Some(poked) = settlement
        .poke
        .as_ref()
        .filter(|_| written && settlement.ends())
    {
        poke(connection, poked)?;
    }
    Ok(if written {
        Settled::Written
    } else {
        Settled::Fenced
    })
}

/// Update of the job that a settlement holds: the columns that every settlement of an open job writes, after those of this one.
macro_rules! updating_job {
    ($settlement:expr, $($column:ident: $value:expr $(=> $sql:literal)?,)*) => {
        updating!(
            "UPDATE jobs SET" (
                $($column: $value $(=> $sql)?,)*
                attempts: $settlement.attempts,
                rounds: $settlement.durable_retries,
                history: $settlement.history => "coalesce(?, history)",
                possible_duplicate: $settlement.possible_duplicate => "possible_duplicate | ?",
                note: $settlement.late_mark.as_deref(),
            )
            "WHERE seq = ? AND owner = ? AND fence = ?"
            ($settlement.hold.seq.0, $settlement.hold.owner.0, $settlement.hold.fence)
        )
    };
}

fn progress(connection: &Connection, settlement: &Settlement, in_flight: bool) -> Result<bool> {
    let (statement, values) = updating_job!(settlement, in_flight: in_flight,);
    Ok(connection.prepare_cached(statement)?.execute(values)? == 1)
}

fn put_off(
    connection: &Connection,
    settlement: &Settlement,
    (due_at, age): (Timestamp, Option<Age>),
    so_far: &str,
) -> Result<bool> {
    let (statement, values) = updating_job!(
        settlement,
        due_at: due_at.as_millis(),
        owner: 0,
        in_flight: false,
        outcome: so_far,
        not_before: age.map(|age| age.not_before.as_millis()) => "coalesce(?, not_before)",
        give_up_at: age.map(|age| age.give_up_at.as_millis()) => "coalesce(?, give_up_at)",
    );
    Ok(connection.prepare_cached(statement)?.execute(values)? == 1)
}

fn finish(
    connection: &Writing<'_>,
    settlement: &Settlement,
    (outcome, text, class): (&Outcome, &str, Option<&str>),
    given_back: Option<&Charges>,
) -> Result<bool> {
    let hold = settlement.hold;
    // What the row knows goes along inside the database: `DELETE ... RETURNING` would make a table for it.
    let (statement, values) = inserting!(
        "INSERT OR FAIL INTO outcomes" (
            seq: hold.seq.0,
            state: state_number(state_of(outcome)),
            finished_at: settlement.at.as_millis(),
            attempts: settlement.attempts,
            takeovers: settlement.takeovers,
            possible_duplicate: settlement.possible_duplicate => "possible_duplicate | ?",
            history: settlement.history => "coalesce(?, history)",
            outcome: text,
            tag: outcome.as_str(),
            code: outcome.code(),
            class: class,
        )
        "SELECT " " FROM jobs WHERE seq = ?1 AND owner = ? AND fence = ?" (hold.owner.0, hold.fence)
    );
    if connection.prepare_cached(statement)?.execute(values)? == 0 {
        return Ok(false);
    }
    connection
        .prepare_cached("DELETE FROM jobs WHERE seq = ?1")?
        .execute([hold.seq.0])?;
    connection.tell(settlement.at, hold.seq);
    if let Some(charges) = given_back {
        refund(connection, hold.seq, charges)?;
    }
    Ok(true)
}
