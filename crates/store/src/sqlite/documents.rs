//! Documents and notes.

use acteon_core::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::Result;
use super::rows::text;
use crate::document::{DELETIONS_KEPT, Document, DocumentChanges, DocumentKind, Put, is_whole};

/// The note that counts changes.
const REVISION: &str = "documents:revision";

pub(super) fn list(connection: &Connection, kind: DocumentKind) -> Result<Vec<Document>> {
    let mut select = connection.prepare_cached(
        "SELECT id, name, body, version FROM documents WHERE kind = ?1 ORDER BY id",
    )?;
    let rows = select.query_map([kind.as_str()], |row| {
        Ok(Document {
            kind,
            id: text(row, 0)?,
            name: text(row, 1)?,
            body: text(row, 2)?,
            version: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn get(
    connection: &Connection,
    kind: DocumentKind,
    id: &str,
) -> Result<Option<Document>> {
    let mut select = connection
        .prepare_cached("SELECT name, body, version FROM documents WHERE kind = ?1 AND id = ?2")?;
    let row = select.query_row([kind.as_str(), id], |row| {
        Ok(Document {
            kind,
            id: id.to_owned(),
            name: text(row, 0)?,
            body: text(row, 1)?,
            version: row.get(2)?,
        })
    });
    Ok(row.optional()?)
}

/// What changed after `known`, read in one transaction: a change between two statements would be taken for known and never read.
pub(super) fn since(connection: &Connection, known: i64) -> Result<DocumentChanges> {
    let transaction = connection.unchecked_transaction()?;
    let revision = revision(&transaction)?;
    let whole = is_whole(known, revision);
    let after = if whole { -1 } else { known };
    let mut changes = DocumentChanges {
        revision,
        whole,
        ..DocumentChanges::default()
    };
    // All of them are read as they lie there: by the index, each would be looked for.
    let select = if whole {
        "WHERE +revision > ?1"
    } else {
        "WHERE revision > ?1"
    };
    let mut select = transaction.prepare_cached(&format!(
        "SELECT kind, id, name, body, version FROM documents {select}"
    ))?;
    let mut rows = select.query([after])?;
    while let Some(row) = rows.next()? {
        if let Some(kind) = DocumentKind::parse(&text(row, 0)?) {
            changes.documents.push(Document {
                kind,
                id: text(row, 1)?,
                name: text(row, 2)?,
                body: text(row, 3)?,
                version: row.get(4)?,
            });
        }
    }
    if !whole {
        let mut select = transaction.prepare_cached(
            "SELECT kind, id FROM document_deletions WHERE revision > ?1 ORDER BY revision",
        )?;
        let mut rows = select.query([after])?;
        while let Some(row) = rows.next()? {
            if let Some(kind) = DocumentKind::parse(&text(row, 0)?) {
                changes.deleted.push((kind, text(row, 1)?));
            }
        }
    }
    Ok(changes)
}

pub(super) fn put(connection: &Connection, document: &Document) -> Result<Put> {
    let Document {
        kind,
        id,
        name,
        body,
        version,
    } = document;
    let kind = kind.as_str();
    let mut select =
        connection.prepare_cached("SELECT version FROM documents WHERE kind = ?1 AND id = ?2")?;
    let found: Option<i64> = select
        .query_row(params![kind, id], |row| row.get(0))
        .optional()?;
    if found.unwrap_or(0) != *version {
        return Ok(Put::Changed);
    }
    if connection
        .prepare_cached("SELECT 1 FROM documents WHERE kind = ?1 AND name = ?2 AND id <> ?3")?
        .exists(params![kind, name, id])?
    {
        return Ok(Put::NameTaken);
    }
    let revision = count_change(connection)?;
    let mut upsert = connection.prepare_cached(
        "INSERT INTO documents (kind, id, name, body, version, revision) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
         ON CONFLICT (kind, id) DO UPDATE SET name = ?3, body = ?4, version = ?5, revision = ?6",
    )?;
    upsert.execute(params![kind, id, name, body, version + 1, revision])?;
    Ok(Put::Written(version + 1))
}

pub(super) fn delete(
    connection: &Connection,
    kind: DocumentKind,
    id: &str,
    version: Option<i64>,
) -> Result<bool> {
    let mut delete = connection.prepare_cached(
        "DELETE FROM documents WHERE kind = ?1 AND id = ?2 AND version = coalesce(?3, version)",
    )?;
    let deleted = delete.execute(params![kind.as_str(), id, version])?;
    if deleted == 1 {
        let revision = count_change(connection)?;
        let mut insert = connection.prepare_cached(
            "INSERT INTO document_deletions (revision, kind, id) VALUES (?1, ?2, ?3)",
        )?;
        insert.execute(params![revision, kind.as_str(), id])?;
        // Twice what readers ask for.
        let mut forget =
            connection.prepare_cached("DELETE FROM document_deletions WHERE revision < ?1")?;
        forget.execute([revision - 2 * DELETIONS_KEPT])?;
    }
    Ok(deleted == 1)
}

/// Raises the revision; says what it is now.
pub(super) fn count_change(connection: &Connection) -> Result<i64> {
    let revision = revision(connection)? + 1;
    put_note(
        connection,
        REVISION,
        &revision.to_string(),
        Timestamp::from_millis(i64::MAX),
    )?;
    Ok(revision)
}

pub(super) fn revision(connection: &Connection) -> Result<i64> {
    Ok(note(connection, REVISION, Timestamp::default())?
        .and_then(|text| text.parse().ok())
        .unwrap_or(0))
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
