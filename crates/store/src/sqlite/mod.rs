//! The embedded store: one SQLite file, locked by one process.
//!
//! One *writer* thread owns the only connection that writes. It takes everything that waits, applies it in one transaction, commits with
//! `synchronous=FULL`, and answers all the waiters. A *checkpointer* thread moves the write-ahead log into the database meanwhile, so that
//! no commit has to. A few *readers* serve look-ups.

mod checkpoint;
mod open;
mod queue;
mod readers;
mod rows;
mod statements;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use acteon_core::{ActionId, Timestamp};
use tokio::sync::oneshot;

use crate::StoreError;
use crate::model::{Admission, Admitted, Claim, DeadLetterPage, Fence, OwnerId, Record, Scope, Seq, Settled, Settlement};
use crate::store::{Later, Store};
use checkpoint::Checkpointer;
use readers::Readers;
use writer::{Command, Reply, Writer};

/// Where and how to open the store.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// The database file. Beside it lie `-wal`, `-shm` and `.lock`.
    pub path: PathBuf,
    /// Most pages the database may have, for tests of a full disk. `None` in earnest.
    pub max_pages: Option<u32>,
}

/// The embedded store.
pub struct SqliteStore {
    writer: Writer,
    readers: Readers,
    open: Arc<AtomicUsize>,
    _checkpointer: Checkpointer,
    _lock: std::fs::File,
}

impl SqliteStore {
    /// Opens or makes the database, and wins its lock: what earlier processes owned is free from then on.
    pub fn open(options: &SqliteOptions) -> Result<Self, StoreError> {
        let lock = open::lock(&options.path)?;
        let connection = open::writer(options)?;
        let count: i64 = connection.query_row("SELECT COUNT(*) FROM jobs", [], |row| row.get(0))?;
        let open = Arc::new(AtomicUsize::new(usize::try_from(count).unwrap_or(0)));
        let readers = Readers::open(&options.path)?;
        let checkpointer = Checkpointer::start(open::checkpointer(&options.path)?)?;
        let writer = Writer::start(connection, Arc::clone(&open), checkpointer.signal())?;
        Ok(Self { writer, readers, open, _checkpointer: checkpointer, _lock: lock })
    }

    fn write<T: Send + 'static>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Later<'_, T> {
        let (reply, answer) = oneshot::channel();
        let sent = self.writer.send(command(reply));
        Box::pin(async move {
            sent?;
            answer.await.unwrap_or(Err(StoreError::Closed))
        })
    }
}

impl Store for SqliteStore {
    fn register(&self, until: Timestamp) -> Later<'_, OwnerId> {
        self.write(|reply| Command::Register { until, reply })
    }

    fn renew(&self, fence: Fence) -> Later<'_, bool> {
        self.write(|reply| Command::Renew { fence, reply })
    }

    fn retire(&self, owner: OwnerId, now: Timestamp) -> Later<'_, ()> {
        self.write(|reply| Command::Retire { owner, now, reply })
    }

    fn take_over(&self, now: Timestamp) -> Later<'_, usize> {
        self.write(|reply| Command::TakeOver { now, reply })
    }

    fn admit(&self, admission: Admission) -> Later<'_, Admitted> {
        if self.writer.is_full() {
            return Box::pin(async { Err(StoreError::Busy) });
        }
        match rows::row_texts(&admission) {
            Ok(texts) => self.write(|reply| Command::Admit { admission: Box::new((admission, texts)), reply }),
            Err(error) => Box::pin(async { Err(error) }),
        }
    }

    fn settle(&self, settlement: Settlement) -> Later<'_, Settled> {
        self.write(|reply| Command::Settle { settlement: Box::new(settlement), reply })
    }

    fn claim(&self, claim: Claim) -> Later<'_, Vec<Record>> {
        self.write(|reply| Command::Claim { claim, reply })
    }

    fn put_note(&self, name: &str, text: &str, until: Timestamp) -> Later<'_, ()> {
        let (name, text) = (name.to_owned(), text.to_owned());
        self.write(|reply| Command::PutNote { name, text, until, reply })
    }

    fn next_due(&self, lane: &str) -> Later<'_, Option<Timestamp>> {
        let lane = lane.to_owned();
        self.readers.read(move |connection| statements::next_due(connection, &lane))
    }

    fn find(&self, scope: &Scope, id: &ActionId) -> Later<'_, Vec<Record>> {
        let (scope, id) = (scope.clone(), id.clone());
        self.readers.read(move |connection| statements::find(connection, &scope, &id))
    }

    fn dead_letters(&self, scope: &Scope, before: Option<Seq>, limit: usize) -> Later<'_, DeadLetterPage> {
        let scope = scope.clone();
        self.readers.read(move |connection| statements::dead_letters(connection, &scope, before, limit))
    }

    fn recently_done(&self, since: Timestamp, limit: usize) -> Later<'_, Vec<Record>> {
        self.readers.read(move |connection| statements::recently_done(connection, since, limit))
    }

    fn note(&self, name: &str, now: Timestamp) -> Later<'_, Option<String>> {
        let name = name.to_owned();
        self.readers.read(move |connection| statements::note(connection, &name, now))
    }

    fn is_busy(&self) -> bool {
        self.writer.is_busy()
    }

    fn open_count(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }
}
