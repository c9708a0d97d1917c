//! Looking at actions afterwards, and sending dead letters anew.

use acteon_core::{Action, ActionId, Origin};
use acteon_store::{Scope, Seq, State, StoreError};

use crate::dispatch::{Answer, DispatchError, Wait};
use crate::gateway::Gateway;
use crate::view::{ActionView, DeadLetterList};

impl Gateway {
    /// The actions with this id that the scope covers.
    pub async fn find(&self, scope: &Scope, id: &ActionId) -> Result<Vec<ActionView>, StoreError> {
        Ok(self.inner.store.find(scope, id).await?.into_iter().map(ActionView::from).collect())
    }

    /// Dead letters, newest first. `cursor` is the last page's `next_cursor`.
    pub async fn dead_letters(&self, scope: &Scope, cursor: Option<i64>, limit: usize) -> Result<DeadLetterList, StoreError> {
        let page = self.inner.store.dead_letters(scope, cursor.map(Seq), limit).await?;
        let entries: Vec<ActionView> = page.records.into_iter().map(ActionView::from).collect();
        Ok(DeadLetterList { count: entries.len(), entries, next_cursor: page.next.map(|seq| seq.0.to_string()) })
    }

    /// Sends a dead letter anew, as a new action with the label `replayed_from`. The dead letter stays as it is.
    ///
    /// `None` when the scope covers no dead letter with this id, or more than one.
    pub async fn replay(&self, scope: &Scope, id: &ActionId, wait: Wait) -> Result<Option<(ActionId, Answer)>, DispatchError> {
        let mut dead = self.inner.store.find(scope, id).await?;
        dead.retain(|record| record.state == State::Dead);
        let (Some(letter), None) = (dead.pop(), dead.pop()) else { return Ok(None) };
        let now = self.inner.clock.now();
        let mut action: Action = (*letter.action).clone();
        action.metadata.insert("replayed_from".into(), action.id.to_string());
        action.id = self.inner.entropy.action_id(now);
        action.expires_at = action.expires_at.filter(|expires| *expires > now);
        let new_id = action.id.clone();
        let answer = self.dispatch(action, Origin::Replay, wait).await?;
        Ok(Some((new_id, answer)))
    }
}
