//! Lease of the process, its right to send, as it knows it; and the leases of the others, as it
//! sees them.
//!
//! A lease is renewed by beats. Whoever watches a process takes it for dead when its beat has stood
//! still for as long as a lease lasts, by the watcher's own monotonic clock; the process itself
//! counts from before it asked for the beat, by the clock that says more. No two machines' wall
//! clocks are compared, so no step of one can end a lease.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use acteon_core::{Clock, Timestamp};
use acteon_store::{Heartbeat, OwnerId, Store, StoreError};

/// Renewals between two looks at the others' beats from which on it is as good as not having
/// looked.
const LOOKS_APART: u32 = 3;
/// Longest time of a send, whatever the lease.
const LONGEST_SEND: Duration = Duration::from_secs(30);

/// Length of a lease, and the times that follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseTimes {
    lasts: Duration,
}

impl LeaseTimes {
    /// Times of leases that last so long unless they are renewed.
    pub fn lasting(lasts: Duration) -> Self {
        Self { lasts }
    }

    /// Time that a lease lasts.
    pub(crate) fn lasts(self) -> Duration {
        self.lasts
    }

    /// Pause between two renewals, and between two looks at the others.
    pub fn renew_every(self) -> Duration {
        self.lasts / 12
    }

    /// Longest time of a send: it must end before the lease does.
    pub fn send_limit(self) -> Duration {
        (self.lasts * 2 / 3).min(LONGEST_SEND)
    }

    /// Time after which a send is cut off that did not end by itself. Later than the send limit, so
    /// that a provider has time to say how far it came.
    pub(crate) fn cut_off(self) -> Duration {
        self.send_limit() + self.renew_every() / 2
    }

    /// Time that the lease must have left for a send to start: the time of a send, with a margin.
    fn must_be_left(self) -> Duration {
        self.send_limit() + self.renew_every()
    }
}

impl Default for LeaseTimes {
    fn default() -> Self {
        Self::lasting(Duration::from_mins(1))
    }
}

#[derive(Clone, Copy)]
struct HeldLease {
    owner: OwnerId,
    /// Instant at which the last renewal was asked for: before the store was.
    monotonic: Duration,
    wall: Timestamp,
}

pub(crate) struct Lease {
    held: Mutex<HeldLease>,
    times: LeaseTimes,
}

impl Lease {
    pub(crate) async fn take(
        store: &dyn Store,
        clock: &dyn Clock,
        times: LeaseTimes,
    ) -> Result<Self, StoreError> {
        let held = register(store, clock).await?;
        Ok(Self {
            held: Mutex::new(held),
            times,
        })
    }

    pub(crate) fn owner(&self) -> OwnerId {
        self.get().owner
    }

    pub(crate) fn times(&self) -> LeaseTimes {
        self.times
    }

    /// Whether `owner` is this process and may start a send, at an instant of both clocks.
    pub(crate) fn allows(&self, owner: OwnerId, monotonic: Duration, wall: Timestamp) -> bool {
        let held = self.get();
        // The monotonic clock stands still where a machine is suspended on some systems, and the
        // wall clock may be set back: the one that says more is believed, since a lease that is
        // thought too old only delays a send.
        let passed = monotonic
            .saturating_sub(held.monotonic)
            .max(wall.since(held.wall));
        held.owner == owner && passed + self.times.must_be_left() < self.times.lasts
    }

    /// Renews the lease. A lease that has expired is replaced by a new one under a new id, and what the old one owned is another process's.
    pub(crate) async fn renew(
        &self,
        store: &dyn Store,
        clock: &dyn Clock,
    ) -> Result<(), StoreError> {
        let held = self.get();
        let (monotonic, wall) = (clock.monotonic(), clock.now());
        // Both clocks were read before the store was asked: whoever watches counts from the commit,
        // which is later. So this process stops believing in its lease first.
        if store.renew(held.owner).await? {
            self.set(HeldLease {
                monotonic,
                wall,
                ..held
            });
            return Ok(());
        }
        // A take-over has freed the rows, so whatever is still settled under the old id is fenced
        // off.
        tracing::error!(
            "this process's lease had run out and was taken over; going on under a new one"
        );
        self.set(register(store, clock).await?);
        Ok(())
    }

    fn get(&self) -> HeldLease {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, held: HeldLease) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = held;
    }
}

async fn register(store: &dyn Store, clock: &dyn Clock) -> Result<HeldLease, StoreError> {
    let (monotonic, wall) = (clock.monotonic(), clock.now());
    Ok(HeldLease {
        owner: store.register().await?,
        monotonic,
        wall,
    })
}

/// Beats of the others as a process has seen them. While it could not look, nobody may have been
/// able to beat: that time does not count.
#[derive(Default)]
pub(crate) struct Watch {
    /// Last beat by owner, and since when it stands still.
    seen: BTreeMap<i64, (i64, Duration)>,
    looked: Duration,
}

impl Watch {
    /// Takes in the beats that were asked for at one instant and answered at another; returns those that have stood still for as long as a lease
    /// lasts. They are of an instant between the two: a slow answer makes nobody look older.
    pub(crate) fn look(
        &mut self,
        beats: &[Heartbeat],
        (asked, answered): (Duration, Duration),
        times: LeaseTimes,
    ) -> Vec<Heartbeat> {
        if answered.saturating_sub(self.looked) > times.renew_every() * LOOKS_APART {
            // Nobody could be seen to beat while the store was away. To count that time would
            // declare all gateways dead at once, when it comes back.
            self.seen.clear();
        }
        self.looked = answered;
        self.seen
            .retain(|owner, _| beats.iter().any(|beat| beat.owner.0 == *owner));
        let mut dead = Vec::new();
        for beat in beats {
            let seen = self
                .seen
                .entry(beat.owner.0)
                // A process that is seen for the first time gets a whole lease, however long it may
                // have been dead: this one cannot know.
                .or_insert((beat.count, answered));
            if seen.0 != beat.count {
                *seen = (beat.count, answered);
            } else if asked.saturating_sub(seen.1) >= times.lasts {
                dead.push(*beat);
            }
        }
        dead
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beat_that_stands_still_for_a_lease_is_dead_and_one_that_moves_is_not() {
        let times = LeaseTimes::lasting(Duration::from_mins(1));
        let beats = |moving| {
            [
                Heartbeat {
                    owner: OwnerId(1),
                    count: 7,
                },
                Heartbeat {
                    owner: OwnerId(2),
                    count: moving,
                },
            ]
        };
        let mut watch = Watch::default();
        let instants = |second: u64, took: u64| {
            (
                Duration::from_secs(second),
                Duration::from_secs(second + took),
            )
        };
        let mut look = |second: u64, moving| watch.look(&beats(moving), instants(second, 0), times);
        for second in (100..160).step_by(5) {
            assert!(look(second, second as i64).is_empty(), "first seen at 100");
        }
        assert_eq!(look(160, 160), [beats(160)[0]]);
        // Nothing was seen for a minute, when the store was away: everybody may begin anew.
        assert!(look(220, 160).is_empty());
        for second in (225..280).step_by(5) {
            assert!(look(second, 160).is_empty());
        }
        assert_eq!(look(280, 160), beats(160));
        let mut watch = Watch::default();
        for second in (100..155).step_by(5) {
            assert!(
                watch
                    .look(&beats(160), instants(second, 0), times)
                    .is_empty()
            );
        }
        assert!(
            watch.look(&beats(160), instants(155, 8), times).is_empty(),
            "the answer was late, not the beat"
        );
        assert_eq!(watch.look(&beats(160), instants(164, 0), times), beats(160));
    }

    #[test]
    fn a_renewed_lease_leaves_time_for_a_send() {
        for seconds in [3, 15, 60] {
            let times = LeaseTimes::lasting(Duration::from_secs(seconds));
            assert!(
                times.renew_every() * 2 + times.must_be_left() < times.lasts,
                "a renewal may be missed"
            );
        }
    }
}
