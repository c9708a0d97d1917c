//! Age of an action: from when it counts, and when it is given up.

use acteon_core::Timestamp;

/// Beginning and end of an action's age, in due time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age {
    /// Instant from which the age counts.
    pub not_before: Timestamp,
    /// Instant after which the action is not sent any more.
    pub give_up_at: Timestamp,
}
