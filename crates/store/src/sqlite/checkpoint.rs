//! Moving the write-ahead log into the database, beside the writer.
//!
//! A passive checkpoint takes no lock that a commit needs, so commits go on meanwhile; but under steady writes it never catches up with the
//! end of the log, and the log grows. Past a ceiling the writer therefore restarts the log itself, which is short because most
//! of it was moved already. The ceiling is lower where the disk has little room left.
//!
//! Somebody who reads the database file for long, such as a shell that was stopped, keeps the log from being moved beyond where he reads. Then
//! nobody restarts it, since that would only wait; it grows until he is done, and is cut back with the next commits. It has a bound all the
//! same: beyond it nothing more is accepted.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use super::disk::{Disk, OpenFiles};
use super::faults::{FaultPoint, FaultPoints};
use super::rescue;
use super::room::Room;
use super::thread::{self, Ended};
use crate::StoreError;

const EVERY: Duration = Duration::from_millis(250);
/// Rounds between two looks at the disk.
const ROUNDS_PER_LOOK: u32 = 8;
const PAGE_BYTES: u64 = 4096;
/// 64 MB. A log that is used again and again needs no new blocks from the file system, so a low ceiling is also fast.
const CEILING_PAGES: u64 = 16384;
/// 1 MB, on a disk that is all but full.
const LEAST_CEILING_PAGES: u64 = 256;
/// The log may take this part of what is free.
const SHARE_OF_FREE: u64 = 4;
/// 1 GB: longer, with somebody who does not stop reading, the log is not to become.
const MAX_PAGES: u64 = 262_144;
/// After a restart the log's file is cut to this size, if it had become larger.
pub(super) const KEPT_LOG_BYTES: u64 = CEILING_PAGES * PAGE_BYTES;

/// What the writer and the checkpointer know of each other.
pub(super) struct Signal {
    commits: AtomicU64,
    log_pages: AtomicU64,
    /// Of the log, pages that no checkpoint could move.
    left_pages: AtomicU64,
    ceiling_pages: AtomicU64,
    highest_ceiling: u64,
}

impl Signal {
    pub(super) fn new(ceiling: Option<u64>) -> Self {
        let highest_ceiling = ceiling.unwrap_or(CEILING_PAGES);
        let zero = AtomicU64::default;
        Self {
            commits: zero(),
            log_pages: zero(),
            left_pages: zero(),
            ceiling_pages: AtomicU64::new(highest_ceiling),
            highest_ceiling,
        }
    }

    pub(super) fn committed(&self) {
        self.commits.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether the log passed its ceiling and can be restarted, told once.
    pub(super) fn take_over_ceiling(&self) -> bool {
        let ceiling = self.ceiling_pages.load(Ordering::Relaxed);
        let over = |pages: u64| pages > ceiling;
        over(self.log_pages.load(Ordering::Relaxed))
            && !self.is_held(ceiling)
            && over(self.log_pages.swap(0, Ordering::Relaxed))
    }

    /// Whether a reader keeps the log from being moved.
    fn is_held(&self, ceiling: u64) -> bool {
        self.left_pages.load(Ordering::Relaxed) > ceiling
    }

    /// Whether the log is longer than it may ever become.
    pub(super) fn is_log_full(&self) -> bool {
        self.left_pages.load(Ordering::Relaxed) > MAX_PAGES
    }

    /// Whether the disk has so little room left that the log's file is to be cut whenever it begins anew.
    pub(super) fn is_room_short(&self) -> bool {
        self.ceiling_pages.load(Ordering::Relaxed) < self.highest_ceiling
    }

    fn look_at(&self, room: &Room) {
        let Some(free) = room.free() else { return };
        let ceiling = (free / SHARE_OF_FREE / PAGE_BYTES).clamp(LEAST_CEILING_PAGES, CEILING_PAGES);
        self.ceiling_pages
            .store(ceiling.min(self.highest_ceiling), Ordering::Relaxed);
    }
}

pub(super) struct Checkpointer {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    pub(super) fn start(worker: Worker, ended: Ended) -> Result<Self, StoreError> {
        let (stop, stopped) = mpsc::channel();
        let thread = thread::start("sqlite-checkpoint", ended, move || worker.run(&stopped))?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// What the checkpointer works with.
pub(super) struct Worker {
    pub(super) connection: Connection,
    pub(super) signal: Arc<Signal>,
    pub(super) room: Arc<Room>,
    pub(super) disk: Arc<Disk>,
    pub(super) files: Arc<OpenFiles>,
    pub(super) path: PathBuf,
    /// Whether what is open was copied since its files were taken away.
    pub(super) rescued: Cell<bool>,
    pub(super) faults: FaultPoints,
}

impl Worker {
    fn run(self, stopped: &mpsc::Receiver<()>) {
        let mut seen = None;
        let mut round = 0;
        let mut told = false;
        while stopped.recv_timeout(EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
            if self.is_lost() {
                continue;
            }
            if round % ROUNDS_PER_LOOK == 0 {
                self.signal.look_at(&self.room);
                self.room.keep_reserve();
            }
            round += 1;
            let commits = self.signal.commits.load(Ordering::Relaxed);
            if seen == Some(commits) {
                continue;
            }
            match self.checkpoint() {
                // What could not be moved is tried again, also when nothing more is committed.
                Ok(left) => seen = (left == 0).then_some(commits),
                Err(error) => tracing::warn!(%error, "checkpoint failed; it is tried again"),
            }
            self.tell(&mut told);
        }
    }

    /// Looks whether the files are where they were. What is in those that are open is copied at once: with the process it would be gone.
    fn is_lost(&self) -> bool {
        let Some(moved) = self.files.moved() else {
            if self.disk.lost().is_some() {
                self.rescued.set(false);
                tracing::warn!("the database's files are back at their paths; it goes on");
                self.disk.set_lost(None);
            }
            return false;
        };
        if !self.rescued.replace(true) {
            self.disk.set_lost(Some(StoreError::Lost(moved.clone())));
            let told = rescue::told(
                &moved,
                &self.path,
                rescue::rescue(&self.connection, &self.path),
            );
            tracing::error!("{told}");
            self.disk.set_lost(Some(StoreError::Lost(told)));
        }
        true
    }

    /// Moves what can be moved; says how many pages were left.
    fn checkpoint(&self) -> Result<u64, StoreError> {
        self.faults.meet(FaultPoint::Checkpoint)?;
        let pragma = "PRAGMA wal_checkpoint(PASSIVE)";
        let (log, moved) = self.connection.query_row(pragma, [], |row| {
            Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        })?;
        let (log, moved) = (
            u64::try_from(log).unwrap_or(0),
            u64::try_from(moved).unwrap_or(0),
        );
        let left = log.saturating_sub(moved);
        self.signal.log_pages.store(log, Ordering::Relaxed);
        self.signal.left_pages.store(left, Ordering::Relaxed);
        Ok(left)
    }

    /// A word about a reader that holds the log, once.
    fn tell(&self, told: &mut bool) {
        let held = self.signal.is_held(CEILING_PAGES);
        if held && !*told {
            let megabytes = (self.signal.left_pages.load(Ordering::Relaxed) * PAGE_BYTES) >> 20;
            tracing::warn!(
                megabytes,
                "another process reads the database file and does not end: the write-ahead log grows until it does"
            );
        }
        *told = held;
    }
}
