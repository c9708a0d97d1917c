//! Processes and their leases.

use acteon_core::{BoxFuture, Timestamp};
use rusqlite::Connection;

use super::command::Urgency;
use super::store::SqliteStore;
use super::{Result, flow_claims, holds};
use crate::model::{Freed, Heartbeat, OwnerId};
use crate::store::Processes;

impl Processes for SqliteStore {
    fn register(&self) -> BoxFuture<'_, Result<OwnerId>> {
        self.write(Urgency::Waited, |connection| register(connection))
    }

    fn renew(&self, owner: OwnerId) -> BoxFuture<'_, Result<bool>> {
        self.write(Urgency::Lease, move |connection| renew(connection, owner))
    }

    fn heartbeats(&self) -> BoxFuture<'_, Result<Vec<Heartbeat>>> {
        self.readers.own(heartbeats)
    }

    fn retire(&self, owner: OwnerId, now: Timestamp) -> BoxFuture<'_, Result<()>> {
        self.write(Urgency::Waited, move |connection| {
            retire(connection, owner, now)
        })
    }

    fn take_over(&self, dead: Vec<Heartbeat>, now: Timestamp) -> BoxFuture<'_, Result<Freed>> {
        self.write(Urgency::Waited, move |connection| {
            take_over(connection, &dead, now)
        })
    }
}

fn register(connection: &Connection) -> Result<OwnerId> {
    connection
        .prepare_cached("INSERT INTO processes (beats) VALUES (0)")?
        .execute([])?;
    Ok(OwnerId(connection.last_insert_rowid()))
}

fn renew(connection: &Connection, owner: OwnerId) -> Result<bool> {
    let mut statement =
        connection.prepare_cached("UPDATE processes SET beats = beats + 1 WHERE owner = ?1")?;
    Ok(statement.execute([owner.0])? == 1)
}

fn heartbeats(connection: &Connection) -> Result<Vec<Heartbeat>> {
    let mut select = connection.prepare_cached("SELECT owner, beats FROM processes")?;
    let rows = select.query_map([], |row| {
        Ok(Heartbeat {
            owner: OwnerId(row.get(0)?),
            count: row.get(1)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Ends a process in good order. Rows that it may have sent without recording it are marked; usually there are none.
fn retire(connection: &Connection, owner: OwnerId, now: Timestamp) -> Result<()> {
    holds::free_all_of(connection, owner, now)?;
    flow_claims::free_all_of(connection, owner)?;
    connection.execute("DELETE FROM processes WHERE owner = ?1", [owner.0])?;
    Ok(())
}

fn take_over(connection: &Connection, dead: &[Heartbeat], now: Timestamp) -> Result<Freed> {
    for beat in dead {
        connection
            .prepare_cached("DELETE FROM processes WHERE owner = ?1 AND beats = ?2")?
            .execute([beat.owner.0, beat.count])?;
    }
    flow_claims::free_orphans(connection)?;
    holds::free_orphans(connection, now)
}
