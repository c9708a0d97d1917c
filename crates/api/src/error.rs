//! What a refused request is answered with.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of every answer outside 2xx.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// The same text as `message`: some clients read one, some the other.
    pub error: String,
    /// Code for programs, such as `INVALID_ACTION`.
    pub code: String,
    /// What was wrong, where, and what to do.
    pub message: String,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// Fields of a wrong request, each with what is wrong with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldError>,
    /// All that is wrong with a definition of a chain, each with its path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    /// Seconds after which to try again, as in the `Retry-After` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// Id of the action that was refused, also where the server made it: posted again under it, it
    /// is never two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_id: Option<String>,
}

/// Codes of answers in 5xx that say that nothing was done. After any other, what was asked may have been done.
pub const NOTHING_DONE: &[&str] = &[
    "ANSWERS_FULL",
    "ASIDES_FULL",
    "BODIES_FULL",
    "CONNECTIONS_FULL",
    "LEASE_LOST",
    "QUEUE_FULL",
    "STARTING",
    "STOPPING",
    "STORE_AWAY",
    "STORE_BUSY",
    "STORE_DAMAGED",
    "STORE_FULL",
    "STORE_LOCKED",
    "STORE_LOST",
    "STORE_UNAVAILABLE",
];

/// Field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// Path of the field within the request, such as `metadata.team`.
    pub field: String,
    /// What is wrong with it and what was expected.
    pub message: String,
}

/// Stand-in for an item of a batch that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BatchError {
    /// Reason why the item was refused.
    pub error: ErrorBody,
}
