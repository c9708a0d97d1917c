//! Admissions: an action passes the gate, and its row and its job are written.

use acteon_core::Outcome;
use rusqlite::{Connection, params};

use super::gate::{SqlCounters, charge, charge_all, give_back};
use super::insert::{before, insert, known};
use super::{Result, letters};
use crate::StoreError;
use crate::gate::{Judged, judge};
use crate::model::{Admission, Admitted, Charges, Disposition};
use crate::rows::{RowTexts, state_number, state_of};

pub(super) fn admit(
    connection: &Connection,
    admission: &Admission,
    texts: &RowTexts,
) -> Result<Admitted> {
    let (routes, conditions) = match &admission.disposition {
        Disposition::Ended(_) => (&[][..], None),
        Disposition::Send { conditions, routes } => (&routes[..], Some(conditions)),
    };
    // The usual case writes first and asks afterwards: the id is new.
    let free = admission.letter.is_none()
        && conditions
            .is_none_or(|conditions| conditions.dedup.is_none() && conditions.throttle.is_none())
        && routes.first().is_none_or(|route| route.quotas.is_empty());
    if let Some(letter) = admission.letter {
        // What was refused for now gives way only once its successor is written.
        if let Some(known) =
            known(connection, &admission.action, texts)?.filter(|known| !known.gives_way)
        {
            return Ok(Admitted::Existing(known.seq));
        }
        if !letters::is_dead(connection, letter)? {
            return Ok(Admitted::NoLetter);
        }
    }
    let fits = !free && charge_if_it_fits(connection, admission)?;
    let judged = match conditions {
        Some(conditions) if !free && !fits => judge(
            &SqlCounters(connection),
            conditions,
            routes,
            admission.accepted_at,
        )?,
        _ => Judged::Go {
            route: 0,
            over: Vec::new(),
        },
    };
    let (route, over) = match (&admission.disposition, judged) {
        (Disposition::Ended(outcome), _) => return end(connection, admission, texts, outcome),
        (Disposition::Send { .. }, Judged::Refused(outcome)) => {
            return end(connection, admission, texts, &outcome);
        }
        (Disposition::Send { .. }, Judged::Go { route, over }) => (route, over),
    };
    let (Some(chosen), Some(request)) = (routes.get(route), texts.requests.get(route)) else {
        return Err(StoreError::Engine("an action has no way to go".into()));
    };
    let charges = conditions
        .map(|conditions| conditions.charges(&chosen.quotas))
        .unwrap_or_default();
    let Some(seq) = insert(
        connection,
        admission,
        texts,
        Some((chosen, request)),
        &charges,
    )?
    else {
        if fits {
            give_back(connection, &chosen.quotas)?;
        }
        return before(connection, &admission.action, texts);
    };
    if let Some(conditions) = conditions.filter(|_| !free && !fits) {
        charge(
            connection,
            conditions,
            &chosen.quotas,
            (seq, &admission.action.id),
            admission.accepted_at,
        )?;
    }
    if let Some(letter) = admission.letter {
        letters::discard(connection, &[letter])?;
    }
    // What is no process any more gets no rows: nobody would take them over. `OR FAIL`, here and below: of what selects, SQLite otherwise keeps a copy
    // of each page that it changes, to undo what went before a row that fails. There is one row.
    let owner = chosen.enqueue.owner().map_or(0, |owner| owner.0);
    let due_at = chosen.enqueue.due_at(chosen.not_before).as_millis();
    let mut insert = connection.prepare_cached(
        "INSERT OR FAIL INTO jobs (seq, owner, provider, due_at, give_up_at, in_flight, possible_duplicate, not_before, priority, outcome) \
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 WHERE ?2 = 0 OR EXISTS (SELECT 1 FROM processes WHERE owner = ?2)",
    )?;
    let (through, give_up_at, in_flight) = (
        chosen.provider.as_str(),
        chosen.give_up_at.as_millis(),
        chosen.enqueue.is_in_flight(),
    );
    let (not_before, priority) = (chosen.not_before.as_millis(), admission.priority.number());
    let (marked, so_far) = (admission.possible_duplicate, chosen.so_far.as_deref());
    if insert.execute(params![
        seq.0, owner, through, due_at, give_up_at, in_flight, marked, not_before, priority, so_far
    ])? == 0
    {
        return Err(StoreError::Fenced);
    }
    Ok(Admitted::Open { seq, route, over })
}

/// The usual case behind a gate: nothing but quotas, none of them used up, which are charged by asking.
fn charge_if_it_fits(connection: &Connection, admission: &Admission) -> Result<bool> {
    let Disposition::Send { conditions, routes } = &admission.disposition else {
        return Ok(false);
    };
    let (None, None, Some(first)) = (&conditions.dedup, &conditions.throttle, routes.first())
    else {
        return Ok(false);
    };
    charge_all(connection, &first.quotas)
}

/// Writes an action that is over, unless a dead letter stands for it.
fn end(
    connection: &Connection,
    admission: &Admission,
    texts: &RowTexts,
    outcome: &Outcome,
) -> Result<Admitted> {
    if admission.letter.is_some() {
        return Ok(Admitted::Ended(outcome.clone()));
    }
    let Some(seq) = insert(connection, admission, texts, None, &Charges::default())? else {
        return before(connection, &admission.action, texts);
    };
    let mut insert = connection.prepare_cached(
        "INSERT INTO outcomes (seq, state, finished_at, attempts, takeovers, possible_duplicate, outcome, tag, code) \
         VALUES (?1, ?2, ?3, 0, 0, 0, ?4, ?5, ?6)",
    )?;
    let (state, at) = (
        state_number(state_of(outcome)),
        admission.accepted_at.as_millis(),
    );
    insert.execute(params![
        seq.0,
        state,
        at,
        &*outcome.to_json(),
        outcome.tag(),
        outcome.code()
    ])?;
    Ok(Admitted::Ended(outcome.clone()))
}
