//! Outcomes of actions, and the attempts that led to them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{ActionId, ProviderError, ProviderName, Tenant, Timestamp};

/// Outcome of a dispatch, tagged from outside as the published clients read it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Outcome {
    /// The provider took it.
    Executed(Response),
    /// It will not be sent any more. Kept as a dead letter.
    Failed {
        /// Code: one of [`crate::ErrorKind`], `PROVIDER_NOT_FOUND`, `EXPIRED`, `POISONED` or
        /// `HELD`.
        code: String,
        /// What was wrong and what to do, for a person.
        message: String,
        /// Whether the same action may succeed when sent again.
        retryable: bool,
        /// Calls of a provider that were made for it.
        attempts: u32,
    },
    /// It is durable and goes on by itself; a caller must not send it again.
    Scheduled {
        /// Id of the action, by which its caller asks for it later.
        action_id: ActionId,
        /// When the next attempt is due.
        scheduled_for: Timestamp,
        /// Calls of a provider that were made so far.
        attempts: u32,
        /// What the last call failed with; absent when none was made.
        #[serde(default)]
        last_error: Option<LastError>,
    },
    /// Another provider took it than the one asked for.
    Rerouted {
        /// Provider that the caller asked for.
        original_provider: ProviderName,
        /// Provider that took it.
        new_provider: ProviderName,
        /// Answer of the provider that took it.
        response: Response,
        /// Name of the rule that decided, if one did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        matched_rule: Option<String>,
    },
    /// A rule said no.
    Suppressed {
        /// Name of the rule.
        rule: String,
    },
    /// Another action holds its dedup key. On the wire it is the bare word, or the word with null within a batch.
    Deduplicated {
        /// Id of the action that holds the key.
        action_id: ActionId,
    },
    /// As many went as a rule allows within its window.
    Throttled {
        /// How long until one more may go.
        retry_after: Duration,
        /// Name of the rule; absent in what older versions stored.
        #[serde(default)]
        rule: Option<String>,
    },
    /// A quota is used up.
    QuotaExceeded {
        /// Tenant of the quota.
        tenant: Tenant,
        /// Most actions in a window.
        limit: u64,
        /// Actions that went in this window. Over the limit where the quota let some pass before, or was made smaller.
        used: u64,
        /// What the quota does when it is used up, such as `block`.
        overage_behavior: String,
        /// How long until the next window begins.
        #[serde(default)]
        retry_after: Duration,
        /// Id of the quota; empty in what older versions stored.
        #[serde(default)]
        quota_id: String,
    },
    /// The provider's breaker is open, and nothing goes on by itself.
    CircuitOpen {
        /// Provider whose breaker is open.
        provider: ProviderName,
        /// Providers that were tried instead.
        fallback_chain: Vec<ProviderName>,
    },
    /// A silence holds it back.
    Silenced {
        /// Id of the silence.
        silence_id: String,
        /// Name of the rule that had matched.
        matched_rule: Option<String>,
    },
    /// A time interval of its rule holds it back.
    Muted {
        /// Name of the time interval.
        interval: String,
        /// Key of the rule that names the interval: `mute_time_interval` or `active_time_interval`.
        reason: String,
        /// Name of the rule.
        matched_rule: Option<String>,
    },
    /// It started a chain, whose steps are what is sent.
    ChainStarted {
        /// Id of the execution.
        chain_id: String,
        /// Name of the chain.
        chain_name: String,
        /// Number of the chain's steps, those within parallel steps not counted.
        total_steps: usize,
        /// Name of the first step.
        first_step: String,
        /// When the first step begins, where that is later.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        starts_at: Option<Timestamp>,
        /// Name of the rule that started it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        matched_rule: Option<String>,
    },
    /// People decide whether it goes. It goes under an id of its own then.
    PendingApproval {
        /// Id of the approval.
        approval_id: String,
        /// When the time to decide is over.
        expires_at: Timestamp,
        /// Link to approve it, for who posted it; what is stored has none.
        approve_url: String,
        /// Link to reject it, likewise.
        reject_url: String,
        /// Whether those who decide are told.
        notification_sent: bool,
        /// Name of the rule that asks.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        matched_rule: Option<String>,
    },
    /// Somebody called it off before it began. On the wire it is a failure with the code `CANCELLED`, which the published clients read.
    Cancelled {
        /// Who called it off.
        by: String,
        /// When.
        at: Timestamp,
    },
    /// What a dispatch would have come to, up to the sending.
    DryRun(Box<DryRun>),
}

/// Forecast of a dispatch, made without one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DryRun {
    /// Verdict of the rules.
    pub verdict: String,
    /// Name of the rule that decided, if one did.
    pub matched_rule: Option<String>,
    /// Provider that would have been used.
    pub would_be_provider: ProviderName,
    /// Name of the outcome, such as `silenced`; `executed` and `rerouted` if the provider takes it; `refused` where there would be none.
    pub would_be: String,
    /// Outcome itself, where it is known without sending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Why a dispatch would be refused with no outcome, as with the id of another request. `would_be` is then `refused`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<LastError>,
    /// Quotas that the action would go over although it may go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quotas_exceeded: Vec<String>,
    /// Rules that failed on the way, with what went wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rule_errors: Vec<String>,
}

/// Class of failures that people must repair before anything can be sent: wrong credentials,
/// settings, permissions or addresses.
pub const TO_REPAIR: &str = "to_repair";

impl Outcome {
    /// Name of the outcome in the audit trail and in metrics, such as `executed`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Executed(_) => "executed",
            Self::Failed { .. } => "failed",
            Self::Scheduled { .. } => "scheduled",
            Self::Rerouted { .. } => "rerouted",
            Self::Suppressed { .. } => "suppressed",
            Self::Deduplicated { .. } => "deduplicated",
            Self::Throttled { .. } => "throttled",
            Self::QuotaExceeded { .. } => "quota_exceeded",
            Self::CircuitOpen { .. } => "circuit_open",
            Self::Silenced { .. } => "silenced",
            Self::Muted { .. } => "muted",
            Self::ChainStarted { .. } => "chain_started",
            Self::PendingApproval { .. } => "pending_approval",
            Self::Cancelled { .. } => "cancelled",
            Self::DryRun(_) => "dry_run",
        }
    }

    /// Code of a failure; `None` of every other outcome.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Failed { code, .. } => Some(code),
            _ => None,
        }
    }

    /// Outcome as the published clients know it: they have no `Cancelled`.
    #[must_use]
    pub fn as_published(self) -> Self {
        match self {
            Self::Cancelled { at, .. } => Self::Failed {
                code: "CANCELLED".into(),
                message: format!("it was called off at {at}; the audit trail says by whom"),
                retryable: false,
                attempts: 0,
            },
            other => other,
        }
    }

    /// JSON text of the outcome, as it is stored.
    pub fn to_json(&self) -> Arc<str> {
        // Outcomes are plain data with text keys: serializing them cannot fail.
        serde_json::to_string(self)
            .unwrap_or_else(|_| "null".into())
            .into()
    }
}

/// Answer of a provider to a send that it took.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Response {
    /// Whether everybody was reached.
    pub status: ResponseStatus,
    /// Service's answer, with its own keys.
    pub body: Box<RawValue>,
    /// Facts about the send that are not the service's: `acteon-warning`, `possible_duplicate`.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

impl Response {
    /// Answer of a send that reached everybody, with this body.
    pub fn success(body: Box<RawValue>) -> Self {
        Self {
            status: ResponseStatus::Success,
            body,
            headers: BTreeMap::new(),
        }
    }
}

/// Whether everybody was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseStatus {
    /// Every recipient was reached, as far as the service says.
    Success,
    /// The service took it but left out some recipients. Counts as success everywhere.
    Partial,
}

/// Error that made a further attempt necessary.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LastError {
    /// Code as in [`Outcome::Failed`].
    pub code: String,
    /// What went wrong, for a person.
    pub message: String,
    /// Always true here; written because clients ask.
    pub retryable: bool,
}

impl From<&ProviderError> for LastError {
    fn from(error: &ProviderError) -> Self {
        Self {
            code: error.kind().code().to_owned(),
            message: error.to_string(),
            retryable: error.kind().retryable(),
        }
    }
}

/// Attempt: one call of a provider, as it is kept with the action.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Attempt {
    /// Number of the call within the action; the first is 1.
    pub number: u32,
    /// Provider that was called.
    pub provider: ProviderName,
    /// When the call began.
    pub started_at: Timestamp,
    /// When it began in due time, which no step of the wall clock moves; only where a failed request may have reached the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_time: Option<Timestamp>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Error that it failed with; absent when it succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<LastError>,
    /// Whether a failed request may have reached the service all the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub maybe_sent: bool,
    /// Whether people must repair something first, as of class [`TO_REPAIR`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub to_repair: bool,
    /// Service's own error code, such as WeChat Work's `errcode`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_code: Option<i64>,
    /// Service's trace id for this failure: what its support asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}
