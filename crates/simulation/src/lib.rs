//! What cannot be had in a test, made locally and faithfully: a WeChat Work, and gateways whose time, providers and faults are in one's hand.
//!
//! [`wecom`] shares no code with `acteon-wecom`: two readings of the protocol, so that one mistake is not made twice.

#![deny(missing_docs)]

#[cfg(feature = "postgres")]
pub mod cluster;
pub mod deterministic;
pub mod harness;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod proxy;
mod skip;
pub mod webhook;
pub mod wecom;

pub use skip::skipped;
