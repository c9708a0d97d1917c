//! Leases of processes, and rows that are freed.

use super::ids::OwnerId;

/// Heartbeat of a process, as another process sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// Process that renews its lease.
    pub owner: OwnerId,
    /// Number of renewals so far.
    pub count: i64,
}

/// Numbers of rows that were freed from their owners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Freed {
    /// Rows that only waited in the memory of the owner.
    pub unsent: usize,
    /// Rows that the owner may have sent: they are marked as possible duplicates, and counted as taken over.
    pub maybe_sent: usize,
}
