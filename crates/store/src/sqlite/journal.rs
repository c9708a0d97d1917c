//! The journal: admitting, settling, claiming.

use acteon_core::{Action, Outcome, Scope, Timestamp};
use rusqlite::{Connection, params};

use super::gate::{SqlCounters, charge, charge_all, give_back, refund};
use super::rows::record;
use super::{Result, history, processes};
use crate::StoreError;
use crate::gate::{Judged, judge};
use crate::model::{Admission, Admitted, Birth, Charges, Claim, ClaimLane, Fate, Record, Seq, Settled, Settlement, State, Way};
use crate::rows::{RawRecord, RequestTexts, RowTexts, charges_text, state_number, state_of};

pub(super) fn admit(connection: &Connection, admission: &Admission, texts: &RowTexts) -> Result<Admitted> {
    let (ways, conditions) = match &admission.fate {
        Fate::Ended(_) => (&[][..], None),
        Fate::Send { conditions, ways } => (&ways[..], Some(conditions)),
    };
    // The usual case writes first and asks afterwards: the id is new.
    let free = admission.letter.is_none()
        && conditions.is_none_or(|conditions| conditions.dedup.is_none() && conditions.throttle.is_none())
        && ways.first().is_none_or(|way| way.quotas.is_empty());
    if let Some(letter) = admission.letter {
        if let Some(existing) = existing(connection, &admission.action)? {
            return Ok(Admitted::Existing(existing));
        }
        if !history::is_dead(connection, letter)? {
            return Ok(Admitted::NoLetter);
        }
    }
    let fits = !free && charge_if_it_fits(connection, admission)?;
    let judged = match conditions {
        Some(conditions) if !free && !fits => judge(&SqlCounters(connection), conditions, ways, admission.accepted_at)?,
        _ => Judged::Go { way: 0, over: Vec::new() },
    };
    let (way, over) = match (&admission.fate, judged) {
        (Fate::Ended(outcome), _) => return end(connection, admission, texts, outcome),
        (Fate::Send { .. }, Judged::Refused(outcome)) => return end(connection, admission, texts, &outcome),
        (Fate::Send { .. }, Judged::Go { way, over }) => (way, over),
    };
    let (Some(chosen), Some(request)) = (ways.get(way), texts.requests.get(way)) else {
        return Err(StoreError::Engine("an action has no way to go".into()));
    };
    let charges = conditions.map(|conditions| conditions.charges(&chosen.quotas)).unwrap_or_default();
    let Some(seq) = insert(connection, admission, texts, Some((chosen, request)), &charges)? else {
        if fits {
            give_back(connection, &chosen.quotas)?;
        }
        return before(connection, &admission.action);
    };
    if let Some(conditions) = conditions.filter(|_| !free && !fits) {
        charge(connection, conditions, &chosen.quotas, (seq, &admission.action.id), admission.accepted_at)?;
    }
    if let Some(letter) = admission.letter {
        history::discard(connection, &[letter])?;
    }
    let (owner, due_at) = match chosen.birth {
        Birth::Owned(owner) if !processes::is_registered(connection, owner)? => return Err(StoreError::Fenced),
        Birth::Owned(owner) => (owner.0, admission.accepted_at),
        Birth::Due(due_at) => (0, due_at),
    };
    let mut insert = connection
        .prepare_cached("INSERT INTO jobs (seq, owner, lane, due_at, give_up_at, possible_duplicate) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    let (lane, due_at, give_up_at) = (&*chosen.lane, due_at.as_millis(), chosen.give_up_at.as_millis());
    insert.execute(params![seq.0, owner, lane, due_at, give_up_at, admission.possible_duplicate])?;
    Ok(Admitted::Open { seq, way, over })
}

/// The usual case behind a gate: nothing but quotas, none of them used up, which are charged by asking.
fn charge_if_it_fits(connection: &Connection, admission: &Admission) -> Result<bool> {
    let Fate::Send { conditions, ways } = &admission.fate else { return Ok(false) };
    let (None, None, Some(first)) = (&conditions.dedup, &conditions.throttle, ways.first()) else { return Ok(false) };
    charge_all(connection, &first.quotas)
}

/// Writes an action that is over, unless a dead letter stands for it.
fn end(connection: &Connection, admission: &Admission, texts: &RowTexts, outcome: &Outcome) -> Result<Admitted> {
    if admission.letter.is_some() {
        return Ok(Admitted::Ended(outcome.clone()));
    }
    let Some(seq) = insert(connection, admission, texts, None, &Charges::default())? else {
        return before(connection, &admission.action);
    };
    let end = Ended {
        seq,
        at: admission.accepted_at,
        attempts: 0,
        takeovers: 0,
        possible_duplicate: false,
        history: None,
        outcome,
        text: &outcome.to_json(),
    };
    insert_outcome(connection, &end)?;
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
    let Admission { action, origin, caller, verdict, rule, accepted_at, .. } = admission;
    let through = chosen.map(|(way, _)| &way.provider).filter(|provider| **provider != action.provider);
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
        verdict,
        rule.as_deref(),
        through.map(acteon_core::ProviderName::as_str),
        charges_text(charges),
        chosen.and_then(|(_, request)| request.facts.as_deref()),
        texts.action,
        chosen.and_then(|(_, request)| request.bytes.as_deref()),
    ];
    let mut written = insert.execute(values)?;
    if written == 0 && existing(connection, action)?.is_none() {
        written = insert.execute(values)?;
    }
    Ok((written == 1).then(|| Seq(connection.last_insert_rowid())))
}

fn before(connection: &Connection, action: &Action) -> Result<Admitted> {
    let found = existing(connection, action)?;
    found.map(Admitted::Existing).ok_or_else(|| StoreError::Engine("an action was there and then was not".into()))
}

/// The action that has this id. One that was refused for now gives way if the same is asked for.
fn existing(connection: &Connection, action: &Action) -> Result<Option<Box<Record>>> {
    let scope = Scope::exactly(&action.namespace, &action.tenant);
    let Some(found) = history::find(connection, &scope, &action.id)?.pop() else { return Ok(None) };
    if found.state == State::Refused && found.action.asks_the_same(action) {
        connection.prepare_cached("UPDATE actions SET superseded = 1 WHERE seq = ?1")?.execute([found.seq.0])?;
        return Ok(None);
    }
    Ok(Some(Box::new(found)))
}

pub(super) fn settle(connection: &Connection, settlement: &Settlement) -> Result<Settled> {
    let Settlement {
        seq,
        owner,
        fence,
        at,
        attempts,
        rounds,
        takeovers,
        history,
        possible_duplicate,
        outcome,
        text,
        refund: given_back,
        waited_for: _,
    } = settlement;
    if let Outcome::Scheduled { scheduled_for, .. } = outcome {
        let mut update = connection.prepare_cached(
            "UPDATE jobs SET owner = 0, due_at = ?3, attempts = ?4, rounds = ?5, history = ?6, \
             possible_duplicate = possible_duplicate | ?7, outcome = ?8 WHERE seq = ?1 AND owner = ?2 AND fence = ?9",
        )?;
        let due_at = scheduled_for.as_millis();
        let written = update.execute(params![seq.0, owner.0, due_at, attempts, rounds, history, possible_duplicate, &**text, fence])?;
        return Ok(if written == 1 { Settled::Written } else { Settled::Fenced });
    }
    let mut delete = connection.prepare_cached("DELETE FROM jobs WHERE seq = ?1 AND owner = ?2 AND fence = ?3")?;
    if delete.execute([seq.0, owner.0, *fence])? == 0 {
        return Ok(Settled::Fenced);
    }
    let (attempts, takeovers, possible_duplicate) = (*attempts, *takeovers, *possible_duplicate);
    let end = Ended { seq: *seq, at: *at, attempts, takeovers, possible_duplicate, history: Some(history), outcome, text };
    insert_outcome(connection, &end)?;
    if let Some(charges) = given_back {
        refund(connection, *seq, charges)?;
    }
    Ok(Settled::Written)
}

/// A row of `outcomes`.
struct Ended<'a> {
    seq: Seq,
    at: Timestamp,
    attempts: u32,
    takeovers: u32,
    possible_duplicate: bool,
    history: Option<&'a str>,
    outcome: &'a Outcome,
    text: &'a str,
}

fn insert_outcome(connection: &Connection, ended: &Ended<'_>) -> Result<()> {
    let Ended { seq, at, attempts, takeovers, possible_duplicate, history, outcome, text } = ended;
    let mut insert = connection.prepare_cached(
        "INSERT INTO outcomes (seq, state, finished_at, attempts, takeovers, possible_duplicate, history, outcome, tag, code) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    let state = state_number(state_of(outcome));
    insert.execute(params![
        seq.0,
        state,
        at.as_millis(),
        attempts,
        takeovers,
        possible_duplicate,
        history,
        text,
        outcome.tag(),
        outcome.code()
    ])?;
    Ok(())
}

pub(super) fn claim(connection: &Connection, claim: &Claim) -> Result<Vec<Record>> {
    let Claim { owner, now, lane, limit } = claim;
    if !processes::is_registered(connection, *owner)? {
        return Ok(Vec::new());
    }
    let (condition, lane) = match lane {
        ClaimLane::Lane(lane) => ("j.lane = ?2 AND j.due_at <= ?3", &**lane),
        ClaimLane::Overdue => ("j.give_up_at <= ?3 AND ?2 = ''", ""),
    };
    let due = format!("SELECT j.seq FROM jobs j WHERE j.owner = 0 AND {condition} ORDER BY j.due_at LIMIT ?1");
    let mut due = connection.prepare_cached(&due)?;
    let due = due.query_map(params![*limit as i64, lane, now.as_millis()], |row| row.get::<_, i64>(0))?;
    let due = due.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut update = connection.prepare_cached("UPDATE jobs SET owner = ?2, fence = fence + 1 WHERE seq = ?1")?;
    let mut select = connection.prepare_cached(&format!("SELECT {} FROM {} WHERE a.seq = ?1", RawRecord::COLUMNS, RawRecord::TABLES))?;
    let mut records = Vec::with_capacity(due.len());
    for seq in due {
        update.execute([seq, owner.0])?;
        records.push(select.query_row([seq], record)?);
    }
    Ok(records)
}

pub(super) fn next_due(connection: &Connection, lane: &str) -> Result<Option<Timestamp>> {
    let mut select = connection.prepare_cached("SELECT MIN(due_at) FROM jobs WHERE owner = 0 AND lane = ?1")?;
    Ok(select.query_row([lane], |row| row.get::<_, Option<i64>>(0))?.map(Timestamp::from_millis))
}
