//! Memory of an app's last health check.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::error::Error;

/// Settings of an app, from `agent/get` (page 90227).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentState {
    /// Name of the app, as the admin console shows it.
    pub name: Option<String>,
}

/// Result of a health check.
pub(crate) type Finding = Result<AgentState, Error>;

/// Result of the last health check and when it was made, by monotonic time; shared between callers, of whom one checks and the others wait.
pub(crate) struct HealthMemory {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) last: tokio::sync::Mutex<Option<(Duration, Finding)>>,
}

impl HealthMemory {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            last: tokio::sync::Mutex::default(),
        }
    }
}
