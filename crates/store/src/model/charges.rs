//! What the gate took for an action.

use serde::{Deserialize, Serialize};

/// What the gate took for an action.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charges {
    /// Counters of quotas, with their windows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counters: Vec<String>,
    /// Its dedup key, scope included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedup: Option<String>,
}

impl Charges {
    /// Whether there is nothing to give back.
    pub fn is_empty(&self) -> bool {
        self.counters.is_empty() && self.dedup.is_none()
    }
}
