//! The providers. One folder each, with the same files in each: `config`, `payload`, `send`, `classify`.
//!
//! [`catalog`] lists what this build has; [`KNOWN_TYPES`] also what it could have.

#![deny(missing_docs)]

mod catalog;
mod log;
mod retry_after;
mod webhook;
#[cfg(feature = "wechat")]
mod wechat;

#[cfg(feature = "wechat")]
pub use acteon_wecom::{Pending, SharedToken, TokenShare, Turn};
pub use catalog::{Built, Context, KNOWN_TYPES, KnownType, ProviderType, catalog};
