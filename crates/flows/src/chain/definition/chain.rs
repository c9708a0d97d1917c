//! A definition as a whole.

use acteon_core::{ActionType, ProviderName};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::check::with_paths;
use super::step::{StepDefinition, StepKind};

/// Name of what is sent when an execution is cancelled, as a step's name in the ids of actions. No step may have it.
pub(crate) const ON_CANCEL: &str = "on_cancel";

/// Name of the dead letter of an execution, as a step's name in the ids of actions. No step may have it.
pub(crate) const DEAD_LETTER: &str = "dead_letter";

/// Definition of a chain. It serializes as the wire format has it; `read` reads that, and tells every problem.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Name of the chain.
    pub name: String,
    /// Version, in its author's count. An execution keeps the version that it began with.
    pub version: u64,
    /// Seconds that an execution may take; a day where it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u64>,
    /// What happens when a step's failure ends the chain.
    #[serde(default)]
    pub on_failure: OnChainFailure,
    /// Action that is sent when an execution is cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_cancel: Option<OnCancel>,
    /// Steps, at least one. An execution begins with the first.
    pub steps: Vec<StepDefinition>,
}

/// What happens when a step's failure ends the chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnChainFailure {
    /// It fails, and is listed among what failed for good.
    #[default]
    Abort,
    /// It fails. What its steps sent may still be dead letters of their own.
    AbortNoDlq,
}

/// Action that is sent when an execution is cancelled.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnCancel {
    /// Provider of the action.
    pub provider: ProviderName,
    /// Type of the action.
    pub action_type: ActionType,
    /// Payload of the action, with templates; a sentence that says what was cancelled where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_template: Option<Box<RawValue>>,
}

impl Definition {
    /// Step with a name, one of a parallel step too, with its index among the chain's steps.
    pub fn step(&self, name: &str) -> Option<(usize, &StepDefinition)> {
        self.steps.iter().enumerate().find_map(|(index, step)| {
            let mut with_children = std::iter::once(step).chain(step.children());
            let found = with_children.find(|step| step.name == name)?;
            Some((index, found))
        })
    }

    /// Steps of the chain and those of parallel steps, with their paths, such as `steps[1].parallel.steps[0]`.
    pub fn steps_with_paths(&self) -> Vec<(&StepDefinition, String)> {
        with_paths(&self.steps)
    }

    /// All steps, those of parallel steps behind each of them.
    pub fn all_steps(&self) -> impl Iterator<Item = &StepDefinition> {
        self.steps
            .iter()
            .flat_map(|step| std::iter::once(step).chain(step.children()))
    }

    /// Whether a step has branches.
    pub fn has_branches(&self) -> bool {
        self.steps.iter().any(|step| !step.branches.is_empty())
    }

    /// Whether a step is a parallel one.
    pub fn has_parallel(&self) -> bool {
        self.steps
            .iter()
            .any(|step| matches!(step.kind, StepKind::Parallel(_)))
    }

    /// Whether a step starts another chain.
    pub fn has_sub_chains(&self) -> bool {
        self.all_steps()
            .any(|step| matches!(step.kind, StepKind::SubChain { .. }))
    }
}
