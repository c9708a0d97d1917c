//! Documents.

use acteon_core::BoxFuture;
use rusqlite::{Connection, OptionalExtension as _, params};
use tokio::sync::oneshot;

use super::command::{Revising, Task, Urgency};
use super::events::Writing;
use super::options::SqliteOptions;
use super::revision::{count_change, revision};
use super::rows::text;
use super::store::SqliteStore;
use super::{Result, open};
use crate::StoreError;
use crate::document::{DELETIONS_KEPT, Document, DocumentChanges, DocumentKind, Put, is_whole};
use crate::store::{Documents, revision_beside};

impl Documents for SqliteStore {
    fn documents(&self, kind: DocumentKind) -> BoxFuture<'_, Result<Vec<Document>>> {
        self.readers.own(move |connection| list(connection, kind))
    }

    fn document(&self, kind: DocumentKind, id: &str) -> BoxFuture<'_, Result<Option<Document>>> {
        let id = id.to_owned();
        self.readers
            .answers(move |connection| get(connection, kind, &id))
    }

    fn documents_since(&self, known: i64) -> BoxFuture<'_, Result<DocumentChanges>> {
        self.readers.own(move |connection| since(connection, known))
    }

    fn put_document(&self, document: Document) -> BoxFuture<'_, Result<Put>> {
        self.write_document(move |connection| put(connection, &document))
    }

    fn delete_document(
        &self,
        kind: DocumentKind,
        id: &str,
        version: Option<i64>,
    ) -> BoxFuture<'_, Result<bool>> {
        let id = id.to_owned();
        self.write_document(move |connection| delete(connection, kind, &id, version))
    }

    fn documents_changed(&self, known: i64) -> BoxFuture<'_, Result<i64>> {
        revision_beside(self.revision.subscribe(), known)
    }
}

impl SqliteStore {
    /// The documents of a kind in a database, in use or not; `None` where there is none.
    pub fn look_at_documents(
        options: &SqliteOptions,
        kind: DocumentKind,
    ) -> Result<Option<Vec<Document>>> {
        if !options.path.is_file() {
            return Ok(None);
        }
        list(&open::reader(options)?, kind).map(Some)
    }

    /// Queues a change of documents. The revision rises with the commit, also when its caller does not wait any more.
    fn write_document<T, W>(&self, mut work: W) -> BoxFuture<'_, Result<T>>
    where
        T: Send + 'static,
        W: FnMut(&Writing<'_>) -> Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let work = move |connection: &Writing<'_>| Ok((work(connection)?, revision(connection)?));
        let task = Task {
            urgency: Urgency::Waited,
            work,
            opens: |_| 0,
            effect: None,
            reply,
        };
        let sent = self.writer.send(Box::new(Revising {
            task,
            revision: self.revision.clone(),
        }));
        Box::pin(async move {
            sent?;
            let answer = answer.await.unwrap_or_else(|_| {
                Err(StoreError::Unknown("the store was closed meanwhile".into()))
            });
            answer.map(|(result, _)| result)
        })
    }
}

fn list(connection: &Connection, kind: DocumentKind) -> Result<Vec<Document>> {
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

fn get(connection: &Connection, kind: DocumentKind, id: &str) -> Result<Option<Document>> {
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

/// Changes of the documents after the revision `known`, read in one transaction: a change between two statements would be taken for known and never
/// read.
fn since(connection: &Connection, known: i64) -> Result<DocumentChanges> {
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

fn put(connection: &Connection, document: &Document) -> Result<Put> {
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

fn delete(
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
