//! The statements.

use acteon_core::{ActionId, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::rows::{COLUMNS, RowTexts, record, state_number};
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
    connection.execute("UPDATE actions SET owner = 0, due_at = ?2 WHERE state = 0 AND owner = ?1", [owner.0, now.as_millis()])?;
    connection.execute("DELETE FROM processes WHERE owner = ?1", [owner.0])?;
    Ok(())
}

pub(super) fn take_over(connection: &Connection, now: Timestamp) -> Result<usize> {
    let mut dead = connection.prepare_cached("DELETE FROM processes WHERE lease_until < ?1 RETURNING owner")?;
    let dead = dead.query_map([now.as_millis()], |row| row.get::<_, i64>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut freed = 0;
    for owner in dead {
        freed += connection.execute(
            "UPDATE actions SET owner = 0, due_at = ?2, takeovers = takeovers + 1, possible_duplicate = 1 WHERE state = 0 AND owner = ?1",
            [owner, now.as_millis()],
        )?;
    }
    Ok(freed)
}

pub(super) fn admit(connection: &Connection, admission: &Admission, texts: &RowTexts) -> Result<Admitted> {
    let Admission { action, origin, prepared, lane, accepted_at, give_up_at, birth } = admission;
    let (state, owner, due_at, outcome) = match birth {
        Birth::Owned(owner) => (State::Open, owner.0, *accepted_at, None),
        Birth::Due(due_at) => (State::Open, 0, *due_at, None),
        Birth::Dead(outcome) => (State::Dead, 0, *accepted_at, Some(&**outcome)),
    };
    let mut insert = connection.prepare_cached(
        "INSERT INTO actions (id, tenant, namespace, state, owner, lane, due_at, give_up_at, accepted_at, finished_at, origin, action, \
         request, request_facts, outcome) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) ON CONFLICT (id, tenant, namespace) DO NOTHING",
    )?;
    let written = insert.execute(params![
        action.id.as_str(),
        action.tenant.as_str(),
        action.namespace.as_str(),
        state_number(state),
        owner,
        &**lane,
        due_at.as_millis(),
        give_up_at.as_millis(),
        accepted_at.as_millis(),
        (state != State::Open).then_some(accepted_at.as_millis()),
        origin.as_str(),
        texts.action,
        prepared.as_ref().map(|prepared| prepared.bytes.as_slice()),
        texts.facts,
        outcome,
    ])?;
    if written == 1 {
        return Ok(Admitted::New(Seq(connection.last_insert_rowid())));
    }
    let scope = Scope { namespace: Some(action.namespace.clone()), tenant: Some(action.tenant.clone()) };
    match find(connection, &scope, &action.id)?.pop() {
        Some(existing) => Ok(Admitted::Existing(Box::new(existing))),
        None => Err(StoreError::Engine("an action was there and then was not".into())),
    }
}

pub(super) fn settle(connection: &Connection, settlement: &Settlement) -> Result<Settled> {
    let Settlement { seq, owner, at, attempts, rounds, history, possible_duplicate, change } = settlement;
    let (state, due_at, outcome, finished_at) = match change {
        Change::Done(outcome) => (State::Done, *at, outcome, Some(at.as_millis())),
        Change::Dead(outcome) => (State::Dead, *at, outcome, Some(at.as_millis())),
        Change::Again(due_at, outcome) => (State::Open, *due_at, outcome, None),
    };
    let mut update = connection.prepare_cached(
        "UPDATE actions SET state = ?3, owner = 0, due_at = ?4, attempts = ?5, history = ?6, \
         possible_duplicate = possible_duplicate | ?7, outcome = ?8, finished_at = ?9, rounds = ?10 WHERE seq = ?1 AND owner = ?2 AND state = 0",
    )?;
    let written = update.execute(params![
        seq.0,
        owner.0,
        state_number(state),
        due_at.as_millis(),
        attempts,
        history,
        possible_duplicate,
        &**outcome,
        finished_at,
        rounds
    ])?;
    Ok(if written == 1 { Settled::Written } else { Settled::Fenced })
}

pub(super) fn claim(connection: &Connection, claim: &Claim) -> Result<Vec<Record>> {
    let Claim { owner, now, lane, limit } = claim;
    let (condition, lane) = match lane {
        ClaimLane::Lane(lane) => ("lane = ?2 AND due_at <= ?3", &**lane),
        ClaimLane::Overdue => ("give_up_at <= ?3 AND ?2 = ''", ""),
    };
    let select = format!("SELECT {COLUMNS} FROM actions WHERE state = 0 AND owner = 0 AND {condition} ORDER BY due_at LIMIT ?1");
    let mut select = connection.prepare_cached(&select)?;
    let records = select.query_map(params![*limit as i64, lane, now.as_millis()], record)?.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut update = connection.prepare_cached("UPDATE actions SET owner = ?2 WHERE seq = ?1")?;
    for record in &records {
        update.execute([record.seq.0, owner.0])?;
    }
    Ok(records)
}

pub(super) fn next_due(connection: &Connection, lane: &str) -> Result<Option<Timestamp>> {
    let mut select = connection.prepare_cached("SELECT MIN(due_at) FROM actions WHERE state = 0 AND owner = 0 AND lane = ?1")?;
    Ok(select.query_row([lane], |row| row.get::<_, Option<i64>>(0))?.map(Timestamp::from_millis))
}

pub(super) fn find(connection: &Connection, scope: &Scope, id: &ActionId) -> Result<Vec<Record>> {
    let select = format!(
        "SELECT {COLUMNS} FROM actions WHERE id = ?1 AND (?2 IS NULL OR tenant = ?2) AND (?3 IS NULL OR namespace = ?3) ORDER BY seq LIMIT 10"
    );
    let mut select = connection.prepare_cached(&select)?;
    let (namespace, tenant) = scope_texts(scope);
    Ok(select.query_map(params![id.as_str(), tenant, namespace], record)?.collect::<rusqlite::Result<Vec<_>>>()?)
}

pub(super) fn dead_letters(connection: &Connection, scope: &Scope, before: Option<Seq>, limit: usize) -> Result<DeadLetterPage> {
    let select = format!(
        "SELECT {COLUMNS} FROM actions WHERE state = 2 AND seq < ?1 AND (?2 IS NULL OR tenant = ?2) AND (?3 IS NULL OR namespace = ?3) \
         ORDER BY seq DESC LIMIT ?4"
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
    let mut select = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM actions ORDER BY seq DESC LIMIT ?1"))?;
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
