//! Memory of a lane for actions that wait, and room for rows of the store.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use acteon_core::Priority;
use acteon_core::limits::MORE_HIGH_WAITING;

use super::turn::Lane;

/// Permit to keep one action in memory while it waits. Dropped, it makes room for others.
pub(crate) struct MemoryPermit {
    lane: Arc<Lane>,
    bytes: usize,
}

/// Room for rows that wait in the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RowRoom {
    pub(crate) all: usize,
    /// Number of rows of high priority beside those, where some may wait.
    pub(crate) more_high: usize,
}

impl Lane {
    /// Permit for an action of so many bytes, unless there is no room for it.
    pub(crate) fn enter(
        self: &Arc<Self>,
        bytes: usize,
        priority: Priority,
    ) -> Option<MemoryPermit> {
        let more = if priority == Priority::High {
            MORE_HIGH_WAITING
        } else {
            0
        };
        let max = self.max_held.load(Ordering::Relaxed) + more;
        let taken = self
            .held
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| {
                (held < max).then_some(held + 1)
            });
        if taken.is_err() {
            return self.leave_for_later(priority);
        }
        if !self.memory.enter(bytes) {
            self.held.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        Some(MemoryPermit {
            lane: Arc::clone(self),
            bytes,
        })
    }

    /// Permit for a row that was claimed, over the limit if need be: a claim is small, and others may have come in meanwhile.
    pub(crate) fn enter_claimed(self: &Arc<Self>, bytes: usize) -> MemoryPermit {
        self.held.fetch_add(1, Ordering::Relaxed);
        self.memory.enter_claimed(bytes);
        MemoryPermit {
            lane: Arc::clone(self),
            bytes,
        }
    }

    /// Number of claimed rows to read at a time; none when there is no memory for them.
    pub(crate) fn rows_at_once(&self) -> usize {
        self.memory.rows_at_once()
    }

    /// Leaves a row in the store although there may be room for it, and remembers that some wait there.
    pub(crate) fn leave_for_later(&self, priority: Priority) -> Option<MemoryPermit> {
        self.backlog.store(true, Ordering::Relaxed);
        if priority == Priority::High {
            self.high_backlog.store(true, Ordering::Relaxed);
        }
        None
    }

    /// Room for rows that may be claimed now: as many as there is memory for, but while the lane is
    /// paused just one, once the probe is due.
    pub(crate) fn room(&self) -> RowRoom {
        let (held, most) = (
            self.held.load(Ordering::Relaxed),
            self.max_held.load(Ordering::Relaxed),
        );
        let rows = self.memory.rows();
        let all = most.saturating_sub(held).min(rows);
        let now = self.clock.monotonic();
        let inner = self.lock();
        match inner.state.paused_until(now) {
            None if self.high_backlog.load(Ordering::Relaxed) => {
                let high = (most + MORE_HIGH_WAITING).saturating_sub(held).min(rows);
                RowRoom {
                    all,
                    more_high: high.saturating_sub(all),
                }
            }
            None => RowRoom { all, more_high: 0 },
            Some(until) if now >= until && inner.queue.next().is_none() => RowRoom {
                all: all.min(1),
                more_high: 0,
            },
            Some(_) => RowRoom::default(),
        }
    }

    /// Number of rows that were claimed before.
    pub(crate) fn claimed(&self) -> u64 {
        self.claimed.load(Ordering::Relaxed)
    }

    /// Counts rows that were claimed.
    pub(crate) fn count_claimed(&self, rows: usize) {
        self.claimed.fetch_add(rows as u64, Ordering::Relaxed);
    }

    /// Learns whether more rows wait in the store: so many came where there was room for `asked`.
    pub(crate) fn claimed_rows(&self, asked: RowRoom, rows: usize) {
        self.count_claimed(rows);
        // Where there is room for high ones only, nobody knows of the others.
        if asked.all > 0 {
            self.backlog.store(rows >= asked.all, Ordering::Relaxed);
        }
        self.high_backlog.store(
            asked.more_high > 0 && rows == asked.all + asked.more_high,
            Ordering::Relaxed,
        );
    }

    /// Sets whether rows wait in the store for want of room here.
    pub(crate) fn set_backlog(&self, backlog: bool) {
        self.backlog.store(backlog, Ordering::Relaxed);
        self.high_backlog.store(backlog, Ordering::Relaxed);
    }
}

impl Drop for MemoryPermit {
    fn drop(&mut self) {
        self.lane.memory.leave(self.bytes);
        let held = self.lane.held.fetch_sub(1, Ordering::Relaxed) - 1;
        let most = self.lane.max_held.load(Ordering::Relaxed);
        let is_wanted = held * 2 <= most && self.lane.backlog.swap(false, Ordering::Relaxed);
        // Once on the way down, since that rows of high priority wait is known until they are claimed.
        let is_wanted_by_high =
            held == most + MORE_HIGH_WAITING / 2 && self.lane.high_backlog.load(Ordering::Relaxed);
        if is_wanted || is_wanted_by_high {
            self.lane.room.notify_one();
        }
    }
}
