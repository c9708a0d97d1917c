//! Events: what one commit wrote is one row, whose number is the position of the last of them.

mod row;
mod tell;

pub(super) use tell::Writing;

use std::sync::Arc;

use acteon_core::limits::MAX_PRUNED_EVENTS;
use acteon_core::{BoxFuture, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::command::Urgency;
use super::disk::Disk;
use super::rows::text;
use super::store::SqliteStore;
use super::{Result, damage};
use crate::StoreError;
use crate::event::{
    Event, EventAction, EventBytes, EventId, EventPosition, EventsKept, EventsPage,
};
use crate::model::Seq;
use crate::raw::outcome_text;
use crate::store::Events;
use row::EventRow;

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
            let count = old.events;
            if count > 0 {
                self.write(Urgency::Background, move |connection| {
                    delete(connection, &old.rows)
                })
                .await?;
            }
            Ok(count)
        })
    }
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
    let select = format!(
        "SELECT {} + 1 FROM events ORDER BY pos LIMIT 1",
        EventRow::BEFORE_FIRST
    );
    let mut select = connection.prepare_cached(&select)?;
    let oldest = select.query_row([], |row| row.get(0)).optional();
    match oldest.map_err(StoreError::from) {
        Err(StoreError::Damaged(why)) => {
            disk.count_damage(&why);
            beyond_damage(connection, EventPosition::START)
        }
        oldest => Ok(EventPosition::of_row(oldest?.unwrap_or(0))),
    }
}

fn has(connection: &Connection, id: EventId) -> Result<bool> {
    let is_of_position = id.is_of_position();
    if is_of_position && id.position() > newest(connection)? {
        return Ok(false);
    }
    let row = row_where(connection, "pos >= ?1 ORDER BY pos", id.position())?;
    let there = row.and_then(|row| {
        row.events()
            .find(|(position, _)| *position == id.position())
    });
    if let Some((_, event)) = there {
        return Ok(id.is_of(event.at));
    }
    if !is_of_position {
        return Ok(false);
    }
    // Of the newest event up to there.
    let row = row_where(connection, "pos < ?1 ORDER BY pos DESC", id.position())?;
    Ok(row.is_none_or(|row| id.is_of(row.at())))
}

/// The first row that a condition and an order of positions find.
fn row_where(
    connection: &Connection,
    condition: &str,
    position: EventPosition,
) -> Result<Option<EventRow>> {
    let select = format!(
        "SELECT {} FROM events WHERE {condition} LIMIT 1",
        EventRow::COLUMNS
    );
    let mut select = connection.prepare_cached(&select)?;
    let mut rows = select.query([position.row()])?;
    rows.next()?.map(EventRow::read).transpose()
}

fn look(
    connection: &Connection,
    disk: &Disk,
    after: EventPosition,
    limit: usize,
) -> Result<EventsPage> {
    let mut page = EventsPage::begin(after, newest(connection)?);
    let select = format!(
        "SELECT {} FROM events WHERE pos > ?1 ORDER BY pos",
        EventRow::COLUMNS
    );
    let mut select = connection.prepare_cached(&select)?;
    let mut rows = select.query([after.row()])?;
    let (mut looked, mut bytes) = (0, EventBytes::default());
    loop {
        let next = rows.next().map_err(StoreError::from);
        let row = match next.and_then(|row| row.map(EventRow::read).transpose()) {
            Ok(Some(row)) => row,
            Ok(None) => return Ok(page),
            Err(StoreError::Damaged(why)) => {
                disk.count_damage(&why);
                page.looked_to = beyond_damage(connection, page.looked_to)?;
                page.last = None;
                page.more = true;
                return Ok(page);
            }
            Err(error) => return Err(error),
        };
        for (position, told) in row.events() {
            if position <= after {
                continue;
            }
            if looked == limit {
                page.more = true;
                return Ok(page);
            }
            looked += 1;
            (page.looked_to, page.last) = (position, Some(told.at));
            let event = match (row.kind, told.seq) {
                (Some(kind), Some(seq)) => {
                    readable_action(connection, disk, seq)?.map(|action| Event {
                        position,
                        at: told.at,
                        kind,
                        flow: None,
                        action,
                    })
                }
                (Some(_) | None, None) | (None, Some(_)) => row.flow_event(),
            };
            let Some(event) = event else {
                continue;
            };
            page.more = bytes.are_full_with(&event);
            page.events.push(event);
            if page.more {
                return Ok(page);
            }
        }
    }
}

/// The nearest position behind one from which events can be read.
fn beyond_damage(connection: &Connection, from: EventPosition) -> Result<EventPosition> {
    let reads = |place| {
        row_where(
            connection,
            "pos > ?1 ORDER BY pos",
            EventPosition::of_row(place),
        )
        .map(drop)
    };
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

/// Numbers of the oldest rows, up to the first with an event that is kept, and how many events they have. Those on damaged pages are passed over, so
/// that the others go.
fn find_old(connection: &Connection, disk: &Disk, kept: EventsKept) -> Result<Old> {
    let newest = newest(connection)?;
    let select = format!(
        "SELECT {} FROM events WHERE pos > ?1 AND pos < ?2 ORDER BY pos",
        EventRow::COLUMNS
    );
    let mut select = connection.prepare_cached(&select)?;
    let (mut after, mut old) = (EventPosition::START, Old::default());
    loop {
        let mut rows = select.query(params![after.row(), newest.row()])?;
        let why = loop {
            let next = rows.next().map_err(StoreError::from);
            match next.and_then(|row| row.map(EventRow::read).transpose()) {
                Ok(Some(row)) => {
                    after = row.position();
                    if row.events().any(|(_, event)| kept.have(event.at)) {
                        return Ok(old);
                    }
                    old.rows.push(row.number());
                    old.events += row.len();
                    if old.events >= MAX_PRUNED_EVENTS {
                        return Ok(old);
                    }
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

/// Rows that go, and how many events they have.
#[derive(Default)]
struct Old {
    rows: Vec<i64>,
    events: usize,
}

fn delete(connection: &Connection, rows: &[i64]) -> Result<()> {
    let mut delete = connection.prepare_cached("DELETE FROM events WHERE pos = ?1")?;
    for row in rows {
        delete.execute([row])?;
    }
    Ok(())
}
