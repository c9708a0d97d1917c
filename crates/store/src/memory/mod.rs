//! A store in memory, for simulations: every call is done before its future is first polled, so that a run depends on nothing but its seed.
//!
//! It keeps every promise of the trait but durability, and passes the suite of the others.

mod admit;
mod advance;
mod claims;
mod documents;
mod engine;
mod events;
mod flows;
mod gate;
mod history;
mod holds;
mod jobs;
mod journal;
mod look;
mod notes;
mod pokes;
mod processes;
mod reroute;
mod retention;
mod revision;
mod scheduled;
mod settle;
mod store;
mod tables;

pub use self::store::MemoryStore;
