//! Providers, one folder each. All have the same files: `config` (its section), `payload` (the request of an action), `send` (the calls) and `classify`
//! (errors and answers in the gateway's terms).
//!
//! [`catalog`] lists the types of this build, and [`KNOWN_TYPES`] those of every build.

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
