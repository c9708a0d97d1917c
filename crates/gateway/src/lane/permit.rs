//! The right to make one call.

use std::sync::Arc;

use super::state::{CallEnd, Change};
use super::{Lane, LaneStatus, SenderPlace};

/// The right to make one call, for as long as it takes. Dropped before [`Permit::begin`] the turn is another's; dropped after it, the call tells
/// nothing.
pub(crate) struct Permit {
    lane: Arc<Lane>,
    sender: SenderPlace,
    probe: bool,
    end: Option<CallEnd>,
}

impl Permit {
    pub(super) fn new(lane: Arc<Lane>, sender: SenderPlace, probe: bool) -> Self {
        Self {
            lane,
            sender,
            probe,
            end: Some(CallEnd::NotMade),
        }
    }

    /// The call begins.
    pub(crate) fn begin(&mut self) {
        self.end = Some(CallEnd::Unknown);
    }

    /// Tells the lane how the call ended, and what the service said if it was too much. Returns what the lane should be logged and kept as,
    /// where that changed.
    pub(crate) fn end(mut self, end: CallEnd, said: impl FnOnce() -> String) -> Option<LaneStatus> {
        self.end = None;
        let (change, is_waited_for) = {
            let mut inner = self.lane.lock();
            inner.queue.give_slot(self.sender);
            let change = inner
                .state
                .ended(self.lane.clock.monotonic(), self.probe, end);
            if change == Change::Paused {
                inner.pauses += 1;
                inner.reason = Some(said());
            }
            if change != Change::None {
                inner.was_reset = false;
            }
            (change, inner.queue.next().is_some())
        };
        if is_waited_for {
            self.lane.pump();
        }
        (change != Change::None).then(|| self.lane.status())
    }

    /// Says whose it was, and whether it was a probe's, and leaves its end to the caller.
    pub(super) fn forget(mut self) -> (SenderPlace, bool) {
        self.end = None;
        (self.sender, self.probe)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(end) = self.end {
            let mut inner = self.lane.lock();
            inner.queue.give_slot(self.sender);
            inner
                .state
                .ended(self.lane.clock.monotonic(), self.probe, end);
            drop(inner);
            self.lane.pump();
        }
    }
}
