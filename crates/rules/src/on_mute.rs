//! What becomes of what a time interval holds back.

use serde::Serialize;

/// What becomes of an action that a time interval holds back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnMute {
    /// It ends as muted.
    Drop,
    /// It waits until it may go.
    Postpone,
}

impl OnMute {
    /// Of its word.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        match word {
            "drop" => Some(Self::Drop),
            "postpone" => Some(Self::Postpone),
            _ => None,
        }
    }
}
