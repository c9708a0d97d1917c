//! Leases of processes, and the rows that they leave.

use super::ids::OwnerId;

/// Heartbeat of a process: how often it renewed its lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// The process.
    pub owner: OwnerId,
    /// How often it renewed its lease.
    pub count: i64,
}

/// Rows that were taken from whoever held them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Freed {
    /// Those that only waited in its memory.
    pub unsent: usize,
    /// Those that it may have sent: they are marked as possible duplicates, and counted as taken over.
    pub maybe_sent: usize,
}
