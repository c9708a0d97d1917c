//! Processes and their leases.

use acteon_core::Timestamp;
use rusqlite::Connection;

use super::{Result, claims};
use crate::model::{Beat, Freed, OwnerId};

pub(super) fn register(connection: &Connection) -> Result<OwnerId> {
    connection
        .prepare_cached("INSERT INTO processes (beats) VALUES (0)")?
        .execute([])?;
    Ok(OwnerId(connection.last_insert_rowid()))
}

pub(super) fn renew(connection: &Connection, owner: OwnerId) -> Result<bool> {
    let mut statement =
        connection.prepare_cached("UPDATE processes SET beats = beats + 1 WHERE owner = ?1")?;
    Ok(statement.execute([owner.0])? == 1)
}

pub(super) fn beats(connection: &Connection) -> Result<Vec<Beat>> {
    let mut select = connection.prepare_cached("SELECT owner, beats FROM processes")?;
    let rows = select.query_map([], |row| {
        Ok(Beat {
            owner: OwnerId(row.get(0)?),
            count: row.get(1)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// What it could not record although it may have sent it is marked; in good order there is none.
pub(super) fn retire(connection: &Connection, owner: OwnerId, now: Timestamp) -> Result<()> {
    claims::free_all_of(connection, owner, now)?;
    connection.execute("DELETE FROM processes WHERE owner = ?1", [owner.0])?;
    Ok(())
}

pub(super) fn take_over(connection: &Connection, dead: &[Beat], now: Timestamp) -> Result<Freed> {
    for beat in dead {
        connection
            .prepare_cached("DELETE FROM processes WHERE owner = ?1 AND beats = ?2")?
            .execute([beat.owner.0, beat.count])?;
    }
    claims::free_orphans(connection, now)
}

/// Whether a process still is one. What is no process any more gets no rows: nobody would take them over.
pub(super) fn is_registered(connection: &Connection, owner: OwnerId) -> Result<bool> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM processes WHERE owner = ?1")?
        .exists([owner.0])?)
}
