//! Status of a lane, as it is now.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::turn::Lane;
use crate::lane::status::{LaneMode, LaneStatus};

impl Lane {
    /// Status of the lane now.
    pub(crate) fn status(&self) -> LaneStatus {
        let now = self.clock.monotonic();
        let inner = self.lock();
        let probe_in = inner
            .state
            .paused_until(now)
            .map(|until| until.saturating_sub(now));
        let mode = match probe_in {
            None => LaneMode::Open,
            Some(_) if inner.state.is_probing() => LaneMode::Probing,
            Some(_) => LaneMode::Paused,
        };
        let pace = inner.state.pace();
        LaneStatus {
            name: Arc::clone(&self.name),
            mode,
            probe_in: probe_in.unwrap_or_default(),
            pace: pace.map(|(rate, _)| rate),
            pace_is_configured: pace.is_some_and(|(_, is_configured)| is_configured),
            reason: inner.reason.clone(),
            pauses: inner.pauses,
            in_flight: inner.state.in_flight(),
            waiting: inner.queue.len(),
            more_in_store: self.backlog.load(Ordering::Relaxed),
        }
    }
}
