//! State of a step that began.

use acteon_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::failure::Failure;

/// State of a step that began.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepState {
    /// Where it stands.
    pub status: StepStatus,
    /// What it waits for, while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// Number of its attempt, from 1.
    pub attempt: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// When its attempt began.
    pub attempted_at: Timestamp,
    /// When it ended, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    /// What it came to, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Box<RawValue>>,
    /// Bytes of what it came to and that is too long, or nests too deeply, to be kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped_bytes: Option<usize>,
    /// Why it failed, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    /// Its attempts that are over. There are as many as retries at most, and one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<AttemptState>,
}

/// Attempt of a step that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttemptState {
    /// Number of the attempt, from 1.
    pub attempt: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub completed_at: Timestamp,
    /// Why it failed; absent where it succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
}

/// What a step waits for. Instants are of due time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Until it may begin, or try again.
    Delayed(Timestamp),
    /// For the outcome of its action.
    Sent,
    /// For its time.
    Timer(Timestamp),
    /// For a signal, until an instant at most.
    Signal(Option<Timestamp>),
    /// For the end of a flow that it began.
    Flow,
    /// For its steps, until an instant at most.
    Parallel(Option<Timestamp>),
}

/// Where a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    /// It has not begun. Not stored.
    Pending,
    /// It runs.
    Running,
    /// It succeeded.
    Completed,
    /// It failed, and that counts.
    Failed,
    /// It failed, and its definition says to go on.
    Skipped,
    /// It was ended before it came to anything.
    Cancelled,
}

impl StepStatus {
    /// Name of the status, as it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether it succeeded.
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Completed)
    }
}

impl Phase {
    /// Instant at which there is something to do, if nothing happens before.
    pub const fn due(self) -> Option<Timestamp> {
        match self {
            Self::Delayed(at) | Self::Timer(at) => Some(at),
            Self::Signal(at) | Self::Parallel(at) => at,
            Self::Sent | Self::Flow => None,
        }
    }
}
