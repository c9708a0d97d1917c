//! From when the age of an action counts.

use acteon_core::Timestamp;

/// From when the age of an action counts, and when it is given up, in due time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age {
    /// From when it counts.
    pub not_before: Timestamp,
    /// When it is given up.
    pub give_up_at: Timestamp,
}
