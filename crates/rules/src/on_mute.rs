//! Choice between ending and postponing what a time interval holds back.

use serde::Serialize;

/// Choice of what becomes of an action that a time interval holds back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnMute {
    /// The action ends as muted.
    Drop,
    /// The action waits until its rule no longer mutes.
    Postpone,
}

impl OnMute {
    /// Choice of this name; `None` for any other word.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        match word {
            "drop" => Some(Self::Drop),
            "postpone" => Some(Self::Postpone),
            _ => None,
        }
    }
}
