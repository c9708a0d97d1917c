//! The embedded store: one SQLite file, locked by one process.
//!
//! One *writer* thread owns the only connection that writes. It takes everything that waits, applies it in one transaction, commits with
//! `synchronous=FULL`, and answers all the waiters. A *checkpointer* thread moves the write-ahead log into the database meanwhile, so that
//! no commit has to. A few *readers* serve look-ups, some of them the gateway's own. A thread that panics ends the store.

mod admit;
mod advance;
mod checkpoint;
mod claims;
mod command;
mod damage;
mod disk;
mod documents;
mod engine;
mod error;
mod events;
mod faults;
mod flow_claims;
mod flow_rows;
mod flows;
mod gate;
mod history;
mod holds;
mod insert;
mod jobs;
mod journal;
mod letters;
mod log_check;
mod look;
mod notes;
mod open;
mod open_rows;
mod options;
mod pages;
mod pokes;
mod processes;
mod queue;
mod readers;
mod reroute;
mod rescue;
mod retention;
mod revision;
mod room;
mod rows;
mod scheduled;
mod sends;
mod settle;
mod start;
mod statement;
mod store;
mod system;
mod thread;
mod transfer;
mod writer;

use crate::StoreError;

pub use error::SqliteError;
pub use faults::{FaultPoint, Faults};
pub use options::SqliteOptions;
pub use store::SqliteStore;

type Result<T> = std::result::Result<T, StoreError>;
