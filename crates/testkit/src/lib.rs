//! What tests need of the machine: a PostgreSQL, clusters of it that are killed and promoted, and a network that fails.
//!
//! What a machine has no means for is [`skipped`], aloud, and fails where `CI` is set.

pub mod cluster;
pub mod postgres;
pub mod proxy;
mod skip;

pub use skip::skipped;
