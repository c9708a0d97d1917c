//! Steps of a chain, and what they do.

use std::time::Duration;

use acteon_core::{ActionType, ProviderName};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::branch::Branch;
use super::retry::Retry;

/// Step of a chain. It serializes as the wire format has it, with the keys of other kinds empty.
#[derive(Clone, Debug)]
pub struct StepDefinition {
    /// Name, unique within the chain.
    pub name: String,
    /// What it does.
    pub kind: StepKind,
    /// Time before it begins.
    pub delay: Option<Duration>,
    /// Retries of what it sends.
    pub retry: Option<Retry>,
    /// What happens when it fails.
    pub on_failure: OnStepFailure,
    /// Which step is next, by what it came to: the first that is true.
    pub branches: Vec<Branch>,
    /// Step that is next where no branch is true; the next in order where it is absent.
    pub default_next: Option<String>,
}

/// What happens when a step fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnStepFailure {
    /// The chain fails.
    #[default]
    Abort,
    /// The chain goes on as if it had succeeded, but for branches that look at its success.
    Skip,
    /// The chain fails and is listed among what failed for good, whatever the chain itself says.
    Dlq,
}

impl StepDefinition {
    /// Steps of a parallel step; none of every other.
    pub fn children(&self) -> &[Self] {
        match &self.kind {
            StepKind::Parallel(parallel) => &parallel.steps,
            StepKind::Send { .. }
            | StepKind::Timer { .. }
            | StepKind::WaitForSignal { .. }
            | StepKind::Approval { .. }
            | StepKind::SubChain { .. } => &[],
        }
    }

    /// Most retries that it makes.
    pub fn max_retries(&self) -> u32 {
        self.retry.map_or(0, |retry| retry.max_retries)
    }
}

/// Kind of a step: what it does. A step is of one kind.
#[derive(Clone, Debug)]
pub enum StepKind {
    /// It sends an action.
    Send {
        /// Provider of the action.
        provider: ProviderName,
        /// Type of the action.
        action_type: ActionType,
        /// Payload of the action, with templates.
        payload_template: Box<RawValue>,
    },
    /// It waits for a time.
    Timer {
        /// How long.
        duration: Duration,
    },
    /// It waits for a signal, whose payload becomes its body.
    WaitForSignal {
        /// Name of the signal.
        signal_name: String,
        /// How long it waits at most; as long as the chain may take where it is absent.
        timeout: Option<Duration>,
        /// Step that is next where no signal came. Without it the step fails.
        on_timeout: Option<String>,
    },
    /// It waits for the decision of people.
    Approval {
        /// Policy of the approval, with templates.
        policy: Box<RawValue>,
        /// Provider that its notices go through, as the policy has it.
        notify_provider: Option<ProviderName>,
    },
    /// It does several steps at a time.
    Parallel(Parallel),
    /// It starts another chain, and waits for its end.
    SubChain {
        /// Name of the chain.
        chain: String,
    },
}

/// Several steps at a time.
#[derive(Clone, Debug)]
pub struct Parallel {
    /// When it succeeded.
    pub join: Join,
    /// What happens to the others when a step fails of which all must succeed.
    pub on_failure: OnParallelFailure,
    /// How long it may take; as long as the chain where it is absent.
    pub timeout: Option<Duration>,
    /// Most steps that run at a time; all of them where it is absent.
    pub max_concurrency: Option<usize>,
    /// Steps, which send, start chains or wait for approval.
    pub steps: Vec<StepDefinition>,
}

/// When a parallel step succeeded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Join {
    /// When all its steps succeeded.
    #[default]
    All,
    /// When one of its steps succeeded: what nobody has begun of the others is called off.
    Any,
}

impl Join {
    /// Name of the policy, as it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Any => "any",
        }
    }
}

/// What happens to the others when one of a parallel step fails of which all must succeed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnParallelFailure {
    /// They are called off.
    #[default]
    FailFast,
    /// They go on to their ends, and the step fails then.
    BestEffort,
}

impl StepKind {
    /// Name of the kind, as it is shown.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Send { .. } => "step",
            Self::Timer { .. } => "timer",
            Self::WaitForSignal { .. } => "wait_for_signal",
            Self::Approval { .. } => "approval",
            Self::Parallel(_) => "parallel",
            Self::SubChain { .. } => "sub_chain",
        }
    }
}
