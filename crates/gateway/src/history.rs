//! Looking back: the audit trail, dead letters, and sending earlier actions anew.

use acteon_core::{Action, ActionId, Caller, Origin, Scope};
use acteon_store::{Glance, HistoryFilter, PageRequest, Record, State, StoreError};

use crate::dispatch::{Answer, DispatchError, Wait};
use crate::gateway::Gateway;
use crate::view::{ActionPage, ActionView};

/// An action that was sent anew.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// The earlier action.
    pub original: ActionId,
    /// The new one.
    pub new_id: ActionId,
    /// What came of it.
    pub answer: Result<Answer, DispatchError>,
}

impl Gateway {
    /// The actions with this id that the scope covers.
    pub async fn find(&self, scope: &Scope, id: &ActionId) -> Result<Vec<ActionView>, StoreError> {
        Ok(self.inner.store.find(scope, id).await?.into_iter().map(|record| self.view(record)).collect())
    }

    /// A page of the journal, newest first.
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
        self.inner.note_store(self.inner.store.discard(seqs).await)
    }

    /// Sends an action anew that is over, under a new id, with the label `replayed_from`. The earlier one stays as it is. Rules, silences and
    /// quotas are looked at as for any other.
    ///
    /// `None` when the scope covers no such action, or more than one. With `dead_only` it must be a dead letter, and leaves the list.
    pub async fn replay(
        &self,
        scope: &Scope,
        id: &ActionId,
        dead_only: bool,
        caller: &Caller,
        wait: Wait,
    ) -> Result<Option<Replayed>, StoreError> {
        let mut found = self.inner.store.find(scope, id).await?;
        found.retain(|record| record.state == State::Dead || (!dead_only && record.state != State::Open));
        let (Some(record), None) = (found.pop(), found.pop()) else { return Ok(None) };
        self.send_anew(record, dead_only, caller, wait).await.map(Some)
    }

    /// Sends anew what a filter finds, at most `limit`; the rest of the journal's page says where to go on.
    pub async fn replay_page(&self, filter: HistoryFilter, limit: usize, caller: &Caller) -> Result<Vec<Replayed>, StoreError> {
        let dead_only = filter.state == Some(State::Dead);
        let page = PageRequest { after: None, offset: 0, limit, count: false };
        let mut page = self.inner.store.history(filter, page).await?;
        page.records.retain(|record| record.state != State::Open);
        let mut replayed = Vec::with_capacity(page.records.len());
        for record in page.records {
            replayed.push(self.send_anew(record, dead_only, caller, Wait::ForCommit).await?);
        }
        Ok(replayed)
    }

    /// Sends anew; as a dead letter, it leaves the list once the new action is durable.
    async fn send_anew(&self, record: Record, as_dead_letter: bool, caller: &Caller, wait: Wait) -> Result<Replayed, StoreError> {
        let now = self.inner.clock.now();
        let mut action: Action = (*record.action).clone();
        let original = action.id.clone();
        action.metadata.insert("replayed_from".into(), original.to_string());
        action.id = self.inner.entropy.action_id(now);
        action.expires_at = action.expires_at.filter(|expires| *expires > now);
        let new_id = action.id.clone();
        let answer = self.dispatch(action, Origin::Replay, caller.clone(), wait).await;
        if as_dead_letter && answer.is_ok() {
            self.inner.note_store(self.inner.store.discard(vec![record.seq]).await)?;
        }
        Ok(Replayed { original, new_id, answer })
    }

    fn view(&self, mut record: Record) -> ActionView {
        record.action = self.inner.options.redaction.apply(record.action);
        ActionView::from(record)
    }
}
