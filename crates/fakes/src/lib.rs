//! Local services for tests that stand in for those that providers call, with faults on demand.
//!
//! A fake shares no code with its provider: they are two readings of the protocol, so that one mistake is not made twice.

pub mod webhook;
pub mod wecom;
