//! Charges of an action: the counters and the dedup key that the gate took for it.

use serde::{Deserialize, Serialize};

/// Charges of an action: the counters and the dedup key that the gate took for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charges {
    /// Names of the counters, each of a quota and a window.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counters: Vec<String>,
    /// Dedup key that the action holds, scope included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedup: Option<String>,
}

impl Charges {
    /// Whether there is nothing to give back.
    pub fn is_empty(&self) -> bool {
        self.counters.is_empty() && self.dedup.is_none()
    }
}
