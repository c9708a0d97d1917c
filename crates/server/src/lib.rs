//! The Acteon server as a library: its configuration, its HTTP API, and a [`Server`] that the command, tests and examples start.

#![deny(missing_docs)]

mod auth;
pub mod config;
mod http;
pub mod logging;
mod metrics;
mod paths;
pub mod rules;
mod serve;

pub use paths::default_data_dir;
pub use serve::{Server, StartError};
