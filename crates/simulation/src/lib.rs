//! Gateways whose time, providers and faults are in one's hand: a harness for tests, and deterministic runs out of a seed.

pub mod deterministic;
pub mod harness;
