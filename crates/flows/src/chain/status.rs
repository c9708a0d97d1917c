//! Where an execution stands.

use serde::{Deserialize, Serialize};

use super::definition::StepKind;

/// Where an execution stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// A step sends, or waits until it may.
    Running,
    /// It came to its end.
    Completed,
    /// A step failed.
    Failed,
    /// Somebody ended it, or what started it is over.
    Cancelled,
    /// Its time was over.
    TimedOut,
    /// A chain that it started runs.
    WaitingSubChain,
    /// Several steps run.
    WaitingParallel,
    /// A step waits for a time.
    WaitingTimer,
    /// A step waits for a signal.
    WaitingSignal,
    /// A step waits for the decision of people.
    WaitingApproval,
}

impl Status {
    /// All statuses, in the order in which messages list them.
    pub const ALL: [Self; 10] = [
        Self::Running,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
        Self::TimedOut,
        Self::WaitingSubChain,
        Self::WaitingParallel,
        Self::WaitingTimer,
        Self::WaitingSignal,
        Self::WaitingApproval,
    ];

    /// Name of the status, as it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed_out",
            Self::WaitingSubChain => "waiting_sub_chain",
            Self::WaitingParallel => "waiting_parallel",
            Self::WaitingTimer => "waiting_timer",
            Self::WaitingSignal => "waiting_signal",
            Self::WaitingApproval => "waiting_approval",
        }
    }

    /// Whether it is over.
    pub const fn is_over(self) -> bool {
        match self {
            Self::Completed | Self::Failed | Self::Cancelled | Self::TimedOut => true,
            Self::Running
            | Self::WaitingSubChain
            | Self::WaitingParallel
            | Self::WaitingTimer
            | Self::WaitingSignal
            | Self::WaitingApproval => false,
        }
    }

    /// Status of an execution whose step of this kind has begun.
    pub(super) const fn of_step(kind: &StepKind) -> Self {
        match kind {
            StepKind::Send { .. } => Self::Running,
            StepKind::Timer { .. } => Self::WaitingTimer,
            StepKind::WaitForSignal { .. } => Self::WaitingSignal,
            StepKind::Approval { .. } => Self::WaitingApproval,
            StepKind::Parallel(_) => Self::WaitingParallel,
            StepKind::SubChain { .. } => Self::WaitingSubChain,
        }
    }
}
