//! The Acteon server as a library: its configuration, its HTTP API, and a [`Server`] that the command, tests and examples start.

#![deny(missing_docs)]

mod auth;
mod budget;
pub mod config;
mod connection;
pub mod dumps;
pub mod files;
mod http;
mod listen;
pub mod logging;
mod metrics;
mod paths;
pub mod rules;
mod serve;
mod sign_in;
mod similar;
mod store;
#[cfg(feature = "wechat")]
mod tokens;

pub use listen::raise_open_files;
pub use paths::default_data_dir;
pub use serve::{Server, StartError, check_host};
pub use store::{embedded_database, make_private_dir};
