//! Who sends an action whose id is known already.

use std::sync::Arc;

use acteon_core::{Action, Origin};
use acteon_store::Record;

use crate::gateway::Inner;
use crate::offload;

/// Where an action comes from, and who posted it.
pub(crate) struct Sender {
    pub(crate) origin: Origin,
    pub(crate) caller: Arc<str>,
}

impl Sender {
    /// Whether the id of `action` belongs to another request. What cannot be read cannot be told apart.
    pub(crate) fn asks_otherwise(&self, inner: &Inner, record: &Record, action: &Action) -> bool {
        let is_another = || {
            self.meets_no_replay(record)
                || !record.action.asks_the_same(action)
                || self.may_be_guessing(inner, record)
        };
        let bytes = record.action.payload.get().len() + action.payload.get().len();
        record.unreadable.is_none() && offload::by_size(bytes, is_another)
    }

    /// Whether it is a replay, and what has its id is none: a letter that it was taken for would stay on the list for ever.
    fn meets_no_replay(&self, record: &Record) -> bool {
        self.origin == Origin::Replay && record.origin != Origin::Replay
    }

    /// Whether it is another than who posted it first, who may not know what is hidden: the answer would say whether a guess is right.
    fn may_be_guessing(&self, inner: &Inner, record: &Record) -> bool {
        self.origin == Origin::Api
            && *self.caller != *record.caller
            && inner.options.redaction.hides_some_of(&record.action)
    }
}
