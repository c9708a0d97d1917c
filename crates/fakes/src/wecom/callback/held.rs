//! Callbacks that are to be delivered, and those that are held back.

use super::settings::Deliver;

/// Callback that is to be delivered.
#[derive(Clone, Debug)]
pub(in crate::wecom) struct Callback {
    /// Sequence number, from 1.
    pub(in crate::wecom) number: u64,
    pub(in crate::wecom) agent_id: i64,
    /// `text`, or the event's name.
    pub(in crate::wecom) name: String,
    /// Text that is sealed.
    pub(in crate::wecom) xml: String,
}

/// Callback that is held back.
#[derive(Debug)]
pub(in crate::wecom) struct Held {
    pub(super) callback: Callback,
    pub(super) deliver: Deliver,
}
