//! Positions in the journal: made here, so that no sequence of the database is asked; close to time's order over all gateways.

use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::atomic::{AtomicI64, Ordering};

use acteon_core::Timestamp;

use crate::model::Seq;

/// Bits below the milliseconds. Each gateway counts from a place of its own in them, again in every millisecond.
const BELOW_MILLIS: u32 = 20;

/// Makes positions that grow. Two gateways whose places are nearer than what one admits in a millisecond, which is rare, may make the same
/// one: the database refuses the second, which takes another.
pub(super) struct Positions {
    last: AtomicI64,
    place: i64,
}

impl Positions {
    pub(super) fn new() -> Self {
        let random = std::hash::RandomState::new().build_hasher().finish();
        Self {
            last: AtomicI64::new(0),
            place: (random >> (u64::BITS - BELOW_MILLIS)) as i64,
        }
    }

    /// Makes none that is not beyond `newest` from now on.
    pub(super) fn go_beyond(&self, newest: Seq) {
        self.last.fetch_max(newest.0, Ordering::Relaxed);
    }

    pub(super) fn next(&self, now: Timestamp) -> Seq {
        let earliest =
            (now.as_millis().clamp(0, i64::MAX >> BELOW_MILLIS) << BELOW_MILLIS) | self.place;
        let step = |last: i64| Some(last.saturating_add(1).max(earliest));
        let before = self
            .last
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, step)
            .unwrap_or_default();
        Seq(before.saturating_add(1).max(earliest))
    }
}
