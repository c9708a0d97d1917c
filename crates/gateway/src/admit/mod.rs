//! Admission of actions: what is asked of the store, and what their callers are answered.

pub(crate) mod accept;
pub(crate) mod answer;
pub(crate) mod ask_approval;
pub(crate) mod ask_outcomes;
pub(crate) mod batch;
pub(crate) mod dispatch;
pub(crate) mod entry;
mod flow_room;
pub(crate) mod flow_shares;
pub(crate) mod known;
pub(crate) mod notices;
pub(crate) mod notify;
pub(crate) mod pending;
pub(crate) mod recount;
pub(crate) mod repeated;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod routes;
pub(crate) mod sender;
pub(crate) mod shares;
mod start_chain;
pub(crate) mod waiters;
