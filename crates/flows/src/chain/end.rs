//! What a step came to.

use acteon_core::Outcome;
use acteon_core::json::head;
use acteon_core::limits::MAX_ERROR_BYTES;

use super::failure::Failure;

/// What a step came to.
#[derive(Clone, Debug, Default)]
pub(super) struct End {
    /// Its body, as JSON.
    pub(super) body: Option<String>,
    /// Bytes of a body that somebody else did not keep.
    pub(super) dropped_bytes: Option<usize>,
    /// Why it failed, where it did.
    pub(super) error: Option<Failure>,
    /// Whether another attempt may come to something else.
    pub(super) may_retry: bool,
    /// Step that is next whatever it came to.
    pub(super) goto: Option<String>,
}

impl End {
    pub(super) fn success(body: Option<String>) -> Self {
        Self {
            body,
            ..Self::default()
        }
    }

    pub(super) fn failure(code: &str, message: impl Into<String>) -> Self {
        let message: String = message.into();
        Self {
            error: Some(Failure {
                code: code.to_owned(),
                message: head(&message, MAX_ERROR_BYTES).to_owned(),
                dead_letter: false,
            }),
            ..Self::default()
        }
    }

    /// What the outcome of an action comes to. Partial deliveries are successes. What a rule or a person decided is not tried again, and neither is what
    /// cannot succeed: it may be what processes die of.
    pub(super) fn of(outcome: &Outcome) -> Self {
        let retried = |end: Self| Self {
            may_retry: true,
            ..end
        };
        match outcome {
            Outcome::Executed(response) | Outcome::Rerouted { response, .. } => {
                Self::success(Some(response.body.get().to_owned()))
            }
            Outcome::Failed {
                code,
                message,
                retryable,
                ..
            } => Self {
                may_retry: *retryable,
                ..Self::failure(code, message)
            },
            Outcome::Throttled { .. } => retried(Self::failure("THROTTLED", "a rule throttled it")),
            Outcome::QuotaExceeded { .. } => {
                retried(Self::failure("QUOTA_EXCEEDED", "a quota is used up"))
            }
            Outcome::CircuitOpen { provider, .. } => retried(Self::failure(
                "CIRCUIT_OPEN",
                format!("the breaker of {provider} is open"),
            )),
            Outcome::Suppressed { rule } => {
                Self::failure("SUPPRESSED", format!("rule {rule} held it back"))
            }
            Outcome::Deduplicated { action_id } => Self::failure(
                "DEDUPLICATED",
                format!("action {action_id} holds its dedup key"),
            ),
            Outcome::Silenced { silence_id, .. } => {
                Self::failure("SILENCED", format!("silence {silence_id} held it back"))
            }
            Outcome::Muted { interval, .. } => {
                Self::failure("MUTED", format!("time interval {interval} held it back"))
            }
            Outcome::Cancelled { by, .. } => {
                Self::failure("CANCELLED", format!("{by} called it off"))
            }
            // A rule that asks for approval refuses what a step sends.
            Outcome::PendingApproval { .. }
            | Outcome::Scheduled { .. }
            | Outcome::ChainStarted { .. }
            | Outcome::DryRun(_) => Self::failure(
                "UNREADABLE",
                "its action is over, and its outcome is none that an action ends with",
            ),
        }
    }
}
