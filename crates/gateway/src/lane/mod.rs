//! Lanes: what a service limits together shares pauses, pace and in-flight limit.
//!
//! A [`Lane`] gives out [`Permit`]s, in the order that [`queue`] says. Those who wait do so in
//! memory, up to limits that are kept by [`MemoryPermit`]s; beyond them rows wait in the store. The
//! decisions are made by [`state`].

mod look;
mod memory_permit;
mod note;
mod pace;
mod passed;
mod queue;
pub(crate) mod sharing;
mod state;
mod status;
mod turn;

pub(crate) use memory_permit::{MemoryPermit, RowRoom};
pub(crate) use queue::{Rank, SenderId};
pub(crate) use state::CallEnd;
pub use status::{LaneMode, LaneStatus};
pub(crate) use turn::{AskedTurn, Lane, Permit};
