//! Event as readers of the stream get it.

use std::sync::Arc;

use acteon_store::{Event, EventId, EventKind};

/// Event as readers of the stream get it.
#[derive(Clone, Debug)]
pub struct StreamEvent {
    /// Id of the event.
    pub id: EventId,
    /// Kind of the event.
    pub kind: EventKind,
    /// The event in the wire format, as JSON.
    pub data: Arc<str>,
    /// Name of the outcome, such as `executed`; empty of an event of a flow.
    pub(crate) outcome: &'static str,
    pub(crate) event: Event,
}

impl StreamEvent {
    /// Id of the flow that it is about; `None` of an event of an action.
    pub fn flow(&self) -> Option<&str> {
        self.event.flow.as_deref()
    }

    /// Bytes that it holds while it waits for a reader, near enough.
    pub(crate) fn bytes(&self) -> usize {
        // What it has besides are names that its data has as well.
        2 * self.data.len() + size_of::<Self>()
    }
}
