//! The Acteon server as a library: its configuration, its HTTP API, and a [`Server`] that the command, tests and examples start.

mod approvals;
mod auth;
mod budget;
mod calendars;
mod chains;
mod compose;
pub mod config;
mod configuration;
mod connection;
pub mod dumps;
mod http;
mod listen;
pub mod logging;
mod metrics;
mod paths;
mod people;
mod reading;
mod rereading;
pub mod rules;
mod sign_in;
mod start_error;
mod store;
mod stored_names;
#[cfg(feature = "wechat")]
mod tokens;
mod watch;

use acteon_config::files;

pub use compose::{Server, check_host};
pub use http::{Route, routes};
pub use listen::raise_open_files;
pub use paths::default_data_dir;
pub use start_error::StartError;
pub use store::{embedded_database, make_private_dir};
pub use stored_names::StoredNames;
