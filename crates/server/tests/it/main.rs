//! The server, through its outer boundaries: HTTP, the command line, and the wire of the services it calls.

mod api;
mod command;
mod configuration;
mod malformed;
mod support;
mod tidy;
mod webhook;
#[cfg(feature = "wechat")]
mod wechat;
