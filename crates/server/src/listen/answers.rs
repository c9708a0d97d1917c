//! Room for answers, in bytes, which all connections share.

use std::sync::Arc;

use acteon_core::limits::{MAX_ANSWERS_BYTES, SLOW_READER};

use crate::budget::Budget;
use crate::http::Effect;

/// Room for answers that wait to be read by their callers.
///
/// Those of requests that changed something have room of their own, which nobody who may only look can fill. They are never refused; new ones are,
/// before they do anything, while there is none left.
pub(crate) struct Answers {
    pub(crate) of_looks: Arc<Budget>,
    pub(crate) of_changes: Arc<Budget>,
}

impl Answers {
    pub(crate) fn new() -> Self {
        let room = || Budget::new(MAX_ANSWERS_BYTES, SLOW_READER);
        Self {
            of_looks: room(),
            of_changes: room(),
        }
    }

    /// Whether a request may begin. One that changes a single thing, such as an alert on its way, has a small answer: it is refused only where
    /// those of its kind alone fill as much again.
    pub(super) fn may_begin(&self, effect: Effect) -> bool {
        match effect {
            Effect::Looks => true,
            Effect::ChangesOne => self.of_changes.has_room_within(2),
            Effect::ChangesMany => self.of_changes.has_room_within(1),
        }
    }
}
