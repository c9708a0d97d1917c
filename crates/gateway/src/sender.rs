//! Who sends an action whose id is known already.

use std::sync::Arc;

use acteon_core::Origin;
use acteon_store::Record;

use crate::gateway::Inner;

/// Where an action comes from, and who posted it.
pub(crate) struct Sender {
    pub(crate) origin: Origin,
    pub(crate) caller: Arc<str>,
}

impl Sender {
    /// Whether it is a replay, and what has its id is none: a letter that it was taken for would stay on the list for ever.
    pub(crate) fn meets_no_replay(&self, record: &Record) -> bool {
        self.origin == Origin::Replay && record.origin != Origin::Replay
    }

    /// Whether it is another than who posted it first, who may not know what is hidden: the answer would say whether a guess is right.
    pub(crate) fn may_be_guessing(&self, inner: &Inner, record: &Record) -> bool {
        self.origin == Origin::Api && *self.caller != *record.caller && inner.options.redaction.hides_some_of(&record.action)
    }
}
