//! Flows: what happens later, as pure state machines. No clock, no store, no network.
//!
//! A flow is a row that outlives the process: a kind, a body that only its [`Kind`] reads, and at most one instant at which it goes on. A kind is
//! one function: what is stored and what happened go in, the next body and what is to be done come out as a [`Step`]. The gateway writes all of a
//! step in one commit, or nothing of it.

#![deny(missing_docs)]

pub mod approval;
pub mod callback;
pub mod card;
pub mod chain;
mod kind;
mod recurring;
mod requester;

pub use kind::{
    Child, ChildState, Due, Effect, Errand, FlowName, InvalidBody, Kind, Looked, LookedFlow,
    LooksAt, Step,
};
pub use recurring::{
    Definition, MissedRuns, OCCURRENCE_IDS, OnDays, OverlapPolicy, Recurring, RecurringFlow,
    Status, Timetable, occurrence_id,
};
pub use requester::{requester, sent_by};
