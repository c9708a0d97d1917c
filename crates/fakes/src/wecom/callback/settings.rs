//! How callbacks are delivered, by the settings and by one request.

use serde::{Deserialize, Serialize};

/// How callbacks are delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Callbacks {
    /// How often one is sent again that got no 200 in time, at most 100.
    pub retries: u32,
    /// Time for an answer, in milliseconds, at most ten minutes, as all times here.
    pub timeout_ms: u64,
    /// Time between two tries, in milliseconds.
    pub pause_ms: u64,
    /// Times that each is delivered, all at once, at most 100.
    pub copies: u32,
    /// Time before the first try, in milliseconds.
    pub delay_ms: u64,
    /// Whether each is held back until it is released.
    pub hold: bool,
    /// Whether the newest of those that were held back is released first.
    pub newest_first: bool,
}

impl Default for Callbacks {
    /// Settings that the documentation names: five seconds for an answer, and three tries more.
    fn default() -> Self {
        Self {
            retries: 3,
            timeout_ms: 5000,
            pause_ms: 0,
            copies: 1,
            delay_ms: 0,
            hold: false,
            newest_first: false,
        }
    }
}

/// How one callback is delivered, where it differs from the settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Deliver {
    pub retries: Option<u32>,
    pub timeout_ms: Option<u64>,
    pub copies: Option<u32>,
    pub delay_ms: Option<u64>,
    pub hold: Option<bool>,
}

impl Deliver {
    /// Settings with what this one changes.
    pub(super) fn of(self, settings: Callbacks) -> Callbacks {
        Callbacks {
            retries: self.retries.unwrap_or(settings.retries),
            timeout_ms: self.timeout_ms.unwrap_or(settings.timeout_ms),
            copies: self.copies.unwrap_or(settings.copies),
            delay_ms: self.delay_ms.unwrap_or(settings.delay_ms),
            hold: self.hold.unwrap_or(settings.hold),
            ..settings
        }
    }
}
