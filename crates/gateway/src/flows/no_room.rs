//! Flows whose actions find no room: each tries again after a pause that grows, since every try is a commit.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acteon_store::FlowKey;

/// First pause of a flow whose action finds no room.
const SHORTEST: Duration = Duration::from_secs(5);
/// Longest pause: as long as it may take until one goes on after there is room.
const LONGEST: Duration = Duration::from_mins(1);
/// Most flows whose tries are counted. What is beyond them waits for the longest pause.
const MAX_COUNTED: usize = 10_000;

/// Tries of the flows whose actions found no room.
#[derive(Default)]
pub(crate) struct NoRoom(Mutex<HashMap<FlowKey, Tries>>);

struct Tries {
    pause: Duration,
    /// Instant of the latest, of the monotonic clock.
    at: Duration,
}

impl NoRoom {
    /// Pause of a flow whose action finds no room at `now`, of the monotonic clock: twice as long as the one before.
    pub(super) fn pause(&self, flow: &FlowKey, now: Duration) -> Duration {
        let mut all = self.lock();
        if all.len() >= MAX_COUNTED && !all.contains_key(flow) {
            // Another process may have taken some on, or they are gone.
            all.retain(|_, tries| now.saturating_sub(tries.at) < LONGEST * 2);
            if all.len() >= MAX_COUNTED {
                return LONGEST;
            }
        }
        let pause = match all.get(flow) {
            Some(before) => (before.pause * 2).min(LONGEST),
            None => SHORTEST,
        };
        all.insert(flow.clone(), Tries { pause, at: now });
        pause
    }

    /// Forgets a flow that goes on.
    pub(super) fn found(&self, flow: &FlowKey) {
        self.lock().remove(flow);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<FlowKey, Tries>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize) -> FlowKey {
        FlowKey::new("x", &number.to_string())
    }

    #[test]
    fn pauses_grow_up_to_a_bound_until_there_is_room() {
        let (no_room, now) = (NoRoom::default(), Duration::ZERO);
        let pauses: Vec<_> = (0..6)
            .map(|_| no_room.pause(&key(0), now).as_secs())
            .collect();
        assert_eq!(pauses, [5, 10, 20, 40, 60, 60]);
        assert_eq!(no_room.pause(&key(1), now), SHORTEST, "each by itself");
        no_room.found(&key(0));
        assert_eq!(no_room.pause(&key(0), now), SHORTEST);
    }

    #[test]
    fn no_more_are_counted_than_fit() {
        let (no_room, now) = (NoRoom::default(), Duration::ZERO);
        for number in 0..MAX_COUNTED {
            no_room.pause(&key(number), now);
        }
        assert_eq!(no_room.pause(&key(MAX_COUNTED), now), LONGEST);
        assert_eq!(no_room.pause(&key(0), now), SHORTEST * 2);
        let later = now + LONGEST * 2;
        assert_eq!(no_room.pause(&key(MAX_COUNTED), later), SHORTEST);
        assert_eq!(no_room.lock().len(), 1, "the others are forgotten");
    }
}
