//! Budget of bytes that many requests share. Whoever has held room for long gives way to a
//! newcomer, so that slow clients hold up slow clients only.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Limit on the bytes that are held at a time, and who holds them.
pub(crate) struct Budget {
    limit: usize,
    /// Age from which a holder may be asked to give way.
    slow: Duration,
    holders: Mutex<Holders>,
}

#[derive(Default)]
struct Holders {
    used: usize,
    /// Bytes of holders that were asked to give way and have not left yet.
    leaving: usize,
    next: u64,
    by_age: BTreeMap<u64, Holder>,
}

struct Holder {
    bytes: usize,
    since: Instant,
    state: HolderState,
    give_way: Arc<Notify>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum HolderState {
    /// Waits for its client: it may be asked to give way.
    Slow,
    /// Was asked to give way, and has not left yet.
    Leaving,
    /// Is being worked on: it ends by itself, and is not asked to give way.
    Kept,
}

/// Room in a budget, in bytes. Dropping it gives the room back.
pub(crate) struct Room {
    budget: Arc<Budget>,
    id: u64,
    bytes: usize,
    give_way: Arc<Notify>,
}

impl Budget {
    pub(crate) fn new(limit: usize, slow: Duration) -> Arc<Self> {
        Arc::new(Self {
            limit,
            slow,
            holders: Mutex::default(),
        })
    }

    /// Room of 0 bytes, to be grown. `give_way` is notified when its holder must leave.
    pub(crate) fn room(self: &Arc<Self>, give_way: Arc<Notify>) -> Room {
        Room {
            budget: Arc::clone(self),
            id: 0,
            bytes: 0,
            give_way,
        }
    }

    /// Whether a byte is left within `times` times the limit, once slow holders have left.
    pub(crate) fn has_room_within(&self, times: usize) -> bool {
        self.lock().has_left(self.limit * times, 1, 0, self.slow)
    }

    fn lock(&self) -> MutexGuard<'_, Holders> {
        self.holders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    /// Grows the room to `bytes` in all; `false` when that is more than is left, also after the slow
    /// ones gave way.
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        if bytes <= self.bytes {
            return true;
        }
        let budget = Arc::clone(&self.budget);
        let mut holders = budget.lock();
        let is_left = holders.has_left(
            self.budget.limit,
            bytes - self.bytes,
            self.id,
            self.budget.slow,
        );
        if is_left {
            self.count(&mut holders, bytes);
        }
        is_left
    }

    /// Grows the room to `bytes` in all, also beyond the limit: for what must not be refused any
    /// more.
    pub(crate) fn take(&mut self, bytes: usize) {
        if bytes > self.bytes {
            let budget = Arc::clone(&self.budget);
            self.count(&mut budget.lock(), bytes);
        }
    }

    fn count(&mut self, holders: &mut Holders, bytes: usize) {
        holders.used += bytes - self.bytes;
        self.bytes = bytes;
        if let Some(holder) = holders.by_age.get_mut(&self.id) {
            let more = bytes - holder.bytes;
            holder.bytes = bytes;
            if holder.state == HolderState::Leaving {
                holders.leaving += more;
            }
            return;
        }
        holders.next += 1;
        self.id = holders.next;
        let holder = Holder {
            bytes,
            since: Instant::now(),
            state: HolderState::Slow,
            give_way: Arc::clone(&self.give_way),
        };
        holders.by_age.insert(self.id, holder);
    }

    /// Marks the room as being worked on: it need not give way any more.
    pub(crate) fn keep(&self) {
        if self.bytes == 0 {
            return;
        }
        let mut holders = self.budget.lock();
        if let Some(holder) = holders
            .by_age
            .get_mut(&self.id)
            .filter(|holder| holder.state == HolderState::Slow)
        {
            holder.state = HolderState::Kept;
        }
    }

    /// Sets the bytes that are held to `bytes` as if they were taken only now: from here on the
    /// holder may be asked to give way.
    pub(crate) fn retake(&mut self, bytes: usize) {
        self.empty();
        self.take(bytes);
    }

    /// Gives all of the room back.
    pub(crate) fn empty(&mut self) {
        if self.bytes == 0 {
            return;
        }
        let mut holders = self.budget.lock();
        holders.used -= self.bytes;
        if holders
            .by_age
            .remove(&self.id)
            .is_some_and(|holder| holder.state == HolderState::Leaving)
        {
            holders.leaving -= self.bytes;
        }
        self.bytes = 0;
    }

    /// Waits until the holder must give way.
    pub(crate) async fn must_give_way(&self) {
        self.give_way.notified().await;
    }
}

impl Holders {
    /// Whether `bytes` are left. Slow holders other than `asking` are told to give way for them,
    /// the oldest first, and count as gone.
    fn has_left(&mut self, limit: usize, bytes: usize, asking: u64, slow: Duration) -> bool {
        let over = (self.used - self.leaving + bytes).saturating_sub(limit);
        if over == 0 {
            return true;
        }
        let now = Instant::now();
        let old = |(id, holder): &(&u64, &mut Holder)| {
            **id != asking
                && holder.state == HolderState::Slow
                && now.duration_since(holder.since) >= slow
        };
        let mut found = 0;
        let mut asked = Vec::new();
        for (_, holder) in self.by_age.iter_mut().filter(old) {
            found += holder.bytes;
            asked.push(holder);
            if found >= over {
                break;
            }
        }
        if found < over {
            return false;
        }
        for holder in asked {
            holder.state = HolderState::Leaving;
            holder.give_way.notify_one();
        }
        self.leaving += found;
        true
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.empty();
    }
}

/// Bytes that hold room for as long as anybody refers to them.
pub(crate) struct Held {
    bytes: Bytes,
    _room: Room,
}

impl Held {
    pub(crate) fn bytes(bytes: Bytes, room: Room) -> Bytes {
        Bytes::from_owner(Self { bytes, _room: room })
    }
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_oldest_gives_way_once_it_is_slow() {
        let budget = Budget::new(100, Duration::from_secs(1));
        let room = || budget.room(Arc::default());
        let (mut first, mut second, mut third) = (room(), room(), room());
        assert!(first.grow(60) && second.grow(40));
        assert!(!third.grow(1), "nobody is slow yet");
        tokio::time::advance(Duration::from_secs(2)).await;
        second.keep();
        assert!(third.grow(50), "the first leaves");
        first.must_give_way().await;
        assert!(
            !room().grow(11),
            "ten are left: the second is worked on, the third is young"
        );
        drop(first);
        assert!(!room().grow(11) && room().grow(10));
        drop((second, third));
        assert!(room().grow(100) && !room().grow(101));
    }

    #[tokio::test(start_paused = true)]
    async fn what_must_not_be_refused_is_counted_and_keeps_others_out() {
        let budget = Budget::new(100, Duration::from_secs(1));
        let mut large = budget.room(Arc::default());
        large.take(150);
        assert!(
            !budget.has_room_within(1)
                && budget.has_room_within(2)
                && !budget.room(Arc::default()).grow(1)
        );
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(budget.has_room_within(1), "it is slow by now, and leaves");
        drop(large);
        assert!(budget.room(Arc::default()).grow(100));
    }
}
