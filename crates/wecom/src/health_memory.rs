//! The last finding of an app's health, and when it was made.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::error::Error;

/// What a healthy app said of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentState {
    /// The app's name.
    pub name: Option<String>,
}

/// The result of a health check.
pub(crate) type Finding = Result<AgentState, Error>;

/// The last finding of an app's health, shared between callers.
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
