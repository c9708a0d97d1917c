//! Why a step, or a chain, failed.

use serde::{Deserialize, Serialize};

/// Why a step, or a chain, failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// Code, such as `TIMED_OUT`, or the code of the action.
    pub code: String,
    /// What went wrong, for a person.
    pub message: String,
    /// Whether it belongs on the list of what failed for good. Of chains, and of parallel steps with a step that says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dead_letter: bool,
}
