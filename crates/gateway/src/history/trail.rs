//! Audit trail and dead letters, as they are looked up.

use std::sync::Arc;

use acteon_core::limits::MAX_INLINE_BYTES;
use acteon_core::{ActionId, Prepared, ProviderName, Scope};
use acteon_store::{CoverageRow, HistoryFilter, PageRequest, Record, Seq, StoreError};

use crate::admit::pending::outcome_of;
use crate::history::view::{ActionPage, ActionView};
use crate::shared::{Gateway, Inner};

impl Gateway {
    /// Views of the actions with this id that the scope covers.
    pub async fn find(&self, scope: &Scope, id: &ActionId) -> Result<Vec<ActionView>, StoreError> {
        let found = self.inner.store.find(scope, id).await?;
        self.views(found).await
    }

    /// Page of the journal.
    pub async fn history(
        &self,
        filter: HistoryFilter,
        page: PageRequest,
    ) -> Result<ActionPage, StoreError> {
        let page = self.inner.store.history(filter, page).await?;
        Ok(ActionPage {
            views: self.views(page.records).await?,
            next: page.next,
            total: page.total,
            cut: page.cut,
        })
    }

    /// Newest actions that match, without their texts, and whether there may be more.
    pub async fn coverage(
        &self,
        filter: HistoryFilter,
        limit: usize,
    ) -> Result<(Vec<CoverageRow>, bool), StoreError> {
        self.inner.store.coverage(filter, limit).await
    }

    /// Number of dead letters, counted up to a million.
    pub async fn count_dead_letters(&self, scope: &Scope) -> Result<usize, StoreError> {
        self.inner.store.count_dead(scope, 1_000_000).await
    }

    /// Takes dead letters off the list. They stay in the journal.
    pub async fn discard(&self, letters: Vec<Seq>) -> Result<usize, StoreError> {
        self.inner.store.discard(letters).await
    }

    /// Views of records. Requests are read for whom they go to, and payloads where something is
    /// hidden, which takes a thread of its own for long ones.
    pub(crate) async fn views(&self, records: Vec<Record>) -> Result<Vec<ActionView>, StoreError> {
        let bytes: usize = records.iter().map(read_bytes).sum();
        let inner = Arc::clone(&self.inner);
        let view = move |mut record: Record| {
            // For the retry loop alone: people are told instants of the wall clock.
            record
                .history
                .iter_mut()
                .for_each(|attempt| attempt.due_time = None);
            let recipients = record
                .prepared
                .as_deref()
                .map(|prepared| addressees(&inner, &record.provider, prepared));
            let outcome = outcome_of(&inner, &record);
            inner
                .options
                .redaction
                .view(record, outcome, recipients.unwrap_or_default())
        };
        if bytes <= MAX_INLINE_BYTES {
            return Ok(records.into_iter().map(view).collect());
        }
        let made =
            tokio::task::spawn_blocking(move || records.into_iter().map(view).collect()).await;
        made.map_err(|_| StoreError::Engine("a record could not be shown".into()))
    }
}

/// Bytes of a record that are read to show it.
pub(crate) fn read_bytes(record: &Record) -> usize {
    record.action.payload.get().len()
        + record
            .prepared
            .as_ref()
            .map_or(0, |prepared| prepared.bytes.len())
}

/// Recipients of a request, as its provider knows them; as far as the store knows where the
/// provider is not configured any more.
fn addressees(inner: &Inner, provider: &ProviderName, prepared: &Prepared) -> Vec<String> {
    match inner.providers.get(provider) {
        Some(entry) => entry.provider().addressees(prepared),
        None => prepared.budgeted().map(str::to_owned).collect(),
    }
}
