//! The right to make one call.

use std::sync::Arc;

use super::state::{CallEnd, Change};
use super::{Lane, LaneStatus};

/// The right to make one call, for as long as it takes. Dropped before [`Permit::begin`] the turn is another's; dropped after it, the call tells
/// nothing.
pub(crate) struct Permit {
    lane: Arc<Lane>,
    probe: bool,
    end: Option<CallEnd>,
}

impl Permit {
    pub(super) fn new(lane: Arc<Lane>, probe: bool) -> Self {
        Self { lane, probe, end: Some(CallEnd::NotMade) }
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
            let change = inner.state.ended(self.lane.clock.monotonic(), self.probe, end);
            if change == Change::Paused {
                inner.pauses += 1;
                inner.reason = Some(said());
            }
            if change != Change::None {
                inner.was_reset = false;
            }
            (change, !inner.waiting.is_empty())
        };
        if is_waited_for {
            self.lane.pump();
        }
        (change != Change::None).then(|| self.lane.status())
    }

    /// Says whether it was a probe's, and leaves its end to the caller.
    pub(super) fn forget(mut self) -> bool {
        self.end = None;
        self.probe
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(end) = self.end {
            self.lane.lock().state.ended(self.lane.clock.monotonic(), self.probe, end);
            self.lane.pump();
        }
    }
}
