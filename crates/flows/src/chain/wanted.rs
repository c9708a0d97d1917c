//! Whether a chain still waits for a flow that it started.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::state::StepStatus;
use crate::kind::LookedFlow;

/// What of a chain's body says for whom it waits.
#[derive(Deserialize)]
struct Waiting {
    steps: BTreeMap<String, WaitingStep>,
    /// What asks for its cancellation, where its next step is yet to come.
    #[serde(default)]
    cancel: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct WaitingStep {
    status: StepStatus,
}

/// Whether a chain, as it is looked at, still waits for the flow that one of its steps started. Such flows are poked when it does not any more.
pub fn is_wanted(parent: Option<&LookedFlow>, step: &str) -> bool {
    let Some(parent) = parent.filter(|parent| !parent.is_over) else {
        return false;
    };
    // One that cannot be read is stuck, and a person may still set it right. Of one whose row is damaged nobody knows that it gave the flow up.
    let Ok(waiting) = serde_json::from_str::<Waiting>(&parent.body) else {
        return true;
    };
    if waiting.cancel.is_some() {
        return false;
    }
    let step = waiting.steps.get(step);
    step.is_some_and(|step| step.status == StepStatus::Running)
}
