//! Flows that a step began, and what they came to.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::approval::{ApprovalStart, decided};
use super::definition::{StepDefinition, StepKind};
use super::end::End;
use super::failure::Failure;
use super::ids::{chain_name, child_id};
use super::run::Run;
use super::status::Status;
use crate::kind::{FlowName, LookedFlow};

/// Code of a step whose flow cannot be read.
const UNREADABLE: &str = "UNREADABLE";

/// What of the body of a chain that is over says what it came to.
#[derive(Deserialize)]
struct Over {
    status: Status,
    #[serde(default)]
    execution_path: Vec<String>,
    #[serde(default)]
    steps: BTreeMap<String, OverStep>,
    #[serde(default)]
    failure: Option<Failure>,
}

#[derive(Deserialize)]
struct OverStep {
    #[serde(default)]
    body: Option<Box<RawValue>>,
    #[serde(default)]
    dropped_bytes: Option<usize>,
}

impl Run<'_> {
    /// What the flow of a step came to; `None` while that is open, or it was asked for just now.
    pub(super) fn started(&self, step: &StepDefinition) -> Option<End> {
        if self.fresh.contains(&step.name) {
            return None;
        }
        let name = flow_of(self.flow.id, step)?;
        let Some(found) = self.flow.flows.iter().find(|flow| flow.name == name) else {
            let message = format!(
                "{} {} was deleted, and what became of it is not known",
                name.kind, name.id
            );
            return Some(End::failure("DELETED", message));
        };
        if found.is_damaged {
            let message = format!(
                "the row of {} {} in the store is damaged, and what became of it is not known",
                name.kind, name.id
            );
            return Some(End::failure(UNREADABLE, message));
        }
        match &step.kind {
            StepKind::Approval { .. } => decided(found),
            StepKind::Send { .. }
            | StepKind::Timer { .. }
            | StepKind::WaitForSignal { .. }
            | StepKind::Parallel(_)
            | StepKind::SubChain { .. } => found.is_over.then(|| over(found)),
        }
    }
}

/// Name of the flow that a step begins; `None` of a step that begins none.
pub(super) fn flow_of(chain: &str, step: &StepDefinition) -> Option<FlowName> {
    match &step.kind {
        StepKind::Approval { .. } => Some(ApprovalStart::name(chain, &step.name)),
        StepKind::SubChain { .. } => Some(chain_name(&child_id(chain, &step.name))),
        StepKind::Send { .. }
        | StepKind::Timer { .. }
        | StepKind::WaitForSignal { .. }
        | StepKind::Parallel(_) => None,
    }
}

/// What a chain that is over comes to: the body of its last step.
fn over(chain: &LookedFlow) -> End {
    let Ok(mut over) = serde_json::from_str::<Over>(&chain.body) else {
        let message = format!("what became of chain {} cannot be read", chain.name.id);
        return End::failure(UNREADABLE, message);
    };
    let last = over
        .execution_path
        .last()
        .and_then(|last| over.steps.remove(last));
    let dropped_bytes = last.as_ref().and_then(|last| last.dropped_bytes);
    let body = last.and_then(|last| last.body);
    let body = body.map(|body| body.get().to_owned());
    if over.status == Status::Completed {
        return End {
            dropped_bytes,
            ..End::success(body)
        };
    }
    let why = over
        .failure
        .map_or(String::new(), |failure| format!(": {}", failure.message));
    let message = format!("chain {} is {}{why}", chain.name.id, over.status.as_str());
    End {
        body,
        dropped_bytes,
        ..End::failure("CHAIN_FAILED", message)
    }
}
