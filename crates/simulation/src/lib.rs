//! Gateways on virtual time, with simulated providers and faults: a harness for tests, and deterministic runs from a seed.

pub mod deterministic;
pub mod harness;
