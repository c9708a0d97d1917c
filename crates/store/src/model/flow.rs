//! Names of flows, and what begins and pokes them with the change of an action.

use std::fmt;
use std::sync::Arc;

use acteon_core::{Namespace, Tenant, Timestamp};

/// Name of a flow: its kind, and its id within the kind. Written `kind:id`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowKey {
    /// Kind of the flow, such as `recurring`. It has no colon.
    pub kind: Arc<str>,
    /// Id, unique within the kind.
    pub id: Arc<str>,
}

impl FlowKey {
    /// Name of a flow.
    pub fn new(kind: &str, id: &str) -> Self {
        Self {
            kind: kind.into(),
            id: id.into(),
        }
    }

    /// Name as it is written; `None` where there is no colon.
    pub fn parse(text: &str) -> Option<Self> {
        text.split_once(':').map(|(kind, id)| Self::new(kind, id))
    }
}

impl fmt::Display for FlowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.id)
    }
}

/// State of a flow, which a step writes as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowState {
    /// Word for where it stands, by which lists are filtered.
    pub status: Arc<str>,
    /// What its kind keeps, as a JSON object. Only its kind reads it.
    pub body: Arc<str>,
    /// Instant of its next step, in due time; `None` where it waits for a poke, or is over.
    pub due_at: Option<Timestamp>,
    /// Whether it is over: no poke wakes it any more.
    pub is_over: bool,
}

/// Beginning of a flow. Where there is one of that name, nothing happens.
#[derive(Clone, Debug)]
pub struct Begin {
    /// Name of the flow.
    pub key: FlowKey,
    /// Namespace that it belongs to.
    pub namespace: Namespace,
    /// Tenant that it belongs to.
    pub tenant: Tenant,
    /// State that it begins in.
    pub state: FlowState,
}

/// Version of a flow that begins at an instant of the wall clock: another each time, so that a step of one that was deleted since is none of one that
/// began under its name. It leaves room for a thousand changes a millisecond.
pub(crate) fn first_version(at: Timestamp) -> i64 {
    at.as_millis().saturating_mul(1024)
}

/// Status of a flow that cannot be read any more. It is due no more, and what is stored of it stays as it is.
pub(crate) const UNREADABLE_FLOW: &str = "unreadable";

/// Poke: makes a flow due, unless it is over. Where it is not there, nothing happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poke {
    /// Flow that is made due.
    pub flow: FlowKey,
    /// Instant, in due time, at which it is due at the latest.
    pub due_at: Timestamp,
}

impl Poke {
    /// Due time of a poked flow that was due at `due_at`.
    pub(crate) fn due_after(&self, due_at: Option<Timestamp>) -> Timestamp {
        due_at.map_or(self.due_at, |due_at| due_at.min(self.due_at))
    }
}
