//! Acting in the world: as a member who presses and writes, as the service that tells of events, and as the admin console that verifies URLs.
//!
//! A request ([`requests`]) becomes a callback in the [`world`], which is delivered ([`perform`]). The control [`routes`] and the methods of the
//! [`local`] server do the same.

mod local;
mod perform;
mod requests;
pub(super) mod routes;
mod world;

pub use requests::{CannotAct, Click, Event, Say};
