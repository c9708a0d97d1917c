//! Test equipment: a PostgreSQL, servers of it that are killed and promoted, and a network that fails.
//!
//! A test that the machine has no means for is [`skipped`], with a message, and fails where `CI` is set.

pub mod cluster;
pub mod postgres;
pub mod proxy;
mod skip;

pub use skip::skipped;
