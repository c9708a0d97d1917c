//! Notes: small texts under a name, until an instant.

use acteon_core::{BoxFuture, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::Result;
use super::command::Urgency;
use super::rows::text;
use super::store::SqliteStore;
use crate::store::{NoteSwap, Notes};

impl Notes for SqliteStore {
    fn put_note(&self, name: &str, text: &str, until: Timestamp) -> BoxFuture<'_, Result<()>> {
        let (name, text) = (name.to_owned(), text.to_owned());
        self.write(Urgency::Waited, move |connection| {
            put_note(connection, &name, &text, until)
        })
    }

    fn note(&self, name: &str, now: Timestamp) -> BoxFuture<'_, Result<Option<String>>> {
        let name = name.to_owned();
        self.readers
            .own(move |connection| note(connection, &name, now))
    }

    fn swap_note(&self, swap: NoteSwap) -> BoxFuture<'_, Result<bool>> {
        self.write(Urgency::Waited, move |connection| {
            if note(connection, &swap.name, swap.now)? != swap.expected {
                return Ok(false);
            }
            put_note(connection, &swap.name, &swap.text, swap.until).map(|()| true)
        })
    }
}

pub(super) fn put_note(
    connection: &Connection,
    name: &str,
    text: &str,
    until: Timestamp,
) -> Result<()> {
    let upsert = "INSERT INTO notes (name, text, until) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO UPDATE SET text = ?2, until = ?3";
    connection
        .prepare_cached(upsert)?
        .execute(params![name, text, until.as_millis()])?;
    Ok(())
}

pub(super) fn note(connection: &Connection, name: &str, now: Timestamp) -> Result<Option<String>> {
    let mut select =
        connection.prepare_cached("SELECT text FROM notes WHERE name = ?1 AND until > ?2")?;
    Ok(select
        .query_row(params![name, now.as_millis()], |row| text(row, 0))
        .optional()?)
}
