//! Note of a lane, kept in the store and told to the other gateways: see [`super::sharing`].

use std::sync::Arc;
use std::time::Duration;

use acteon_core::Timestamp;
use acteon_core::limits::MAX_RETRY_AFTER;
use serde::{Deserialize, Serialize};

use super::state::SharedState;
use super::turn::Lane;

/// Note of a lane, for later processes and the other gateways.
#[derive(Serialize, Deserialize)]
pub(crate) struct LaneNote {
    /// Owner and sequence number of the last change.
    #[serde(default)]
    change: (i64, u64),
    /// Due time until which the lane is paused; no step of the wall clock moves it.
    paused_until: Timestamp,
    pause_ms: u64,
    pace: Option<f64>,
    /// Number of times that the pace was confirmed, and for how long it is kept.
    #[serde(default)]
    confirmed: u32,
    #[serde(default)]
    keep_ms: u64,
    /// Service's words when it last refused calls for their rate.
    #[serde(default)]
    reason: Option<String>,
    /// Whether pause and pace were forgotten by hand.
    #[serde(default)]
    reset: bool,
}

impl LaneNote {
    fn shared(&self, now: Timestamp) -> SharedState {
        SharedState {
            paused_for: self.paused_until.since(now).min(MAX_RETRY_AFTER),
            pause: Duration::from_millis(self.pause_ms),
            pace: self
                .pace
                .map(|rate| (rate, self.confirmed, Duration::from_millis(self.keep_ms))),
        }
    }
}

impl Lane {
    /// Note of the lane, after a change that the gateway `owner` made, at the due time `due`.
    pub(crate) fn note(&self, owner: i64, due: Timestamp) -> LaneNote {
        let now = self.clock.monotonic();
        let mut inner = self.lock();
        inner.change = (owner, inner.change.1 + 1);
        let paused_for = inner
            .state
            .paused_until(now)
            .map_or(Duration::ZERO, |until| until.saturating_sub(now));
        let (pace, confirmed, keep) = inner
            .state
            .told(now)
            .map_or((None, 0, Duration::ZERO), |(rate, times, keep)| {
                (Some(rate), times, keep)
            });
        LaneNote {
            change: inner.change,
            paused_until: due + paused_for,
            pause_ms: inner.state.pause().as_millis() as u64,
            pace,
            confirmed,
            keep_ms: keep.as_millis() as u64,
            reason: inner.reason.clone(),
            reset: inner.was_reset,
        }
    }

    /// Continues where an earlier process stood, at the due time `due`.
    pub(crate) fn restore(&self, note: &LaneNote, due: Timestamp) {
        let mut inner = self.lock();
        inner.change = note.change;
        inner.reason.clone_from(&note.reason);
        inner
            .state
            .restore(self.clock.monotonic(), note.shared(due));
    }

    /// Takes over what another gateway changed, unless it was heard before. `own` is who hears it, at the due time `due`.
    /// Returns the rate that was seen here, if this is a pause that was not known.
    pub(crate) fn adopt(
        self: &Arc<Self>,
        note: &LaneNote,
        own: i64,
        due: Timestamp,
    ) -> Option<f64> {
        let seen = {
            let mut inner = self.lock();
            if inner.change == note.change || note.change.0 == own {
                return None;
            }
            inner.change = note.change;
            inner.reason.clone_from(&note.reason);
            inner.was_reset = note.reset;
            let now = self.clock.monotonic();
            if note.reset {
                inner.state.reset(now);
                None
            } else {
                inner.state.adopt(now, note.shared(due))
            }
        };
        self.grant_waiting();
        self.room.notify_one();
        seen
    }
}
