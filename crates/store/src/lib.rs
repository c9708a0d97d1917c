//! The store: what was accepted, who works on it, and what came of it.
//!
//! The row of an action is also its job: it carries a state, an owner and the instant when it is due. [`Store::admit`] writes it,
//! [`Store::settle`] changes it, fenced by the owner; both are group commits, durable before they return. [`Store::claim`] hands due rows to
//! a process, whether they are new, to be retried, or left behind by a process that died. See `docs/adr/0001` for the reasons.

#![deny(missing_docs)]

mod error;
mod model;
mod sqlite;
mod store;

pub use error::StoreError;
pub use model::{
    Admission, Admitted, Birth, Change, Claim, ClaimLane, DeadLetterPage, Fence, OwnerId, Record, Scope, Seq, Settled, Settlement, State,
};
pub use sqlite::{SqliteOptions, SqliteStore};
pub use store::{Later, Store};
