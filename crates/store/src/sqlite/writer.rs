//! The thread that writes. Everything that waits shares one transaction and one sync.

pub(super) mod backoff;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use acteon_core::limits::MAX_COMMIT_QUEUE;
use acteon_core::with_causes;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::Notify;

use self::backoff::Backoff;
use super::checkpoint::{Signal, leave_alone_if_overwritten};
use super::command::Command;
use super::disk::{Disk, OpenFiles};
use super::events::Writing;
use super::faults::{FaultPoint, FaultPoints};
use super::open::BUSY_TIMEOUT;
use super::queue::Queue;
use super::room::DiskSpace;
use super::system::System;
use super::thread::{self, Ended};
use crate::{Cause, StoreError};

pub(super) struct Writer {
    commands: Option<mpsc::Sender<Box<dyn Command>>>,
    waiting: Arc<AtomicUsize>,
    signal: Arc<Signal>,
    disk: Arc<Disk>,
    thread: Option<JoinHandle<()>>,
}

/// Connection and shared state of the writer.
pub(super) struct Tools {
    pub(super) connection: Connection,
    /// Notified of each commit: it may have written events.
    pub(super) written: Arc<Notify>,
    pub(super) open: Arc<AtomicUsize>,
    pub(super) signal: Arc<Signal>,
    pub(super) room: Arc<DiskSpace>,
    pub(super) disk: Arc<Disk>,
    pub(super) files: Arc<OpenFiles>,
    pub(super) faults: FaultPoints,
}

/// Longest time that the end of a store waits for a writer whose disk does not answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Pause between two looks whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(5);

impl Writer {
    pub(super) fn start(tools: Tools, ended: Ended) -> Result<Self, StoreError> {
        let (commands, inbox) = mpsc::channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let (signal, disk) = (Arc::clone(&tools.signal), Arc::clone(&tools.disk));
        let mut loop_ = Loop {
            tools,
            waiting: Arc::clone(&waiting),
            restart: Backoff::default(),
            made_room: None,
            system: System::default(),
        };
        let thread = thread::start("sqlite-writer", ended, move || loop_.run(&inbox))?;
        Ok(Self {
            commands: Some(commands),
            waiting,
            signal,
            disk,
            thread: Some(thread),
        })
    }

    pub(super) fn send(&self, command: Box<dyn Command>) -> Result<(), StoreError> {
        let commands = self.commands.as_ref().ok_or(StoreError::Closed)?;
        self.waiting.fetch_add(1, Ordering::Relaxed);
        commands.send(command).map_err(|_| StoreError::Closed)
    }

    pub(super) fn is_busy(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > BUSY
    }

    pub(super) fn is_full(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > MAX_COMMIT_QUEUE || self.signal.is_log_full()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.commands.take());
        let Some(thread) = self.thread.take() else {
            return;
        };
        // A disk that does not answer must not keep the process from ending.
        while !thread.is_finished() && self.disk.stalled() < PATIENCE {
            std::thread::sleep(LOOK_EVERY);
        }
        if thread.is_finished() {
            drop(thread.join());
        }
    }
}

struct Loop {
    tools: Tools,
    waiting: Arc<AtomicUsize>,
    restart: Backoff,
    /// Instant at which room was last made.
    made_room: Option<Instant>,
    system: System,
}

/// Longest that a restart of the log waits for readers.
const RESTART_TIMEOUT: Duration = Duration::from_millis(50);
/// Pause between two attempts to make room on a full disk.
const MAKE_ROOM_EVERY: Duration = Duration::from_millis(500);

/// Items waiting for a commit above which the writer is busy: more than a few callers at once.
const BUSY: usize = 16;

impl Loop {
    fn run(&mut self, inbox: &mpsc::Receiver<Box<dyn Command>>) {
        let mut queue = Queue::default();
        loop {
            if queue.wait(inbox).is_err() {
                leave_alone_if_overwritten(&self.tools.connection, &self.tools.files);
                return;
            }
            let batch = queue.take();
            if batch.is_empty() {
                continue;
            }
            self.waiting.fetch_sub(batch.len(), Ordering::Relaxed);
            if let Some(lost) = self.tools.disk.lost() {
                leave_alone_if_overwritten(&self.tools.connection, &self.tools.files);
                for command in batch {
                    command.refused(lost.clone());
                }
                continue;
            }
            // Each of them has been told.
            let _ = self.commit(batch, None);
            if self.tools.disk.lost().is_some() {
                leave_alone_if_overwritten(&self.tools.connection, &self.tools.files);
                continue;
            }
            if self.tools.signal.take_over_ceiling() && self.restart.is_due() {
                let restarted = self.restart_log();
                self.restart.came_to(matches!(restarted, Ok(true)));
                if let Err(error) = restarted {
                    tracing::warn!(error = %with_causes(&error), "the write-ahead log could not be restarted; it is tried again");
                }
            }
        }
    }

    /// Starts the log from its beginning, unless a reader still needs it: commits do not wait for long. Says whether it did.
    fn restart_log(&self) -> Result<bool, StoreError> {
        self.tools.faults.meet(FaultPoint::Restart)?;
        // On a disk with little room the file is cut as well, which takes longer.
        let mode = if self.tools.signal.is_room_short() {
            "TRUNCATE"
        } else {
            "RESTART"
        };
        self.checkpoint(mode)
    }

    /// Says whether all of the log was moved.
    fn checkpoint(&self, mode: &str) -> Result<bool, StoreError> {
        let connection = &self.tools.connection;
        let _asking = self.tools.disk.ask();
        connection.busy_timeout(RESTART_TIMEOUT)?;
        let busy = connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
            row.get::<_, i64>(0)
        });
        connection.busy_timeout(BUSY_TIMEOUT)?;
        Ok(busy? == 0)
    }

    /// Commits a batch and answers; a batch that fails is committed item by item, so that one bad item fails alone. `unsure` is the error of an
    /// earlier commit of these items whose pages may be in the log all the same: until another is written over them, a crash would bring them back,
    /// and no caller is told that nothing was stored. Returns why it was not committed as one.
    fn commit(
        &mut self,
        mut batch: Vec<Box<dyn Command>>,
        unsure: Option<StoreError>,
    ) -> Result<(), StoreError> {
        let mut result = self.transact(&mut batch);
        let mut unsure = unsure.or_else(|| result.clone().err().filter(is_unknown));
        if matches!(
            result,
            Err(StoreError::Full | StoreError::Engine(_) | StoreError::Unknown(_))
        ) && self.make_room()
        {
            result = self.transact(&mut batch);
            unsure = unsure.or_else(|| result.clone().err().filter(is_unknown));
        }
        match &result {
            Ok(()) => self.answer(batch),
            // Where the database is locked none of them was at fault, and each would wait for as long again.
            Err(error) if batch.len() > 1 && *error != StoreError::Locked => {
                self.commit_singly(batch, unsure);
            }
            Err(error) => self.refuse(batch, error, unsure),
        }
        result
    }

    /// Commits the items of a batch one by one. The first that meets a locked database has waited for the others too.
    fn commit_singly(&mut self, batch: Vec<Box<dyn Command>>, mut unsure: Option<StoreError>) {
        let mut rest = batch.into_iter();
        while let Some(command) = rest.next() {
            match self.commit(vec![command], unsure.clone()) {
                Ok(()) => unsure = None,
                Err(StoreError::Locked) => {
                    self.refuse(rest.collect(), &StoreError::Locked, unsure);
                    return;
                }
                Err(_) => {}
            }
        }
    }

    /// Tells a batch that it is committed.
    fn answer(&self, batch: Vec<Box<dyn Command>>) {
        let Some(moved) = self.tools.files.moved_with_content() else {
            for command in batch {
                command.committed(&self.tools.open);
            }
            self.tools.written.notify_one();
            return;
        };
        // It is in files that nobody will find: nobody is told that it is kept.
        self.tools.disk.set_lost(Some(StoreError::Lost(moved)));
        let unknown =
            StoreError::Unknown("the database's files were taken away at this moment".into());
        for command in batch {
            command.refused(unknown.clone());
        }
    }

    /// Tells a batch why it is not committed, or that it is not known whether it is.
    fn refuse(&self, batch: Vec<Box<dyn Command>>, error: &StoreError, unsure: Option<StoreError>) {
        self.tools
            .disk
            .count_damage_of(&Err::<(), _>(error.clone()));
        let told = unsure.unwrap_or_else(|| error.clone());
        for command in batch {
            command.refused(told.clone());
        }
    }

    /// Commits a batch, or says why not in words that tell what to do.
    fn transact(&mut self, batch: &mut [Box<dyn Command>]) -> Result<(), StoreError> {
        let disk = Arc::clone(&self.tools.disk);
        let _asking = disk.ask();
        match self.transact_or_fail(batch) {
            Err(Failure::Of(error)) => {
                Err(self.system.explained(error, self.tools.room.database()))
            }
            // All of it may be in the log, and what failed is the sync: so also where the system says that no room is left.
            Err(Failure::InCommit(error @ StoreError::Engine(_))) => {
                let cause = match self.system.explained(error, self.tools.room.database()) {
                    StoreError::Engine(cause) => cause,
                    other => other.into(),
                };
                Err(StoreError::Unknown(Cause::with_context(
                    "the disk failed during the commit",
                    cause,
                )))
            }
            Err(Failure::InCommit(error)) => Err(error),
            Ok(()) => Ok(()),
        }
    }

    fn transact_or_fail(&self, batch: &mut [Box<dyn Command>]) -> Result<(), Failure> {
        let Tools {
            connection,
            faults,
            signal,
            ..
        } = &self.tools;
        faults.meet(FaultPoint::Begin)?;
        // Begun as a writer: what begins as a reader is refused at once, without waiting, while somebody holds the write lock for a moment.
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)
            .map_err(StoreError::from)?;
        let writing = Writing::new(&transaction);
        for command in batch.iter_mut() {
            faults.meet(FaultPoint::Apply)?;
            command.apply(&writing)?;
        }
        writing.write_events()?;
        faults
            .meet(FaultPoint::Commit)
            .and_then(|()| Ok(transaction.commit()?))
            .map_err(Failure::InCommit)?;
        signal.committed();
        Ok(())
    }

    /// Gives up the reserve and empties the log, so that what a full disk refused can be tried again; says whether that gained anything.
    #[expect(
        clippy::disallowed_methods,
        reason = "the thread's own pace, which decides no outcome"
    )]
    fn make_room(&mut self) -> bool {
        if self
            .made_room
            .is_some_and(|made| made.elapsed() < MAKE_ROOM_EVERY)
        {
            return false;
        }
        self.made_room = Some(Instant::now());
        let gave_up = self.tools.room.give_up_reserve();
        let emptied = self
            .tools
            .faults
            .meet(FaultPoint::MakeRoom)
            .and_then(|()| self.checkpoint("TRUNCATE"));
        if gave_up {
            tracing::warn!(log_emptied = ?emptied, "no room is left for the database; what was kept in reserve for its log is used up");
        }
        gave_up || matches!(emptied, Ok(true))
    }
}

/// Failure of a transaction: before its commit, when nothing was written, or in it.
enum Failure {
    Of(StoreError),
    InCommit(StoreError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Of(error)
    }
}

fn is_unknown(error: &StoreError) -> bool {
    matches!(error, StoreError::Unknown(_))
}
