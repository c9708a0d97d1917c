//! Changes of a document: writing, changing and deleting it.

use acteon_store::{Document, DocumentKind, Put, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::policies::document::kind_name;
use crate::policies::error::PolicyError;
use crate::shared::Gateway;

/// Number of tries before a change that others keep overtaking is given up.
pub(super) const TRIES: usize = 8;

impl Gateway {
    /// Writes a document, if there is room for it beside those there are. `before` is its version and its bytes, where it is there.
    pub(super) async fn put<T: Serialize>(
        &self,
        kind: DocumentKind,
        (id, name): (&str, &str),
        body: &T,
        before: Option<(i64, usize)>,
    ) -> Result<Put, PolicyError> {
        let body = serde_json::to_string(body).map_err(|error| StoreError::Engine(error.into()))?;
        let (version, bytes) = before.unwrap_or_default();
        let _room = self.inner.policies.document_room(
            kind,
            usize::from(before.is_none()),
            body.len().saturating_sub(bytes),
        )?;
        let document = Document {
            kind,
            id: id.into(),
            name: name.into(),
            body,
            version,
        };
        let put = self.inner.store.put_document(document).await?;
        self.take_over_changes().await;
        Ok(put)
    }

    /// Takes over what was just written. Should that fail, `follow` tries on: what is written stays written.
    pub(super) async fn take_over_changes(&self) {
        drop(
            self.inner
                .policies
                .refresh(&*self.inner.store, self.inner.clock.now())
                .await,
        );
    }

    /// Changes a document, as it stands in the store.
    pub(super) async fn change<T: Serialize + DeserializeOwned>(
        &self,
        kind: DocumentKind,
        id: &str,
        mut change: impl FnMut(&mut T) -> Result<(), PolicyError>,
    ) -> Result<T, PolicyError> {
        for _ in 0..TRIES {
            let document = self
                .inner
                .store
                .document(kind, id)
                .await?
                .ok_or(PolicyError::NotFound(kind_name(kind)))?;
            let mut value: T = serde_json::from_str(&document.body)
                .map_err(|error| StoreError::Engine(error.into()))?;
            change(&mut value)?;
            if let Put::Written(_) = self
                .put(
                    kind,
                    (id, &document.name),
                    &value,
                    Some((document.version, document.body.len())),
                )
                .await?
            {
                return Ok(value);
            }
        }
        Err(PolicyError::Store(StoreError::Busy))
    }

    pub(super) async fn delete(&self, kind: DocumentKind, id: &str) -> Result<(), PolicyError> {
        let deleted = self.inner.store.delete_document(kind, id, None).await?;
        self.take_over_changes().await;
        if deleted {
            Ok(())
        } else {
            Err(PolicyError::NotFound(kind_name(kind)))
        }
    }
}
