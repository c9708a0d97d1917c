//! The journal: admitting and settling.

use acteon_core::{Action, Outcome, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::gate::{SqlCounters, charge, charge_all, give_back, refund};
use super::{Result, history};
use crate::StoreError;
use crate::age::Age;
use crate::gate::{Judged, judge};
use crate::model::{
    Admission, Admitted, Charges, Fate, Seq, Settled, Settlement, State, Step, Way,
};
use crate::rows::{RequestTexts, RowTexts, charges_text, longest_alike, state_number, state_of};

pub(super) fn admit(
    connection: &Connection,
    admission: &Admission,
    texts: &RowTexts,
) -> Result<Admitted> {
    let (ways, conditions) = match &admission.fate {
        Fate::Ended(_) => (&[][..], None),
        Fate::Send { conditions, ways } => (&ways[..], Some(conditions)),
    };
    // The usual case writes first and asks afterwards: the id is new.
    let free = admission.letter.is_none()
        && conditions
            .is_none_or(|conditions| conditions.dedup.is_none() && conditions.throttle.is_none())
        && ways.first().is_none_or(|way| way.quotas.is_empty());
    if let Some(letter) = admission.letter {
        // What was refused for now gives way only once its successor is written.
        if let Some(known) =
            known(connection, &admission.action, texts)?.filter(|known| !known.gives_way)
        {
            return Ok(Admitted::Existing(known.seq));
        }
        if !history::is_dead(connection, letter)? {
            return Ok(Admitted::NoLetter);
        }
    }
    let fits = !free && charge_if_it_fits(connection, admission)?;
    let judged = match conditions {
        Some(conditions) if !free && !fits => judge(
            &SqlCounters(connection),
            conditions,
            ways,
            admission.accepted_at,
        )?,
        _ => Judged::Go {
            way: 0,
            over: Vec::new(),
        },
    };
    let (way, over) = match (&admission.fate, judged) {
        (Fate::Ended(outcome), _) => return end(connection, admission, texts, outcome),
        (Fate::Send { .. }, Judged::Refused(outcome)) => {
            return end(connection, admission, texts, &outcome);
        }
        (Fate::Send { .. }, Judged::Go { way, over }) => (way, over),
    };
    let (Some(chosen), Some(request)) = (ways.get(way), texts.requests.get(way)) else {
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
        history::discard(connection, &[letter])?;
    }
    // What is no process any more gets no rows: nobody would take them over. `OR FAIL`, here and below: of what selects, SQLite otherwise keeps a copy
    // of each page that it changes, to undo what went before a row that fails. There is one row.
    let owner = chosen.birth.owner().map_or(0, |owner| owner.0);
    let due_at = chosen.birth.due_at(chosen.not_before).as_millis();
    let mut insert = connection.prepare_cached(
        "INSERT OR FAIL INTO jobs (seq, owner, provider, due_at, give_up_at, in_flight, possible_duplicate, not_before, priority, outcome) \
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 WHERE ?2 = 0 OR EXISTS (SELECT 1 FROM processes WHERE owner = ?2)",
    )?;
    let (through, give_up_at, in_flight) = (
        chosen.provider.as_str(),
        chosen.give_up_at.as_millis(),
        chosen.birth.is_in_flight(),
    );
    let (not_before, priority) = (chosen.not_before.as_millis(), admission.priority.number());
    let (marked, so_far) = (admission.possible_duplicate, chosen.so_far.as_deref());
    if insert.execute(params![
        seq.0, owner, through, due_at, give_up_at, in_flight, marked, not_before, priority, so_far
    ])? == 0
    {
        return Err(StoreError::Fenced);
    }
    Ok(Admitted::Open { seq, way, over })
}

/// The usual case behind a gate: nothing but quotas, none of them used up, which are charged by asking.
fn charge_if_it_fits(connection: &Connection, admission: &Admission) -> Result<bool> {
    let Fate::Send { conditions, ways } = &admission.fate else {
        return Ok(false);
    };
    let (None, None, Some(first)) = (&conditions.dedup, &conditions.throttle, ways.first()) else {
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

/// Writes the row of an action; `None` when its id is there.
fn insert(
    connection: &Connection,
    admission: &Admission,
    texts: &RowTexts,
    chosen: Option<(&Way, &RequestTexts)>,
    charges: &Charges,
) -> Result<Option<Seq>> {
    let Admission {
        action,
        origin,
        caller,
        verdict,
        rule,
        accepted_at,
        ..
    } = admission;
    let through = chosen
        .map(|(way, _)| &way.provider)
        .filter(|provider| **provider != action.provider);
    let mut insert = connection.prepare_cached(
        "INSERT INTO actions (id, tenant, namespace, accepted_at, provider, action_type, origin, caller, auth_method, verdict, rule, through, \
         charges, request_facts, action, request) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16) \
         ON CONFLICT (id, tenant, namespace) WHERE superseded = 0 DO NOTHING",
    )?;
    let values = params![
        action.id.as_str(),
        action.tenant.as_str(),
        action.namespace.as_str(),
        accepted_at.as_millis(),
        action.provider.as_str(),
        action.action_type.as_str(),
        origin.as_str(),
        &*caller.id,
        caller.auth_method,
        verdict.as_str(),
        rule.as_deref(),
        through.map(acteon_core::ProviderName::as_str),
        charges_text(charges),
        chosen.and_then(|(_, request)| request.facts.as_deref()),
        texts.action,
        chosen.and_then(|(_, request)| request.bytes()),
    ];
    let mut written = insert.execute(values)?;
    if written == 0 && existing(connection, action, texts)?.is_none() {
        written = insert.execute(values)?;
    }
    Ok((written == 1).then(|| Seq(connection.last_insert_rowid())))
}

fn before(connection: &Connection, action: &Action, texts: &RowTexts) -> Result<Admitted> {
    let found = existing(connection, action, texts)?;
    found
        .map(Admitted::Existing)
        .ok_or_else(|| StoreError::Engine("an action was there and then was not".into()))
}

/// The position of the action that has this id. One that was refused for now gives way if the same is asked for.
fn existing(connection: &Connection, action: &Action, texts: &RowTexts) -> Result<Option<Seq>> {
    let Some(Known { seq, gives_way }) = known(connection, action, texts)? else {
        return Ok(None);
    };
    if gives_way {
        connection
            .prepare_cached("UPDATE actions SET superseded = 1 WHERE seq = ?1")?
            .execute([seq.0])?;
        return Ok(None);
    }
    Ok(Some(seq))
}

/// An action that has an id.
struct Known {
    seq: Seq,
    /// Whether it was refused for now, and the same is asked for again.
    gives_way: bool,
}

/// Looks at as little as tells: others' commits wait meanwhile, and who asks with a few bytes may name what has a million.
fn known(connection: &Connection, action: &Action, texts: &RowTexts) -> Result<Option<Known>> {
    let mut select = connection.prepare_cached(
        "SELECT a.seq, CASE WHEN o.state = ?4 AND octet_length(a.action) <= ?5 THEN a.action END \
         FROM actions a LEFT JOIN outcomes o ON o.seq = a.seq WHERE a.id = ?1 AND a.tenant = ?2 AND a.namespace = ?3 AND a.superseded = 0",
    )?;
    let (id, tenant, namespace) = (
        action.id.as_str(),
        action.tenant.as_str(),
        action.namespace.as_str(),
    );
    let values = params![
        id,
        tenant,
        namespace,
        state_number(State::Refused),
        longest_alike(texts.action.len())
    ];
    let known = select.query_row(values, |row| {
        let text = row.get_ref(1)?.as_bytes_or_null()?;
        let refused = text.and_then(|text| serde_json::from_slice::<Action>(text).ok());
        Ok(Known {
            seq: Seq(row.get(0)?),
            gives_way: refused.is_some_and(|refused| refused.asks_the_same_at_sight(action)),
        })
    });
    Ok(known.optional()?)
}

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
    let (seq, at, tag, code) = (hold.seq.0, at.as_millis(), outcome.tag(), outcome.code());
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
