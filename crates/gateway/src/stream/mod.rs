//! The stream: events as they are committed, for those who follow them.
//!
//! One task, the *tail*, reads new events while at least one reader is there, and hands each to the readers whose filters let it through. A reader that
//! was away reads what it missed from the store by itself, and then joins the tail. Whoever leaves too much unread is cut off, and comes back
//! by its last id: no event is kept for readers anywhere but in the store.

pub(crate) mod event;
pub(crate) mod filter;
pub(crate) mod follower;
pub(crate) mod reader;
mod show;
pub(crate) mod subscribe;
pub(crate) mod tail;
