//! Documents.

use acteon_core::BoxFuture;

use super::store::{MemoryStore, ready};
use crate::StoreError;
use crate::document::{DELETIONS_KEPT, Document, DocumentChanges, DocumentKind, Put, is_whole};
use crate::store::Documents;

impl Documents for MemoryStore {
    fn documents(&self, kind: DocumentKind) -> BoxFuture<'_, Result<Vec<Document>, StoreError>> {
        let tables = self.lock();
        ready(Ok(tables
            .documents
            .values()
            .map(|(document, _)| document)
            .filter(|document| document.kind == kind)
            .cloned()
            .collect()))
    }

    fn document(
        &self,
        kind: DocumentKind,
        id: &str,
    ) -> BoxFuture<'_, Result<Option<Document>, StoreError>> {
        ready(Ok(self
            .lock()
            .documents
            .get(&(kind.as_str(), id.to_owned()))
            .map(|(document, _)| document.clone())))
    }

    fn documents_since(&self, known: i64) -> BoxFuture<'_, Result<DocumentChanges, StoreError>> {
        let tables = self.lock();
        let revision = self.revision.get();
        let whole = is_whole(known, revision);
        let after = if whole { -1 } else { known };
        let documents = tables
            .documents
            .values()
            .filter(|(_, changed)| *changed > after)
            .map(|(document, _)| document.clone())
            .collect();
        let deleted = tables
            .deletions
            .range(after + 1..)
            .filter(|_| !whole)
            .map(|(_, deleted)| deleted.clone())
            .collect();
        ready(Ok(DocumentChanges {
            revision,
            whole,
            documents,
            deleted,
        }))
    }

    fn put_document(&self, document: Document) -> BoxFuture<'_, Result<Put, StoreError>> {
        let mut tables = self.lock();
        let key = (document.kind.as_str(), document.id.clone());
        let found = tables
            .documents
            .get(&key)
            .map_or(0, |(found, _)| found.version);
        if found != document.version {
            return ready(Ok(Put::Changed));
        }
        let has_name = |(other, _): &(Document, i64)| {
            other.kind == document.kind && other.name == document.name && other.id != document.id
        };
        if tables.documents.values().any(has_name) {
            return ready(Ok(Put::NameTaken));
        }
        let (version, revision) = (found + 1, self.revision.get() + 1);
        tables.documents.insert(
            key,
            (
                Document {
                    version,
                    ..document
                },
                revision,
            ),
        );
        self.revision.set(revision);
        ready(Ok(Put::Written(version)))
    }

    fn delete_document(
        &self,
        kind: DocumentKind,
        id: &str,
        version: Option<i64>,
    ) -> BoxFuture<'_, Result<bool, StoreError>> {
        let mut tables = self.lock();
        let key = (kind.as_str(), id.to_owned());
        let is_it =
            |(found, _): &(Document, i64)| version.is_none_or(|version| found.version == version);
        let deleted = tables.documents.get(&key).is_some_and(is_it)
            && tables.documents.remove(&key).is_some();
        if deleted {
            let revision = self.revision.get() + 1;
            tables.deletions.insert(revision, (kind, id.to_owned()));
            tables.deletions = tables.deletions.split_off(&(revision - DELETIONS_KEPT));
            self.revision.set(revision);
        }
        ready(Ok(deleted))
    }

    fn documents_changed(&self, known: i64) -> BoxFuture<'_, Result<i64, StoreError>> {
        Box::pin(async move { Ok(self.revision.beside(known).await) })
    }
}
