//! Looking back: the audit trail, and dead letters.

use std::sync::Arc;

use acteon_core::limits::MAX_INLINE_BYTES;
use acteon_core::{ActionId, Scope};
use acteon_store::{Glance, HistoryFilter, PageRequest, Record, Seq, StoreError};

use crate::gateway::Gateway;
use crate::view::{ActionPage, ActionView};

impl Gateway {
    /// The actions with this id that the scope covers.
    pub async fn find(&self, scope: &Scope, id: &ActionId) -> Result<Vec<ActionView>, StoreError> {
        let found = self.inner.store.find(scope, id).await?;
        self.views(found).await
    }

    /// A page of the journal.
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

    /// The newest actions that match, without their texts, and whether there may be more.
    pub async fn glance(
        &self,
        filter: HistoryFilter,
        limit: usize,
    ) -> Result<(Vec<Glance>, bool), StoreError> {
        self.inner.store.glance(filter, limit).await
    }

    /// How many dead letters there are, counted up to a million.
    pub async fn count_dead_letters(&self, scope: &Scope) -> Result<usize, StoreError> {
        self.inner.store.count_dead(scope, 1_000_000).await
    }

    /// Takes dead letters off the list. They stay in the journal.
    pub async fn discard(&self, letters: Vec<Seq>) -> Result<usize, StoreError> {
        self.inner.store.discard(letters).await
    }

    /// What may be seen of records. Where something is hidden, payloads are read for it, which takes a thread of its own for long ones.
    async fn views(&self, records: Vec<Record>) -> Result<Vec<ActionView>, StoreError> {
        let bytes: usize = records
            .iter()
            .map(|record| record.action.payload.get().len())
            .sum();
        let (redaction, due) = (
            self.inner.options.redaction.clone(),
            Arc::clone(&self.inner.due),
        );
        let view = move |mut record: Record| {
            // At its end it is looked at for the last time.
            record.due_at = due.to_wall(record.due_at.min(record.give_up_at));
            // For the retry loop alone: people are told instants of the wall clock.
            record
                .history
                .iter_mut()
                .for_each(|attempt| attempt.due_time = None);
            redaction.view(record)
        };
        if bytes <= MAX_INLINE_BYTES {
            return Ok(records.into_iter().map(view).collect());
        }
        let made =
            tokio::task::spawn_blocking(move || records.into_iter().map(view).collect()).await;
        made.map_err(|_| StoreError::Engine("a record could not be shown".into()))
    }
}
