//! Replays of dead letters while faults are injected, by clients that lose answers and ask again.

use std::sync::Arc;

use acteon_core::{ActionId, Caller, Scope, with_causes};
use acteon_gateway::{Gateway, ReplayResult, Wait};
use acteon_store::{ActionState, History as _, HistoryFilter, PageRequest};

use super::broken::Broken;
use super::trace::Trace;
use super::world::World;

/// Replays that the rules let through in one window of their throttle.
const MOST: u64 = 2;

impl World {
    /// Asks random gateways to replay some of the dead letters, at times more than the rules let through.
    pub(super) async fn replay(&self) -> Result<(), Broken> {
        let page = PageRequest {
            after: None,
            offset: 0,
            limit: 100,
            count: false,
        };
        let dead = HistoryFilter {
            state: Some(ActionState::Dead),
            ..HistoryFilter::of(Scope::everything())
        };
        let letters = self
            .memory
            .history(dead, page)
            .await
            .map_err(|error| self.broken(with_causes(&error).to_string()))?
            .records;
        for _ in 0..=self.below(2 * MOST) {
            let Some(gateway) = self.some_gateway() else {
                return Ok(());
            };
            let Some(letter) = letters.get(self.below(letters.len() as u64) as usize) else {
                return Ok(());
            };
            drop(tokio::spawn(send_again(
                gateway,
                letter.action.id.clone(),
                Arc::clone(&self.trace),
            )));
        }
        Ok(())
    }
}

/// Asks for a replay, and once more if there is no answer.
async fn send_again(gateway: Gateway, id: ActionId, trace: Arc<Trace>) {
    for _ in 0..2 {
        let replayed = gateway
            .replay(
                &Scope::everything(),
                &id,
                true,
                &Caller::anonymous(),
                Wait::ForCommit,
            )
            .await;
        trace.note("replay", u64::from(replayed.is_ok()), id.as_str());
        let lost = |replayed: acteon_gateway::Replayed| {
            matches!(replayed.result, ReplayResult::Refused(_))
        };
        if !replayed.map_or(true, |replayed| replayed.is_some_and(lost)) {
            return;
        }
    }
}
