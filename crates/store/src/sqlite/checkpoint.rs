//! Moving the write-ahead log into the database, beside the writer.
//!
//! A passive checkpoint takes no lock that a commit needs, so commits go on meanwhile; but under steady writes it never catches up with the
//! end of the log, and the log grows. Past a ceiling the writer therefore restarts the log itself, which is short because most
//! of it was moved already. The ceiling is lower where the disk has little room left.
//!
//! Somebody who reads the database file for long, such as a shell that was stopped, keeps the log from being moved beyond where he reads. Then
//! nobody restarts it, since that would only wait; it grows until he is done, and is cut back with the next commits. It has a bound all the
//! same: beyond it nothing more is accepted.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use acteon_core::with_causes;
use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::disk::{Disk, OpenFiles};
use super::faults::{FaultPoint, FaultPoints};
use super::rescue;
use super::room::DiskSpace;
use super::thread::{self, Ended};
use super::writer::backoff::Backoff;
use crate::StoreError;

const EVERY: Duration = Duration::from_millis(250);
/// Rounds between two words about checkpoints that fail.
const ROUNDS_PER_WORD: u32 = 240;
/// Rounds between two looks at the disk.
const ROUNDS_PER_LOOK: u32 = 8;
const PAGE_BYTES: u64 = 4096;
/// Pause before what could not be copied whole, since something else was written over it, is copied again: the writing may still be under way.
const NOT_WHOLE: Duration = Duration::from_secs(30);
/// 64 MB. A log that is used again and again needs no new blocks from the file system, so a low ceiling is also fast.
const CEILING_PAGES: u64 = 16384;
/// 1 MB, on a disk that is all but full.
const LEAST_CEILING_PAGES: u64 = 256;
/// The log may take this part of what is free.
const SHARE_OF_FREE: u64 = 4;
/// Pages, 1 GB, that the log may have at most while another program does not stop reading.
const MAX_PAGES: u64 = 262_144;
/// 192 MB: after a restart the log's file is cut to this size, if it had become larger. Well above the ceiling, which a busy log passes by what is
/// committed until it is noticed: a file that is cut and grows again costs every commit a second write, of its size.
pub(super) const KEPT_LOG_BYTES: u64 = 3 * CEILING_PAGES * PAGE_BYTES;

/// State that the writer and the checkpointer share.
pub(super) struct Signal {
    commits: AtomicU64,
    log_pages: AtomicU64,
    /// Pages of the log that no checkpoint could move.
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

    /// Whether the disk has so little room left that the log's file is to be cut whenever the log is restarted.
    pub(super) fn is_room_short(&self) -> bool {
        self.ceiling_pages.load(Ordering::Relaxed) < self.highest_ceiling
    }

    fn look_at(&self, room: &DiskSpace) {
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

/// Has a connection not move the log into a database that is another by now when it ends, as the last one does.
pub(super) fn leave_alone_if_overwritten(connection: &Connection, files: &OpenFiles) {
    if files.overwritten()
        && let Err(error) =
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
    {
        tracing::warn!(%error, "the log may be moved into what was written over the database");
    }
}

/// Copy of files that were taken away while open, and the time of the next try.
#[derive(Default)]
pub(super) struct Rescue {
    copy: Option<PathBuf>,
    again: Backoff,
}

/// Connection and shared state of the checkpointer.
pub(super) struct Worker {
    pub(super) connection: Connection,
    pub(super) signal: Arc<Signal>,
    pub(super) room: Arc<DiskSpace>,
    pub(super) disk: Arc<Disk>,
    pub(super) files: Arc<OpenFiles>,
    pub(super) path: PathBuf,
    /// Rescue of the open files, since they were taken away.
    pub(super) rescue: RefCell<Rescue>,
    pub(super) faults: FaultPoints,
}

impl Worker {
    fn run(self, stopped: &mpsc::Receiver<()>) {
        let mut seen = None;
        let mut round = 0;
        let mut told = false;
        let mut failed: u32 = 0;
        while stopped.recv_timeout(EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
            if self.is_lost() {
                leave_alone_if_overwritten(&self.connection, &self.files);
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
                Ok(left) => (seen, failed) = ((left == 0).then_some(commits), 0),
                Err(error) => {
                    if failed.is_multiple_of(ROUNDS_PER_WORD) {
                        tracing::warn!(error = %with_causes(&error), "checkpoint failed; it is tried again");
                    }
                    failed += 1;
                }
            }
            self.tell(&mut told);
        }
    }

    /// Looks whether the files are where they were. What is in those that are open is copied at once: with the process it would be gone.
    fn is_lost(&self) -> bool {
        let Some(moved) = self.files.moved() else {
            if self.disk.lost().is_some() {
                if let Some(copy) = self.rescue.take().copy {
                    rescue::forget(&copy);
                }
                tracing::warn!("the database's files are back at their paths; it goes on");
                self.disk.set_lost(None);
            }
            return false;
        };
        let mut rescue = self.rescue.borrow_mut();
        if rescue.copy.is_none() && rescue.again.is_due() {
            self.rescue_what_is_open(&mut rescue, &moved);
        }
        true
    }

    fn rescue_what_is_open(&self, rescue: &mut Rescue, moved: &str) {
        if self.disk.lost().is_none() {
            self.disk.set_lost(Some(StoreError::Lost(moved.to_owned())));
        }
        let overwritten = self.files.overwritten();
        let rescued = self.faults.meet(FaultPoint::Rescue).and_then(|()| {
            rescue::rescue(
                &self.connection,
                &self.room,
                self.faults.clone(),
                overwritten,
            )
        });
        match &rescued {
            // Once all of it is written over, it does not become whole by itself.
            Err(StoreError::Damaged(_)) if overwritten => {
                rescue.again.pauses(NOT_WHOLE);
            }
            rescued => rescue.again.came_to(rescued.is_ok()),
        }
        rescue.copy = rescued.as_ref().ok().cloned();
        let lost = Some(StoreError::Lost(rescue::told(
            moved,
            &self.path,
            rescued,
            overwritten,
        )));
        // One that fails as it did before is nothing new.
        if lost != self.disk.lost() {
            if let Some(told) = &lost {
                tracing::error!("{told}");
            }
            self.disk.set_lost(lost);
        }
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
