//! Dead letters sent again while things go wrong, by clients that lose answers and ask again.

use acteon_core::{ActionId, Caller, Scope};
use acteon_gateway::{ReplayResult, Wait};
use acteon_rules::{Context, RuleFile, RuleSet};

use super::World;
use crate::harness::Failure;

/// Holds back replays beyond a few: what is held back must stay on the list of dead letters.
const RULES: &str = "
rules:
  - name: few-replays
    condition: 'has(action.metadata.replayed_from)'
    action: {type: throttle, max_count: 2, window_seconds: 15}
";

/// The rules in force.
pub(super) fn rules() -> Result<RuleSet, Failure> {
    let file = RuleFile { name: "rules.yaml".to_owned(), text: RULES.to_owned() };
    Ok(RuleSet::compile(&[file], &Context::default())?)
}

impl World {
    /// Asks a gateway to send a dead letter again; a client that gets no answer asks once more.
    pub(super) fn replay(&self, number: u64) {
        let Some(gateway) = self.some_gateway() else { return };
        let Ok(id) = ActionId::parse(&format!("a{number}")) else { return };
        let trace = std::sync::Arc::clone(&self.trace);
        drop(tokio::spawn(async move {
            for _ in 0..2 {
                let replayed = gateway.replay(&Scope::everything(), &id, true, &Caller::anonymous(), Wait::ForCommit).await;
                trace.note("replay", u64::from(replayed.is_ok()), id.as_str());
                let lost = |replayed: acteon_gateway::Replayed| matches!(replayed.result, ReplayResult::Refused(_));
                if !replayed.map_or(true, |replayed| replayed.is_some_and(lost)) {
                    return;
                }
            }
        }));
    }
}
