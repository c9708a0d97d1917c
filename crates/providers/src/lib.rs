//! The providers. One folder each, with the same files in each: `config`, `payload`, `send`, `classify`.
//!
//! [`catalog`] lists what this build has; [`KNOWN_TYPES`] also what it could have.

mod catalog;
mod context;
mod log;
mod provider_type;
mod retry_after;
mod webhook;
#[cfg(feature = "wechat")]
mod wechat;
mod whole_action;

#[cfg(feature = "wechat")]
pub use acteon_wecom::{SharedToken, TokenShare, TokenTurn};
pub use catalog::{KNOWN_TYPES, KnownType, catalog};
pub use context::Context;
pub use provider_type::{Built, ProviderType};
