//! The store that several gateways share: one schema of a PostgreSQL database.
//!
//! Everything that is hot is written in batches by a few workers, each batch in one statement over arrays and one commit. Rows are claimed
//! with SKIP LOCKED and changed only where their owner still is who changes them; the row of a process is locked, shared, by what writes on
//! its behalf, so that a process that was taken over writes nothing. No lock is held beyond a transaction, no sequence is asked on the hot
//! path, and what the database rolls back for others' sake is done again, so that engines which only speak its protocol can serve as well.

#[macro_use]
mod calls;
mod admit;
mod advance;
mod batch;
mod claims;
mod clock;
mod connect;
mod documents;
mod engine;
mod error;
mod events;
mod flows;
mod gate;
mod history;
mod holds;
mod insert;
mod jobs;
mod journal;
mod letters;
mod listen;
mod look;
mod migrate;
mod notes;
mod open_rows;
mod options;
mod positions;
mod processes;
mod reroute;
mod retention;
mod revision;
mod rows;
mod scheduled;
mod sends;
mod settle;
mod start;
mod store;
mod transfer;

pub use self::error::PostgresError;
pub use self::options::PostgresOptions;
pub use self::store::PostgresStore;
