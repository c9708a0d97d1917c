//! Looking back: the audit trail, and dead letters.

use acteon_core::{ActionId, Scope};
use acteon_store::{Glance, HistoryFilter, PageRequest, Record, StoreError};

use crate::gateway::Gateway;
use crate::view::{ActionPage, ActionView};

impl Gateway {
    /// The actions with this id that the scope covers.
    pub async fn find(&self, scope: &Scope, id: &ActionId) -> Result<Vec<ActionView>, StoreError> {
        Ok(self.inner.store.find(scope, id).await?.into_iter().map(|record| self.view(record)).collect())
    }

    /// A page of the journal.
    pub async fn history(&self, filter: HistoryFilter, page: PageRequest) -> Result<ActionPage, StoreError> {
        let page = self.inner.store.history(filter, page).await?;
        Ok(ActionPage {
            views: page.records.into_iter().map(|record| self.view(record)).collect(),
            next: page.next,
            total: page.total,
            cut: page.cut,
        })
    }

    /// The newest actions that match, without their texts, and whether there may be more.
    pub async fn glance(&self, filter: HistoryFilter, limit: usize) -> Result<(Vec<Glance>, bool), StoreError> {
        self.inner.store.glance(filter, limit).await
    }

    /// How many dead letters there are, counted up to a million.
    pub async fn count_dead_letters(&self, scope: &Scope) -> Result<usize, StoreError> {
        self.inner.store.count_dead(scope, 1_000_000).await
    }

    /// Takes dead letters off the list. They stay in the journal.
    pub async fn discard(&self, letters: &[ActionView]) -> Result<usize, StoreError> {
        let seqs = letters.iter().map(|letter| letter.seq).collect();
        self.inner.store.discard(seqs).await
    }

    fn view(&self, record: Record) -> ActionView {
        self.inner.options.redaction.view(record)
    }
}
