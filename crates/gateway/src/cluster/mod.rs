//! This process among the others that share a store: its lease, its clock, and the rows that it holds.

pub(crate) mod due_clock;
pub(crate) mod held;
pub(crate) mod lease;
pub(crate) mod lease_keeper;
pub(crate) mod reconcile;
