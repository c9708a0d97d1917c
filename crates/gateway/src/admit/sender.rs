//! Sender of an action whose id is known already.

use std::sync::Arc;

use acteon_core::{Action, Origin};
use acteon_store::Record;

use crate::admit::answer::DispatchError;
use crate::offload;
use crate::shared::Inner;

/// Origin of an action, and who posted it.
pub(crate) struct Sender {
    pub(crate) origin: Origin,
    pub(crate) caller: Arc<str>,
}

impl Sender {
    /// Conflict where the id of `action` belongs to another request. What cannot be read cannot be
    /// told apart.
    pub(crate) fn conflict(
        &self,
        inner: &Inner,
        record: &Record,
        action: &Action,
    ) -> Option<DispatchError> {
        // No caller names the id of an occurrence or of a step: what has it is that occurrence, however it is defined now. To compare the two would say whether a
        // guess at what is hidden is right.
        // What was approved is the same: its decision was made of it.
        if record.unreadable.is_some()
            || matches!(
                self.origin,
                Origin::Recurring | Origin::Chain | Origin::Approval
            )
        {
            return None;
        }
        let bytes = record.action.content_bytes() + action.content_bytes();
        let difference = offload::by_size(bytes, || record.action.first_difference(action));
        if difference.is_none()
            && !self.meets_no_replay(record)
            && !self.may_be_guessing(inner, record)
        {
            return None;
        }
        // Who did not post it could find out the others field by field.
        let difference = difference.filter(|_| *self.caller == *record.caller);
        Some(DispatchError::Conflict {
            id: action.id.to_string(),
            difference,
        })
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
