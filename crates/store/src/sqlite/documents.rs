//! Documents and notes.

use acteon_core::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::Result;
use crate::document::{Document, DocumentKind, Put};

/// The note that counts changes.
const REVISION: &str = "documents:revision";

pub(super) fn list(connection: &Connection, kind: DocumentKind) -> Result<Vec<Document>> {
    let mut select = connection.prepare_cached("SELECT id, name, body, version FROM documents WHERE kind = ?1 ORDER BY id")?;
    let rows = select.query_map([kind.as_str()], |row| {
        Ok(Document { kind, id: row.get(0)?, name: row.get(1)?, body: row.get(2)?, version: row.get(3)? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn put(connection: &Connection, document: &Document) -> Result<Put> {
    let Document { kind, id, name, body, version } = document;
    let kind = kind.as_str();
    let mut select = connection.prepare_cached("SELECT version FROM documents WHERE kind = ?1 AND id = ?2")?;
    let found: Option<i64> = select.query_row(params![kind, id], |row| row.get(0)).optional()?;
    if found.unwrap_or(0) != *version {
        return Ok(Put::Changed);
    }
    if connection.prepare_cached("SELECT 1 FROM documents WHERE kind = ?1 AND name = ?2 AND id <> ?3")?.exists(params![kind, name, id])? {
        return Ok(Put::NameTaken);
    }
    let mut upsert = connection.prepare_cached(
        "INSERT INTO documents (kind, id, name, body, version) VALUES (?1, ?2, ?3, ?4, ?5) \
         ON CONFLICT (kind, id) DO UPDATE SET name = ?3, body = ?4, version = ?5",
    )?;
    upsert.execute(params![kind, id, name, body, version + 1])?;
    count_change(connection)?;
    Ok(Put::Written(version + 1))
}

pub(super) fn delete(connection: &Connection, kind: DocumentKind, id: &str) -> Result<bool> {
    let deleted = connection.prepare_cached("DELETE FROM documents WHERE kind = ?1 AND id = ?2")?.execute(params![kind.as_str(), id])?;
    if deleted == 1 {
        count_change(connection)?;
    }
    Ok(deleted == 1)
}

pub(super) fn count_change(connection: &Connection) -> Result<()> {
    put_note(connection, REVISION, &(revision(connection)? + 1).to_string(), Timestamp::from_millis(i64::MAX))
}

pub(super) fn revision(connection: &Connection) -> Result<i64> {
    Ok(note(connection, REVISION, Timestamp::default())?.and_then(|text| text.parse().ok()).unwrap_or(0))
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
