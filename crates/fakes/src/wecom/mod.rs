//! A local WeChat Work: `gettoken`, `message/send` and `agent/get` as the real servers answer them, with faults on demand and a page that
//! shows what arrived.
//!
//! The [`world`] holds corporations, apps, tokens and messages. Checks come in the order of the real API: token, app, address, frequency,
//! JSON, agent, recipients, type, content, reachability; then the duplicate check, then the silent per-member limit. The
//! control routes change the world and switch faults.

mod command;
mod content;
mod control;
mod faults;
mod gettoken;
mod limits;
mod reply;
mod send;
mod server;
mod shared;
pub mod world;

pub use command::run_command;
pub use faults::{Call, Fault};
pub use limits::RateLimit;
pub use server::LocalWecom;
