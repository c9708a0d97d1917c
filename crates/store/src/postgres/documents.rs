//! Documents.

use acteon_core::BoxFuture;

use super::connect::{Conn, in_time};
use super::error::Failure;
use super::revision::{lock_revision, raise, revision};
use super::rows::key;
use super::store::PostgresStore;
use super::{calls, listen};
use crate::StoreError;
use crate::document::{DELETIONS_KEPT, Document, DocumentChanges, DocumentKind, Put, is_whole};
use crate::store::Documents;

impl Documents for PostgresStore {
    fn documents(&self, kind: DocumentKind) -> BoxFuture<'_, Result<Vec<Document>, StoreError>> {
        Box::pin(async move { call!(self.pool, conn => list(conn, kind)) })
    }

    fn document(
        &self,
        kind: DocumentKind,
        id: &str,
    ) -> BoxFuture<'_, Result<Option<Document>, StoreError>> {
        let id = id.to_owned();
        Box::pin(async move { call!(self.pool, conn => get(conn, kind, &id)) })
    }

    fn documents_since(&self, known: i64) -> BoxFuture<'_, Result<DocumentChanges, StoreError>> {
        Box::pin(async move { call!(self.own, conn => since(conn, known)) })
    }

    fn put_document(&self, document: Document) -> BoxFuture<'_, Result<Put, StoreError>> {
        Box::pin(async move {
            let put = change!(self.pool, conn, again => put(conn, &document, again))?;
            if matches!(put, Put::Written(_)) {
                self.tell(listen::DOCUMENTS).await;
            }
            Ok(put)
        })
    }

    fn delete_document(
        &self,
        kind: DocumentKind,
        id: &str,
        version: Option<i64>,
    ) -> BoxFuture<'_, Result<bool, StoreError>> {
        let id = id.to_owned();
        Box::pin(async move {
            // After a try whose answer was lost, that it is gone is this call's doing as far as anybody can tell.
            let deleted = change!(self.pool, conn, again => async {
                Ok(delete(conn, kind, &id, version).await? || again && get(conn, kind, &id).await?.is_none())
            })?;
            if deleted {
                self.tell(listen::DOCUMENTS).await;
            }
            Ok(deleted)
        })
    }

    fn documents_changed(&self, known: i64) -> BoxFuture<'_, Result<i64, StoreError>> {
        Box::pin(self.another_revision(known))
    }
}

async fn list(conn: &Conn, kind: DocumentKind) -> Result<Vec<Document>, Failure> {
    let select = "SELECT id, name, body, version FROM documents WHERE kind = $1 ORDER BY id";
    let rows = conn.query(select, &[&kind.as_str()]).await?;
    let document = |row: &tokio_postgres::Row| {
        Ok(Document {
            kind,
            id: row.try_get(0)?,
            name: row.try_get(1)?,
            body: row.try_get(2)?,
            version: row.try_get(3)?,
        })
    };
    rows.iter().map(document).collect()
}

async fn get(conn: &Conn, kind: DocumentKind, id: &str) -> Result<Option<Document>, Failure> {
    let select = "SELECT name, body, version FROM documents WHERE kind = $1 AND id = $2";
    let row = conn.query_opt(select, &[&kind.as_str(), &id]).await?;
    let document = |row: tokio_postgres::Row| {
        Ok::<_, Failure>(Document {
            kind,
            id: id.to_owned(),
            name: row.try_get(0)?,
            body: row.try_get(1)?,
            version: row.try_get(2)?,
        })
    };
    row.map(document).transpose()
}

/// Changes after a revision, in one statement, so that all is as of one instant: a change between two would be taken for known and never read.
const SINCE: &str = "SELECT revision, NULL AS kind, NULL AS id, NULL AS name, NULL AS body, NULL::bigint AS version \
    FROM revisions WHERE name = 'documents' \
    UNION ALL SELECT revision, kind, id, name, body, version FROM documents WHERE revision > $1 \
    UNION ALL SELECT revision, kind, id, NULL, NULL, NULL FROM document_deletions WHERE revision > $1";

/// Changes of the documents after the revision `known`.
async fn since(conn: &Conn, known: i64) -> Result<DocumentChanges, Failure> {
    let whole = is_whole(known, revision(conn).await?);
    let after = if whole { -1 } else { known };
    let mut changes = DocumentChanges {
        whole,
        ..DocumentChanges::default()
    };
    for row in conn.query(SINCE, &[&after]).await? {
        let (kind, version): (Option<String>, Option<i64>) = (row.try_get(1)?, row.try_get(5)?);
        let Some(kind) = kind else {
            changes.revision = row.try_get(0)?;
            continue;
        };
        let Some(kind) = DocumentKind::parse(&kind) else {
            continue;
        };
        match version {
            Some(version) => {
                changes.documents.push(Document {
                    kind,
                    id: row.try_get(2)?,
                    name: row.try_get(3)?,
                    body: row.try_get(4)?,
                    version,
                });
            }
            None if whole => {}
            None => changes.deleted.push((kind, row.try_get(2)?)),
        }
    }
    Ok(changes)
}

/// Changes of documents are few: they go one after the other, each with the lock on the revision.
async fn put(conn: &Conn, document: &Document, again: bool) -> Result<Put, Failure> {
    let Document {
        kind,
        id,
        name,
        body,
        version,
    } = document;
    let (kind, name) = (kind.as_str(), key(name));
    conn.batch_execute("BEGIN").await?;
    lock_revision(conn).await?;
    let found = conn
        .query_opt(
            "SELECT version, body FROM documents WHERE kind = $1 AND id = $2",
            &[&kind, id],
        )
        .await?;
    let (found, text): (i64, String) = found.map_or(Ok((0, String::new())), |row| {
        Ok::<_, Failure>((row.try_get(0)?, row.try_get(1)?))
    })?;
    if again && found == version + 1 && text == *body {
        // The try whose answer was lost wrote it.
        conn.batch_execute("ROLLBACK").await?;
        return Ok(Put::Written(found));
    }
    let taken = conn
        .query_opt(
            "SELECT 1 FROM documents WHERE kind = $1 AND name = $2 AND id <> $3",
            &[&kind, &name, id],
        )
        .await?;
    let put = match (found == *version, taken) {
        (false, _) => Put::Changed,
        (true, Some(_)) => Put::NameTaken,
        (true, None) => Put::Written(version + 1),
    };
    if let Put::Written(version) = put {
        let revision = raise(conn).await?;
        let upsert = "INSERT INTO documents (kind, id, name, body, version, revision) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (kind, id) DO UPDATE \
             SET name = excluded.name, body = excluded.body, version = excluded.version, revision = excluded.revision";
        conn.execute(upsert, &[&kind, id, &name, body, &version, &revision])
            .await?;
    }
    conn.batch_execute("COMMIT").await?;
    Ok(put)
}

async fn delete(
    conn: &Conn,
    kind: DocumentKind,
    id: &str,
    version: Option<i64>,
) -> Result<bool, Failure> {
    let delete =
        "DELETE FROM documents WHERE kind = $1 AND id = $2 AND version = coalesce($3, version)";
    conn.batch_execute("BEGIN").await?;
    lock_revision(conn).await?;
    let deleted = conn
        .execute(delete, &[&kind.as_str(), &id, &version])
        .await?
        == 1;
    if deleted {
        let revision = raise(conn).await?;
        let insert = "INSERT INTO document_deletions (revision, kind, id) VALUES ($1, $2, $3)";
        conn.execute(insert, &[&revision, &kind.as_str(), &id])
            .await?;
        // Twice what readers ask for.
        conn.execute(
            "DELETE FROM document_deletions WHERE revision < $1",
            &[&(revision - 2 * DELETIONS_KEPT)],
        )
        .await?;
    }
    conn.batch_execute("COMMIT").await?;
    Ok(deleted)
}
