//! When a flow goes on, in due time.

use std::time::Duration;

use acteon_core::Timestamp;
use acteon_flows::Due;

use crate::shared::Inner;

/// Longest that a flow waits for an instant of the wall clock without a look: that clock may have been set ahead when the instant was computed.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_hours(24);

/// Instant in due time at which a flow goes on.
pub(crate) fn due_at(inner: &Inner, due: Due) -> Option<Timestamp> {
    let now = inner.due.now();
    match due {
        Due::At(instant) => Some(inner.due.of_wall(instant).min(now + LOOK_AGAIN)),
        Due::After(pause) => Some(now + pause),
        Due::Counted(instant) => Some(instant),
        Due::Poked | Due::Never | Due::Gone => None,
    }
}
