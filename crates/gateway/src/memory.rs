//! Memory of what waits: a budget of bytes, over all lanes, for actions that this process works on
//! and their requests.
//!
//! What there is no room for waits in the store, and rows are claimed as there is room again. A
//! lane takes no more than it leaves to the others, so that one whose service hangs gets half; and
//! each lane always has a little, so that none stands still for the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use acteon_core::limits::{LANE_WAITING_BYTES, MAX_WAITING_BYTES};
use acteon_core::{Action, Prepared};
use tokio::sync::Notify;

/// Bytes that an action takes beside its texts, and a text beside its own.
const OVERHEAD: (usize, usize) = (2048, 64);
/// Bytes that each of the first rows is taken to have.
const FIRST_GUESS: usize = 1024 * 1024;
/// Bytes of rows that are read at a time.
const READ_BYTES: usize = 4 * 1024 * 1024;
/// Most rows that are read at a time.
pub(crate) const READ_ROWS: usize = 32;
/// Bytes that must come free before rows are looked for again.
const MUCH: usize = MAX_WAITING_BYTES / 16;

/// Budget of bytes for what waits in memory, over all lanes.
pub(crate) struct Memory {
    used: AtomicUsize,
    /// Whether a lane lacks room, so that the others' say when they make some.
    wanted: AtomicBool,
    /// Bytes that came free since.
    freed: AtomicUsize,
    /// Wakes the runner, which claims rows.
    room: Arc<Notify>,
}

/// Share of a lane in the budget.
pub(crate) struct Share {
    memory: Arc<Memory>,
    used: AtomicUsize,
    /// Size of an action of this lane in bytes, as a moving mean.
    typical: AtomicUsize,
    /// Bytes below which a lane that lacks room has some again; zero while it lacks none.
    wake_below: AtomicUsize,
}

/// Bytes that an action takes in memory, about.
pub(crate) fn size_of(action: &Action, prepared: &Prepared) -> usize {
    let labels: usize = action
        .metadata
        .iter()
        .map(|(name, value)| OVERHEAD.1 + name.len() + value.len())
        .sum();
    let fields = [&action.dedup_key, &action.status, &action.fingerprint]
        .into_iter()
        .flatten()
        .map(String::len)
        .sum::<usize>();
    OVERHEAD.0 + action.content_bytes() + prepared.bytes.len() + labels + fields
}

impl Memory {
    pub(crate) fn new(room: Arc<Notify>) -> Arc<Self> {
        Arc::new(Self {
            used: AtomicUsize::new(0),
            wanted: AtomicBool::new(false),
            freed: AtomicUsize::new(0),
            room,
        })
    }

    pub(crate) fn share(self: &Arc<Self>) -> Share {
        Share {
            memory: Arc::clone(self),
            used: AtomicUsize::new(0),
            typical: AtomicUsize::new(FIRST_GUESS),
            wake_below: AtomicUsize::new(0),
        }
    }
}

impl Share {
    /// Takes room for an action; says whether there was any. Who takes some gives it back with [`Share::leave`].
    pub(crate) fn enter(&self, bytes: usize) -> bool {
        let (used, total) = self.add(bytes);
        if used == bytes || used <= LANE_WAITING_BYTES || total + used <= MAX_WAITING_BYTES {
            return true;
        }
        self.want();
        self.leave(bytes);
        false
    }

    /// Takes room for a row that was claimed, over the budget if need be.
    pub(crate) fn enter_claimed(&self, bytes: usize) {
        self.add(bytes);
    }

    pub(crate) fn leave(&self, bytes: usize) {
        let used = self.used.fetch_sub(bytes, Ordering::SeqCst) - bytes;
        let memory = &*self.memory;
        memory.used.fetch_sub(bytes, Ordering::SeqCst);
        if used < self.wake_below.load(Ordering::SeqCst)
            && self.wake_below.swap(0, Ordering::SeqCst) > 0
        {
            memory.room.notify_one();
        }
        if memory.wanted.load(Ordering::SeqCst)
            && memory.freed.fetch_add(bytes, Ordering::SeqCst) + bytes >= MUCH
        {
            memory.freed.store(0, Ordering::SeqCst);
            memory.wanted.store(false, Ordering::SeqCst);
            memory.room.notify_one();
        }
    }

    /// Number of rows to claim: about as many as there is room for. Where there is none, whoever
    /// makes room says so.
    pub(crate) fn rows(&self) -> usize {
        match self.rows_now() {
            0 => {
                self.want();
                // Room that was made before that told nobody.
                self.rows_now()
            }
            some => some,
        }
    }

    /// Number of claimed rows to read at a time; none when there is no room.
    pub(crate) fn rows_at_once(&self) -> usize {
        self.rows()
            .min(READ_BYTES / self.typical())
            .clamp(usize::from(self.rows() > 0), READ_ROWS)
    }

    fn rows_now(&self) -> usize {
        let (used, total) = (
            self.used.load(Ordering::SeqCst),
            self.memory.used.load(Ordering::SeqCst),
        );
        let room = LANE_WAITING_BYTES
            .saturating_sub(used)
            .max(MAX_WAITING_BYTES.saturating_sub(total + used) / 2);
        (room / self.typical()).max(usize::from(used == 0))
    }

    fn typical(&self) -> usize {
        self.typical.load(Ordering::Relaxed).max(OVERHEAD.0)
    }

    fn add(&self, bytes: usize) -> (usize, usize) {
        // Approximate where two do so at a time, as a mean may be.
        self.typical.store(
            (self.typical.load(Ordering::Relaxed) * 7 + bytes) / 8,
            Ordering::Relaxed,
        );
        (
            self.used.fetch_add(bytes, Ordering::SeqCst) + bytes,
            self.memory.used.fetch_add(bytes, Ordering::SeqCst) + bytes,
        )
    }

    fn want(&self) {
        self.wake_below
            .store(self.used.load(Ordering::SeqCst) / 2 + 1, Ordering::SeqCst);
        self.memory.wanted.store(true, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1024 * 1024;

    fn fill(share: &Share) -> usize {
        (0..MAX_WAITING_BYTES / MIB)
            .take_while(|_| share.enter(MIB))
            .count()
    }

    fn is_woken(room: &Notify) -> bool {
        use futures_util::FutureExt as _;
        room.notified().now_or_never().is_some()
    }

    #[test]
    fn a_lane_leaves_as_much_as_it_takes_and_none_stands_still() {
        let memory = Memory::new(Arc::default());
        let lanes: Vec<Share> = (0..20).map(|_| memory.share()).collect();
        let taken: Vec<usize> = lanes.iter().map(fill).collect();
        assert_eq!(
            &taken[..3],
            &[
                MAX_WAITING_BYTES / MIB / 2,
                MAX_WAITING_BYTES / MIB / 4,
                MAX_WAITING_BYTES / MIB / 8
            ]
        );
        assert!(taken.iter().all(|taken| *taken > 0), "{taken:?}");
        assert!(
            taken.iter().sum::<usize>() * MIB
                <= MAX_WAITING_BYTES + lanes.len() * LANE_WAITING_BYTES
        );
        assert!(memory.share().enter(3 * MIB), "one alone always fits");
        assert!((0..LANE_WAITING_BYTES / 4096).all({
            let share = memory.share();
            move |_| share.enter(4096)
        }));
    }

    #[test]
    fn who_lacks_room_is_told_of_it() {
        let room = Arc::new(Notify::new());
        let memory = Memory::new(Arc::clone(&room));
        let (hung, other) = (memory.share(), memory.share());
        let taken = fill(&hung);
        assert_eq!(hung.rows(), 0);
        assert!(!is_woken(&room));
        hung.leave(MIB);
        assert!(!is_woken(&room), "a little is not worth a look");
        (0..MUCH / MIB).for_each(|_| hung.leave(MIB));
        assert!(is_woken(&room) && hung.rows() > 0);
        let more = fill(&hung);
        assert_eq!(more, MUCH / MIB + 1);
        assert!(fill(&other) > 0 && other.rows() == 0 && !is_woken(&room));
        (0..taken).for_each(|_| hung.leave(MIB));
        assert!(is_woken(&room) && other.rows() > 0, "also of others' room");
    }

    #[test]
    fn small_rows_are_claimed_by_many_and_large_ones_by_few() {
        let share = Memory::new(Arc::default()).share();
        assert_eq!(
            (share.rows(), share.rows_at_once()),
            (
                MAX_WAITING_BYTES / FIRST_GUESS / 2,
                READ_BYTES / FIRST_GUESS
            )
        );
        for _ in 0..100 {
            share.enter_claimed(3000);
            share.leave(3000);
        }
        assert!(share.rows() > 5000 && share.rows_at_once() == READ_ROWS);
        for _ in 0..30 {
            share.enter_claimed(2 * MIB);
            share.leave(2 * MIB);
        }
        assert!(share.rows() < 20 && share.rows_at_once() < 4);
    }
}
