//! What clients are told.

use std::sync::Arc;

/// What a client was told.
pub(super) struct Answer {
    pub(super) id: String,
    /// The outcome as JSON.
    pub(super) outcome: Arc<str>,
}
