//! Replays of actions, and what came of them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Outcome;

/// Action that was sent again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Replayed {
    /// Id of the earlier action.
    pub original_action_id: String,
    /// Id of the new one.
    pub new_action_id: String,
    /// Whether it was sent.
    pub success: bool,
    /// Why it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Outcome of the new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Whether it was held back or left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<bool>,
}

/// Actions that were sent again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReplayedMany {
    /// Actions that were sent.
    pub replayed: usize,
    /// Actions that could not be accepted, or failed.
    pub failed: usize,
    /// Actions that were held back or left alone.
    pub skipped: usize,
    /// Result of each action.
    pub results: Vec<Replayed>,
    /// Where to go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
