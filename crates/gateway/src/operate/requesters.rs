//! Who stands behind an action that is over: whoever sends it again does it for all of them.

use acteon_core::{ActionId, Origin, Requesters, Scope};
use acteon_flows::{requester, sent_by};
use acteon_store::{Record, StoreError};

use crate::decide::plan::REPLAYED_FROM;
use crate::flows::look::key;
use crate::shared::Gateway;

/// Most replays of replays that are followed.
const MAX_REPLAYS: usize = 100;

impl Gateway {
    /// Principals that caused an action: who posted or replayed it, however many replays are in between, and who stands behind the flow that sent it.
    pub(super) async fn requesters_of(&self, record: &Record) -> Result<Requesters, StoreError> {
        let mut all = Requesters::default();
        let mut earlier: Option<Record> = None;
        for _ in 0..MAX_REPLAYS {
            let at = earlier.as_ref().unwrap_or(record);
            all.add_caller(&at.caller, &at.auth_method);
            if at.origin != Origin::Replay {
                self.add_behind(at, &mut all).await?;
                return Ok(all);
            }
            let Some(found) = self.replayed(at).await? else {
                all.lose("what was replayed is not in the store any more");
                return Ok(all);
            };
            earlier = Some(found);
        }
        all.lose(&format!("it is the replay of more than {MAX_REPLAYS}"));
        Ok(all)
    }

    /// Action that a replay sends again; `None` where it is gone.
    async fn replayed(&self, replay: &Record) -> Result<Option<Record>, StoreError> {
        let action = &replay.action;
        let id = action.metadata.get(REPLAYED_FROM);
        let Some(id) = id.and_then(|id| ActionId::parse(id).ok()) else {
            return Ok(None);
        };
        let scope = Scope::exactly(&action.namespace, &action.tenant);
        Ok(self.inner.store.find(&scope, &id).await?.pop())
    }

    /// Adds those who stand behind the flow that sent an action.
    async fn add_behind(&self, record: &Record, all: &mut Requesters) -> Result<(), StoreError> {
        let Some(name) = sent_by(record.origin, &record.action.id) else {
            return Ok(());
        };
        let flow = self.inner.store.flow(&key(&name)).await?;
        let behind = flow.and_then(|flow| requester(&flow.state.body).ok());
        match behind {
            Some(behind) => all.add_all(&behind),
            None => all.lose(&format!(
                "the {} {}, which sent it first, is not in the store any more",
                name.kind, name.id
            )),
        }
        Ok(())
    }
}
