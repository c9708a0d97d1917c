//! The statements.

use acteon_core::{Action, ActionId, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::rows::{COLUMNS, DEAD, DONE, RowTexts, TABLES, record};
use crate::StoreError;
use crate::model::{
    Admission, Admitted, Birth, Change, Claim, ClaimLane, DeadLetterPage, Fence, OwnerId, Record, Scope, Seq, Settled, Settlement, State,
};

type Result<T> = std::result::Result<T, StoreError>;

pub(super) fn register(connection: &Connection, until: Timestamp) -> Result<OwnerId> {
    connection.prepare_cached("INSERT INTO processes (lease_until) VALUES (?1)")?.execute([until.as_millis()])?;
    Ok(OwnerId(connection.last_insert_rowid()))
}

pub(super) fn renew(connection: &Connection, fence: Fence) -> Result<bool> {
    let mut statement = connection.prepare_cached("UPDATE processes SET lease_until = ?2 WHERE owner = ?1")?;
    Ok(statement.execute([fence.owner.0, fence.until.as_millis()])? == 1)
}

pub(super) fn retire(connection: &Connection, owner: OwnerId, now: Timestamp) -> Result<()> {
    connection.execute("UPDATE jobs SET owner = 0, due_at = ?2 WHERE owner = ?1", [owner.0, now.as_millis()])?;
    connection.execute("DELETE FROM processes WHERE owner = ?1", [owner.0])?;
    Ok(())
}

pub(super) fn take_over(connection: &Connection, now: Timestamp) -> Result<usize> {
    let dead = connection.prepare_cached("DELETE FROM processes WHERE lease_until < ?1")?.execute([now.as_millis()])?;
    if dead == 0 {
        return Ok(0);
    }
    free_orphans(connection, now)
}

/// Frees and marks the jobs of owners that are no process any more.
pub(super) fn free_orphans(connection: &Connection, now: Timestamp) -> Result<usize> {
    let freed = connection.execute(
        "UPDATE jobs SET owner = 0, due_at = ?1, takeovers = takeovers + 1, possible_duplicate = 1 \
         WHERE owner <> 0 AND owner NOT IN (SELECT owner FROM processes)",
        [now.as_millis()],
    )?;
    Ok(freed)
}

pub(super) fn admit(connection: &Connection, admission: &Admission, texts: &RowTexts) -> Result<Admitted> {
    let Admission { action, origin, lane, accepted_at, give_up_at, birth, prepared: _ } = admission;
    let mut insert = connection.prepare_cached(
        "INSERT INTO actions (id, tenant, namespace, accepted_at, origin, action, request, request_facts) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (id, tenant, namespace) DO NOTHING",
    )?;
    let written = insert.execute(params![
        action.id.as_str(),
        action.tenant.as_str(),
        action.namespace.as_str(),
        accepted_at.as_millis(),
        origin.as_str(),
        texts.action,
        texts.request,
        texts.facts,
    ])?;
    if written == 0 {
        return existing(connection, action);
    }
    let seq = Seq(connection.last_insert_rowid());
    let (owner, due_at) = match birth {
        Birth::Owned(owner) => (owner.0, accepted_at),
        Birth::Due(due_at) => (0, due_at),
        Birth::Dead(outcome) => {
            let end =
                Ended { seq, state: DEAD, at: *accepted_at, attempts: 0, takeovers: 0, possible_duplicate: false, history: None, outcome };
            insert_outcome(connection, &end)?;
            return Ok(Admitted::New(seq));
        }
    };
    let mut insert = connection.prepare_cached("INSERT INTO jobs (seq, owner, lane, due_at, give_up_at) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    insert.execute(params![seq.0, owner, &**lane, due_at.as_millis(), give_up_at.as_millis()])?;
    Ok(Admitted::New(seq))
}

fn existing(connection: &Connection, action: &Action) -> Result<Admitted> {
    let scope = Scope { namespace: Some(action.namespace.clone()), tenant: Some(action.tenant.clone()) };
    match find(connection, &scope, &action.id)?.pop() {
        Some(existing) => Ok(Admitted::Existing(Box::new(existing))),
        None => Err(StoreError::Engine("an action was there and then was not".into())),
    }
}

pub(super) fn settle(connection: &Connection, settlement: &Settlement) -> Result<Settled> {
    let Settlement { seq, owner, at, attempts, rounds, takeovers, history, possible_duplicate, change, waited_for: _ } = settlement;
    let (state, outcome) = match change {
        Change::Done(outcome) => (DONE, outcome),
        Change::Dead(outcome) => (DEAD, outcome),
        Change::Again(due_at, outcome) => {
            let mut update = connection.prepare_cached(
                "UPDATE jobs SET owner = 0, due_at = ?3, attempts = ?4, rounds = ?5, history = ?6, \
                 possible_duplicate = possible_duplicate | ?7, outcome = ?8 WHERE seq = ?1 AND owner = ?2",
            )?;
            let due_at = due_at.as_millis();
            let written = update.execute(params![seq.0, owner.0, due_at, attempts, rounds, history, possible_duplicate, &**outcome])?;
            return Ok(if written == 1 { Settled::Written } else { Settled::Fenced });
        }
    };
    let mut delete = connection.prepare_cached("DELETE FROM jobs WHERE seq = ?1 AND owner = ?2")?;
    if delete.execute([seq.0, owner.0])? == 0 {
        return Ok(Settled::Fenced);
    }
    let (attempts, takeovers, possible_duplicate) = (*attempts, *takeovers, *possible_duplicate);
    insert_outcome(
        connection,
        &Ended { seq: *seq, state, at: *at, attempts, takeovers, possible_duplicate, history: Some(history), outcome },
    )?;
    Ok(Settled::Written)
}

/// A row of `outcomes`.
struct Ended<'a> {
    seq: Seq,
    state: i64,
    at: Timestamp,
    attempts: u32,
    takeovers: u32,
    possible_duplicate: bool,
    history: Option<&'a str>,
    outcome: &'a str,
}

fn insert_outcome(connection: &Connection, ended: &Ended<'_>) -> Result<()> {
    let Ended { seq, state, at, attempts, takeovers, possible_duplicate, history, outcome } = ended;
    let mut insert = connection.prepare_cached(
        "INSERT INTO outcomes (seq, state, finished_at, attempts, takeovers, possible_duplicate, history, outcome) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    insert.execute(params![seq.0, state, at.as_millis(), attempts, takeovers, possible_duplicate, history, outcome])?;
    Ok(())
}

pub(super) fn claim(connection: &Connection, claim: &Claim) -> Result<Vec<Record>> {
    let Claim { owner, now, lane, limit } = claim;
    if !is_registered(connection, *owner)? {
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
    let mut update = connection.prepare_cached("UPDATE jobs SET owner = ?2 WHERE seq = ?1")?;
    let mut select = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM {TABLES} WHERE a.seq = ?1"))?;
    let mut records = Vec::with_capacity(due.len());
    for seq in due {
        update.execute([seq, owner.0])?;
        records.push(select.query_row([seq], record)?);
    }
    Ok(records)
}

/// Whether a process still is one. What is no process any more gets no rows: nobody would take them over.
fn is_registered(connection: &Connection, owner: OwnerId) -> Result<bool> {
    Ok(connection.prepare_cached("SELECT 1 FROM processes WHERE owner = ?1")?.exists([owner.0])?)
}

pub(super) fn next_due(connection: &Connection, lane: &str) -> Result<Option<Timestamp>> {
    let mut select = connection.prepare_cached("SELECT MIN(due_at) FROM jobs WHERE owner = 0 AND lane = ?1")?;
    Ok(select.query_row([lane], |row| row.get::<_, Option<i64>>(0))?.map(Timestamp::from_millis))
}

pub(super) fn find(connection: &Connection, scope: &Scope, id: &ActionId) -> Result<Vec<Record>> {
    let select = format!(
        "SELECT {COLUMNS} FROM {TABLES} WHERE a.id = ?1 AND (?2 IS NULL OR a.tenant = ?2) AND (?3 IS NULL OR a.namespace = ?3) \
         ORDER BY a.seq LIMIT 10"
    );
    let mut select = connection.prepare_cached(&select)?;
    let (namespace, tenant) = scope_texts(scope);
    Ok(select.query_map(params![id.as_str(), tenant, namespace], record)?.collect::<rusqlite::Result<Vec<_>>>()?)
}

pub(super) fn dead_letters(connection: &Connection, scope: &Scope, before: Option<Seq>, limit: usize) -> Result<DeadLetterPage> {
    let select = format!(
        "SELECT {COLUMNS} FROM outcomes o JOIN actions a ON a.seq = o.seq LEFT JOIN jobs j ON j.seq = o.seq \
         WHERE o.state = 2 AND o.seq < ?1 AND (?2 IS NULL OR a.tenant = ?2) AND (?3 IS NULL OR a.namespace = ?3) \
         ORDER BY o.seq DESC LIMIT ?4"
    );
    let mut select = connection.prepare_cached(&select)?;
    let (namespace, tenant) = scope_texts(scope);
    let before = before.map_or(i64::MAX, |seq| seq.0);
    let rows = select.query_map(params![before, tenant, namespace, limit as i64 + 1], record)?;
    let mut records = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    let more = records.len() > limit;
    records.truncate(limit);
    let next = records.last().filter(|_| more).map(|record| record.seq);
    Ok(DeadLetterPage { records, next })
}

/// Walks back from the newest row and stops at the first accepted an hour before `since`: retries may end long after they began, but a
/// budget looks back only so far.
pub(super) fn recently_done(connection: &Connection, since: Timestamp, limit: usize) -> Result<Vec<Record>> {
    let mut select = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM {TABLES} ORDER BY a.seq DESC LIMIT ?1"))?;
    let oldest = since - std::time::Duration::from_hours(1);
    let mut records = Vec::new();
    for row in select.query_map([limit as i64], record)? {
        let row = row?;
        if row.accepted_at < oldest {
            break;
        }
        if row.finished_at.is_some_and(|at| at > since) && row.state == State::Done {
            records.push(row);
        }
    }
    Ok(records)
}

pub(super) fn put_note(connection: &Connection, name: &str, text: &str, until: Timestamp) -> Result<()> {
    let upsert = "INSERT INTO notes (name, text, until) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO UPDATE SET text = ?2, until = ?3";
    connection.prepare_cached(upsert)?.execute(params![name, text, until.as_millis()])?;
    Ok(())
}

pub(super) fn note(connection: &Connection, name: &str, now: Timestamp) -> Result<Option<String>> {
    let mut select = connection.prepare_cached("SELECT text FROM notes WHERE name = ?1 AND until > ?2")?;
    Ok(select.query_row(params![name, now.as_millis()], |row| row.get(0)).optional()?)
}

fn scope_texts(scope: &Scope) -> (Option<&str>, Option<&str>) {
    (scope.namespace.as_ref().map(acteon_core::Namespace::as_str), scope.tenant.as_ref().map(acteon_core::Tenant::as_str))
}
