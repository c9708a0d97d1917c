//! The services that providers call, made locally and faithfully, with faults on demand.
//!
//! A fake shares no code with its provider: two readings of the protocol, so that one mistake is not made twice.

pub mod webhook;
pub mod wecom;
