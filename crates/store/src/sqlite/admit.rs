//! Admissions: the gate checks an action, and its row and its job are written.

use acteon_core::{Action, Outcome};
use rusqlite::Connection;

use super::events::Writing;
use super::gate::{SqlCounters, charge, charge_all, give_back};
use super::insert::{before, insert, known};
use super::statement::inserting;
use super::{Result, letters};
use crate::StoreError;
use crate::gate::{Judged, judge};
use crate::model::{Admission, Admitted, Charges, Conditions, Disposition, Route, Seq};
use crate::rows::{RowTexts, state_number, state_of};

pub(super) fn admit(
    connection: &Writing<'_>,
    admission: &Admission,
    texts: &RowTexts,
) -> Result<Admitted> {
    let (action, letter, now) = (&admission.action, admission.letter, admission.accepted_at);
    if let Some(letter) = letter
        && let Some(admitted) = refuse_to_replace(connection, letter, action, texts)?
    {
        return Ok(admitted);
    }
    let (conditions, routes) = match &admission.disposition {
        Disposition::Ended(outcome) => return end(connection, admission, texts, outcome),
        Disposition::Send { conditions, routes } => (conditions, &routes[..]),
    };
    // The usual case writes first and asks afterwards: the id is new.
    let free = letter.is_none()
        && conditions.dedup.is_none()
        && conditions.throttle.is_none()
        && routes.first().is_none_or(|route| route.quotas.is_empty());
    let fits = !free && charge_if_it_fits(connection, conditions, routes)?;
    let judged = if free || fits {
        Judged::Go {
            route: 0,
            over: Vec::new(),
        }
    } else {
        judge(&SqlCounters(connection), conditions, routes, now)?
    };
    let (route, over) = match judged {
        Judged::Refused(outcome) => return end(connection, admission, texts, &outcome),
        Judged::Go { route, over } => (route, over),
    };
    let (Some(chosen), Some(request)) = (routes.get(route), texts.requests.get(route)) else {
        return Err(StoreError::no_route());
    };
    let charges = conditions.charges(&chosen.quotas);
    let sent = Some((chosen, request));
    let Some(seq) = insert(connection, admission, texts, sent, &charges)? else {
        if fits {
            give_back(connection, &chosen.quotas)?;
        }
        return before(connection, action, texts);
    };
    if !free && !fits {
        let id = (seq, &action.id);
        charge(connection, conditions, &chosen.quotas, id, now)?;
    }
    if let Some(letter) = letter {
        letters::discard(connection, &[letter])?;
    }
    insert_job(connection, seq, admission, chosen)?;
    Ok(Admitted::Open { seq, route, over })
}

/// Result of an action that is to replace a dead letter and cannot: its id is there, or the letter is not on the list any more. An action that was
/// refused for now gives way only once its successor is written.
fn refuse_to_replace(
    connection: &Connection,
    letter: Seq,
    action: &Action,
    texts: &RowTexts,
) -> Result<Option<Admitted>> {
    let known = known(connection, action, texts)?.filter(|known| !known.gives_way);
    if let Some(known) = known {
        return Ok(Some(Admitted::Existing(known.seq)));
    }
    let is_dead = letters::is_dead(connection, letter)?;
    Ok((!is_dead).then_some(Admitted::NoLetter))
}

/// Writes the job of an action. An owner that is not registered any more gets no rows: nobody would take them over. `OR FAIL`, as in a settlement:
/// SQLite otherwise keeps a copy of each page that a statement with a SELECT changes, to undo what went before a row that fails. There is one row.
fn insert_job(
    connection: &Connection,
    seq: Seq,
    admission: &Admission,
    chosen: &Route,
) -> Result<()> {
    let (statement, values) = inserting!(
        "INSERT OR FAIL INTO jobs" (
            seq: seq.0,
            owner: chosen.enqueue.owner().map_or(0, |owner| owner.0),
            provider: chosen.provider.as_str(),
            due_at: chosen.enqueue.due_at(chosen.not_before).as_millis(),
            give_up_at: chosen.give_up_at.as_millis(),
            in_flight: chosen.enqueue.is_in_flight(),
            possible_duplicate: admission.possible_duplicate,
            not_before: chosen.not_before.as_millis(),
            priority: admission.priority.number(),
            outcome: chosen.so_far.as_deref(),
        )
        "SELECT " " WHERE ?2 = 0 OR EXISTS (SELECT 1 FROM processes WHERE owner = ?2)"
    );
    if connection.prepare_cached(statement)?.execute(values)? == 0 {
        return Err(StoreError::Fenced);
    }
    Ok(())
}

/// The usual case behind a gate: nothing but quotas, none of them used up, which are charged by asking.
fn charge_if_it_fits(
    connection: &Connection,
    conditions: &Conditions,
    routes: &[Route],
) -> Result<bool> {
    match (&conditions.dedup, &conditions.throttle, routes.first()) {
        (None, None, Some(first)) => charge_all(connection, &first.quotas),
        _ => Ok(false),
    }
}

/// Writes an action that is over, unless a dead letter stands for it. One that goes on with a flow takes the letter off the list.
fn end(
    connection: &Writing<'_>,
    admission: &Admission,
    texts: &RowTexts,
    outcome: &Outcome,
) -> Result<Admitted> {
    if admission.leaves_letter() {
        return Ok(Admitted::Ended(outcome.clone()));
    }
    let Some(seq) = insert(connection, admission, texts, None, &Charges::default())? else {
        return before(connection, &admission.action, texts);
    };
    let (statement, values) = inserting!(
        "INSERT INTO outcomes" (
            seq: seq.0,
            state: state_number(state_of(outcome)),
            finished_at: admission.accepted_at.as_millis(),
            attempts: 0,
            takeovers: 0,
            possible_duplicate: false,
            outcome: &*outcome.to_json(),
            tag: outcome.as_str(),
            code: outcome.code(),
        )
        "VALUES (" ")"
    );
    connection.prepare_cached(statement)?.execute(values)?;
    if let Some(letter) = admission.letter {
        letters::discard(connection, &[letter])?;
    }
    connection.tell(admission.accepted_at, seq);
    Ok(Admitted::Ended(outcome.clone()))
}
