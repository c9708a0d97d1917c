//! What came of an action.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{ActionId, ProviderError, ProviderName, Timestamp};

/// The outcome of a dispatch, tagged from outside as the published clients read it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Outcome {
    /// The provider took it.
    Executed(Response),
    /// It will not be sent any more. Kept as a dead letter.
    Failed {
        /// One of the codes of [`crate::ErrorKind`], `PROVIDER_NOT_FOUND`, `EXPIRED` or `POISONED`.
        code: String,
        /// What was wrong and what to do, for a person.
        message: String,
        /// Whether the same action may succeed when sent again.
        retryable: bool,
        /// Provider calls made.
        attempts: u32,
    },
    /// It is durable and goes on by itself; a caller must not send it again.
    Scheduled {
        /// The action.
        action_id: ActionId,
        /// When the next attempt is due.
        scheduled_for: Timestamp,
        /// Provider calls made so far.
        attempts: u32,
        /// What the last call failed with; absent when none was made.
        #[serde(default)]
        last_error: Option<LastError>,
    },
    /// What a dispatch would have come to, up to the sending.
    DryRun {
        /// The verdict of the rules.
        verdict: String,
        /// The rule that decided, if one did.
        matched_rule: Option<String>,
        /// The provider that would have been used.
        would_be_provider: ProviderName,
    },
}

/// A provider's answer to a send that it took.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Response {
    /// Whether everybody was reached.
    pub status: ResponseStatus,
    /// The service's answer, with its own keys.
    pub body: Box<RawValue>,
    /// Facts about the send that are not the service's: `acteon-warning`, `possible_duplicate`.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

impl Response {
    /// A success with `body`.
    pub fn success(body: Box<RawValue>) -> Self {
        Self { status: ResponseStatus::Success, body, headers: BTreeMap::new() }
    }
}

/// Whether everybody was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseStatus {
    /// Yes.
    Success,
    /// The service took it but left out some recipients. Counts as success everywhere.
    Partial,
}

/// The error that made a further attempt necessary.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LastError {
    /// Code as in [`Outcome::Failed`].
    pub code: String,
    /// For a person.
    pub message: String,
    /// Always true here; written because clients ask.
    pub retryable: bool,
}

impl From<&ProviderError> for LastError {
    fn from(error: &ProviderError) -> Self {
        Self { code: error.kind().code().to_owned(), message: error.to_string(), retryable: error.kind().retryable() }
    }
}

/// One call of a provider, as it is kept with the action.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Attempt {
    /// The first is 1.
    pub number: u32,
    /// The provider called.
    pub provider: ProviderName,
    /// When the call began.
    pub started_at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// What it failed with; absent when it succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<LastError>,
    /// Whether a failed request may have reached the service all the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub maybe_sent: bool,
    /// The service's own error code, such as WeChat Work's `errcode`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_code: Option<i64>,
    /// The service's trace id for this failure: what its support asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}
