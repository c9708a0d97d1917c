//! Events: a row for each, whose number is its position.

use std::sync::Arc;

use acteon_core::limits::MAX_PRUNED_EVENTS;
use acteon_core::{BoxFuture, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::command::Urgency;
use super::disk::Disk;
use super::rows::text;
use super::statement::inserting;
use super::store::SqliteStore;
use super::{Result, damage};
use crate::StoreError;
use crate::event::{
    Event, EventAction, EventBytes, EventId, EventKind, EventPosition, EventsKept, EventsPage,
};
use crate::model::Seq;
use crate::raw::outcome_text;
use crate::store::Events;

impl Events for SqliteStore {
    fn events(&self, after: EventPosition, limit: usize) -> BoxFuture<'_, Result<EventsPage>> {
        let disk = Arc::clone(&self.disk);
        self.readers
            .callers(move |connection| look(connection, &disk, after, limit))
    }

    fn newest_event(&self) -> BoxFuture<'_, Result<EventId>> {
        self.readers.callers(newest_with_instant)
    }

    fn oldest_event(&self) -> BoxFuture<'_, Result<EventPosition>> {
        let disk = Arc::clone(&self.disk);
        self.readers
            .callers(move |connection| oldest(connection, &disk))
    }

    fn has_event(&self, id: EventId) -> BoxFuture<'_, Result<bool>> {
        self.readers.callers(move |connection| has(connection, id))
    }

    fn prune_events(&self, kept: EventsKept) -> BoxFuture<'_, Result<usize>> {
        Box::pin(async move {
            let disk = Arc::clone(&self.disk);
            let old = self
                .readers
                .callers(move |connection| find_old(connection, &disk, kept))
                .await?;
            let count = old.len();
            if count > 0 {
                self.write(Urgency::Background, move |connection| {
                    delete(connection, &old)
                })
                .await?;
            }
            Ok(count)
        })
    }
}

/// Tells that an action came to its outcome.
pub(super) fn tell(connection: &Connection, at: Timestamp, seq: Seq) -> Result<()> {
    let (statement, values) = inserting!(
        "INSERT INTO events" (
            at: at.as_millis(),
            kind: EventKind::ActionDispatched.number(),
            seq: seq.0,
        )
        "VALUES (" ")"
    );
    connection.prepare_cached(statement)?.execute(values)?;
    Ok(())
}

fn newest(connection: &Connection) -> Result<EventPosition> {
    let mut select = connection.prepare_cached("SELECT MAX(pos) FROM events")?;
    let newest: Option<i64> = select.query_row([], |row| row.get(0))?;
    Ok(EventPosition::of_row(newest.unwrap_or(0)))
}

fn newest_with_instant(connection: &Connection) -> Result<EventId> {
    let mut select =
        connection.prepare_cached("SELECT pos, at FROM events ORDER BY pos DESC LIMIT 1")?;
    let newest: Option<(i64, i64)> = select
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (position, at) = newest.unwrap_or((0, 0));
    Ok(EventId::of_position(
        Timestamp::from_millis(at),
        EventPosition::of_row(position),
    ))
}

/// Position of the oldest event that can be read.
fn oldest(connection: &Connection, disk: &Disk) -> Result<EventPosition> {
    let mut select = connection.prepare_cached("SELECT MIN(pos) FROM events")?;
    let oldest = select.query_row([], |row| row.get::<_, Option<i64>>(0));
    match oldest.map_err(StoreError::from) {
        Err(StoreError::Damaged(why)) => {
            disk.count_damage(&why);
            beyond_damage(connection, EventPosition::START)
        }
        oldest => Ok(EventPosition::of_row(oldest?.unwrap_or(0))),
    }
}

fn has(connection: &Connection, id: EventId) -> Result<bool> {
    if id.is_of_position() {
        if id.position() > newest(connection)? {
            return Ok(false);
        }
        let before = "SELECT at FROM events WHERE pos <= ?1 ORDER BY pos DESC LIMIT 1";
        let found: Option<i64> = connection
            .prepare_cached(before)?
            .query_row([id.position().row()], |row| row.get(0))
            .optional()?;
        return Ok(found.is_none_or(|at| id.is_of(Timestamp::from_millis(at))));
    }
    let mut select = connection.prepare_cached("SELECT at FROM events WHERE pos = ?1")?;
    let found: Option<i64> = select
        .query_row([id.position().row()], |row| row.get(0))
        .optional()?;
    Ok(found.is_some_and(|at| id.is_of(Timestamp::from_millis(at))))
}

fn look(
    connection: &Connection,
    disk: &Disk,
    after: EventPosition,
    limit: usize,
) -> Result<EventsPage> {
    let mut page = EventsPage::begin(after, newest(connection)?);
    let mut select = connection
        .prepare_cached("SELECT pos, at, kind, seq FROM events WHERE pos > ?1 ORDER BY pos")?;
    let mut rows = select.query([after.row()])?;
    let (mut looked, mut bytes) = (0, EventBytes::default());
    loop {
        let row = match rows.next().map_err(StoreError::from) {
            Ok(Some(row)) => row,
            Ok(None) => break,
            Err(StoreError::Damaged(why)) => {
                disk.count_damage(&why);
                page.looked_to = beyond_damage(connection, page.looked_to)?;
                page.last = None;
                page.more = true;
                break;
            }
            Err(error) => return Err(error),
        };
        if looked == limit {
            page.more = true;
            break;
        }
        looked += 1;
        let at = Timestamp::from_millis(row.get(1)?);
        page.looked_to = EventPosition::of_row(row.get(0)?);
        page.last = Some(at);
        let (Some(kind), Some(seq)) = (
            EventKind::of_number(row.get(2)?),
            row.get::<_, Option<i64>>(3)?,
        ) else {
            continue;
        };
        let Some(action) = readable_action(connection, disk, Seq(seq))? else {
            continue;
        };
        let event = Event {
            position: page.looked_to,
            at,
            kind,
            action,
        };
        page.more = bytes.are_full_with(&event);
        page.events.push(event);
        if page.more {
            break;
        }
    }
    Ok(page)
}

/// The nearest position behind one from which events can be read.
fn beyond_damage(connection: &Connection, from: EventPosition) -> Result<EventPosition> {
    let mut select =
        connection.prepare_cached("SELECT pos FROM events WHERE pos > ?1 ORDER BY pos LIMIT 1")?;
    let reads = |place: i64| Ok(select.query([place])?.next().map(drop)?);
    Ok(EventPosition::of_row(damage::beyond(from.row(), 1, reads)?))
}

/// What the journal has of an action that is over. What lies on a damaged page is left out, so that the events behind it are told.
fn readable_action(connection: &Connection, disk: &Disk, seq: Seq) -> Result<Option<EventAction>> {
    let found = action(connection, seq);
    if let Err(StoreError::Damaged(why)) = &found {
        disk.count_damage(why);
        return Ok(None);
    }
    found
}

fn action(connection: &Connection, seq: Seq) -> Result<Option<EventAction>> {
    let mut select = connection.prepare_cached(
        "SELECT a.id, a.namespace, a.tenant, a.provider, a.action_type, o.outcome FROM actions a JOIN outcomes o ON o.seq = a.seq \
         WHERE a.seq = ?1",
    )?;
    let found = select.query_row([seq.0], |row| {
        Ok(EventAction {
            seq,
            id: text(row, 0)?,
            namespace: text(row, 1)?,
            tenant: text(row, 2)?,
            provider: text(row, 3)?,
            action_type: text(row, 4)?,
            outcome: outcome_text(text(row, 5)?),
        })
    });
    Ok(found.optional()?)
}

/// Positions of the oldest events, up to the first that is kept. Those on damaged pages are passed over, so that the others go.
fn find_old(connection: &Connection, disk: &Disk, kept: EventsKept) -> Result<Vec<i64>> {
    let newest = newest(connection)?;
    let mut select = connection.prepare_cached(
        "SELECT pos, at FROM events WHERE pos > ?1 AND pos < ?2 ORDER BY pos LIMIT ?3",
    )?;
    let (mut after, mut looked, mut old) = (EventPosition::START, 0, Vec::new());
    loop {
        let left = MAX_PRUNED_EVENTS - looked;
        let mut rows = select.query(params![after.row(), newest.row(), left as i64])?;
        let why = loop {
            match rows.next().map_err(StoreError::from) {
                Ok(Some(row)) => {
                    let position = row.get(0)?;
                    (after, looked) = (EventPosition::of_row(position), looked + 1);
                    if kept.have(Timestamp::from_millis(row.get(1)?)) {
                        return Ok(old);
                    }
                    old.push(position);
                }
                Ok(None) => return Ok(old),
                Err(StoreError::Damaged(why)) => break why,
                Err(error) => return Err(error),
            }
        };
        disk.count_damage(&why);
        after = beyond_damage(connection, after)?;
    }
}

fn delete(connection: &Connection, positions: &[i64]) -> Result<()> {
    let mut delete = connection.prepare_cached("DELETE FROM events WHERE pos = ?1")?;
    for position in positions {
        delete.execute([position])?;
    }
    Ok(())
}
