//! The thread that writes. Everything that waits shares one transaction and one sync.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use acteon_core::limits::MAX_COMMIT_QUEUE;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::checkpoint::Signal;
use super::command::Command;
use super::open::BUSY_TIMEOUT;
use super::queue::Queue;
use crate::StoreError;

pub(super) struct Writer {
    commands: Option<mpsc::Sender<Box<dyn Command>>>,
    waiting: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(connection: Connection, open: Arc<AtomicUsize>, signal: Arc<Signal>) -> Result<Self, StoreError> {
        let (commands, inbox) = mpsc::channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let loop_ = Loop { connection, open, signal, waiting: Arc::clone(&waiting) };
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn(move || loop_.run(&inbox))
            .map_err(|error| StoreError::Engine(error.to_string()))?;
        Ok(Self { commands: Some(commands), waiting, thread: Some(thread) })
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
        self.waiting.load(Ordering::Relaxed) > MAX_COMMIT_QUEUE
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.commands.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

struct Loop {
    connection: Connection,
    open: Arc<AtomicUsize>,
    signal: Arc<Signal>,
    waiting: Arc<AtomicUsize>,
}

/// Longest that a restart of the log waits for readers.
const RESTART_TIMEOUT: Duration = Duration::from_millis(100);

/// Items waiting for a commit above which the writer is busy: more than a few callers at once.
const BUSY: usize = 16;

impl Loop {
    fn run(self, inbox: &mpsc::Receiver<Box<dyn Command>>) {
        let mut queue = Queue::default();
        loop {
            if queue.wait(inbox).is_err() {
                return;
            }
            let batch = queue.take();
            if batch.is_empty() {
                continue;
            }
            self.waiting.fetch_sub(batch.len(), Ordering::Relaxed);
            self.commit(batch);
            if self.signal.take_over_ceiling()
                && let Err(error) = self.restart_log()
            {
                tracing::warn!(%error, "the write-ahead log could not be restarted; it is tried again");
            }
        }
    }

    /// Starts the log from its beginning, unless a long reader, such as a backup, still needs it: commits do not wait for that.
    fn restart_log(&self) -> rusqlite::Result<()> {
        self.connection.busy_timeout(RESTART_TIMEOUT)?;
        let restarted = self.connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()));
        self.connection.busy_timeout(BUSY_TIMEOUT)?;
        restarted
    }

    /// Commits a batch and answers; a batch that fails is committed item by item, so that one bad item fails alone.
    fn commit(&self, mut batch: Vec<Box<dyn Command>>) {
        match self.transact(&mut batch) {
            Ok(()) => batch.into_iter().for_each(|command| command.committed(&self.open)),
            Err(_) if batch.len() > 1 => batch.into_iter().for_each(|command| self.commit(vec![command])),
            Err(error) => batch.into_iter().for_each(|command| command.refused(error.clone())),
        }
    }

    fn transact(&self, batch: &mut [Box<dyn Command>]) -> Result<(), StoreError> {
        // Begun as a writer: what begins as a reader is refused at once, without waiting, while somebody holds the write lock for a moment.
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        batch.iter_mut().try_for_each(|command| command.apply(&transaction))?;
        transaction.commit()?;
        self.signal.committed();
        Ok(())
    }
}
