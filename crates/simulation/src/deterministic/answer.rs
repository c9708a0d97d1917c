//! Answers to clients.

use std::sync::Arc;

/// Answer to a client: the id of its action, and the outcome.
pub(super) struct Answer {
    pub(super) id: String,
    /// Outcome as JSON, as it was answered.
    pub(super) outcome: Arc<str>,
}
