//! The embedded store: one SQLite file, locked by one process.
//!
//! One *writer* thread owns the only connection that writes. It takes everything that waits, applies it in one transaction, commits with
//! `synchronous=FULL`, and answers all the waiters. A *checkpointer* thread moves the write-ahead log into the database meanwhile, so that
//! no commit has to. A few *readers* serve look-ups, some of them the gateway's own. A thread that panics ends the store.

mod calls;
mod checkpoint;
mod claims;
mod command;
mod damage;
mod disk;
mod documents;
mod faults;
mod gate;
mod history;
mod journal;
mod log_check;
mod open;
mod pages;
mod processes;
mod queue;
mod readers;
mod reroute;
mod rescue;
mod retention;
mod room;
mod rows;
mod system;
mod thread;
mod transfer;
mod writer;

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use acteon_core::{ActionId, BoxFuture, ProviderName, Scope, Timestamp};
use tokio::sync::watch;

use crate::StoreError;
use crate::document::{Document, DocumentChanges, DocumentKind, Put};
use crate::gate::{Conditions, Judged, judge};
use crate::history::{Cursor, Glance, HistoryFilter, HistoryPage, PageRequest};
use crate::model::{
    Admission, Admitted, Beat, Claim, ClaimRows, Claimed, Freed, Hasten, Hold, OwnerId,
    RecentSends, Record, Reroute, Rerouted, Seq, Settled, Settlement, Turn, Way,
};
use crate::queue_bytes::QueueBytes;
use crate::retention::{Pruned, Retention, SweepCursor, sweeps_on, swept_at};
use crate::rows::{rerouted_texts, row_texts};
use crate::shares::{DeadShare, OpenShare};
use crate::store::{Damage, Later, NewsOf, Store, revision_beside};
use checkpoint::{Checkpointer, Signal, Worker};
use command::Urgency;
use disk::{Disk, OpenFiles};
use faults::FaultPoints;
use readers::Readers;
use writer::{Tools, Writer};

pub use faults::{FaultPoint, Faults};

type Result<T> = std::result::Result<T, StoreError>;

/// Where and how to open the store.
#[derive(Clone, Debug, Default)]
pub struct SqliteOptions {
    /// The database file. Beside it lie `-wal`, `-shm` and `.lock`.
    pub path: PathBuf,
    /// Most pages the database may have, for tests of a full disk. `None` in earnest.
    pub max_pages: Option<u32>,
    /// Another file system for SQLite, for tests of power loss. `None` in earnest.
    pub vfs: Option<String>,
    /// Length at which the write-ahead log begins anew, in pages, for tests. `None` in earnest.
    pub log_pages: Option<u64>,
    /// What fails, for tests. `None` in earnest.
    pub faults: Option<Arc<dyn Faults>>,
}

/// The embedded store.
pub struct SqliteStore {
    writer: Writer,
    readers: Readers,
    queue_bytes: QueueBytes,
    open: Arc<AtomicUsize>,
    /// Of the documents.
    revision: watch::Sender<i64>,
    disk: Arc<Disk>,
    ended: thread::Ended,
    _checkpointer: Checkpointer,
    _lock: std::fs::File,
}

impl SqliteStore {
    /// Opens or makes the database, and wins its lock: what earlier processes owned is free from then on.
    pub fn open(options: &SqliteOptions) -> Result<Self> {
        Self::open_or_fail(options).map_err(|error| {
            system::System::default()
                .explained(error, &options.path)
                .advised()
        })
    }

    /// The documents of a kind in a database, in use or not; `None` where there is none.
    pub fn look_at_documents(
        options: &SqliteOptions,
        kind: DocumentKind,
    ) -> Result<Option<Vec<Document>>> {
        if !options.path.is_file() {
            return Ok(None);
        }
        documents::list(&open::reader(options)?, kind).map(Some)
    }

    fn open_or_fail(options: &SqliteOptions) -> Result<Self> {
        let lock = open::lock(&options.path)?;
        let disk = Arc::new(Disk::new());
        let room = Arc::new(room::Room::of(&options.path));
        let connection = open::writer_making_room(options, &disk, &room)?;
        let open = Arc::new(AtomicUsize::new(claims::count(&connection)?));
        let (revision, _) = watch::channel(documents::revision(&connection)?);
        let readers = Readers::open(options, &disk)?;
        let files = Arc::new(OpenFiles::of(&options.path));
        room.keep_reserve();
        let faults = FaultPoints::new(options.faults.as_ref());
        let (ended, _) = watch::channel(None);
        let worker = Worker {
            connection: open::checkpointer(options)?,
            signal: Arc::new(Signal::new(options.log_pages)),
            room,
            disk: Arc::clone(&disk),
            files: Arc::clone(&files),
            path: options.path.clone(),
            rescue: RefCell::default(),
            faults,
        };
        let tools = Tools {
            connection,
            open: Arc::clone(&open),
            signal: Arc::clone(&worker.signal),
            room: Arc::clone(&worker.room),
            disk: Arc::clone(&disk),
            files,
            faults: worker.faults.clone(),
        };
        let checkpointer = Checkpointer::start(worker, ended.clone())?;
        let writer = Writer::start(tools, ended.clone())?;
        let queue_bytes = QueueBytes::default();
        Ok(Self {
            writer,
            readers,
            queue_bytes,
            open,
            revision,
            disk,
            ended,
            _checkpointer: checkpointer,
            _lock: lock,
        })
    }
}

impl Store for SqliteStore {
    fn register(&self) -> Later<'_, OwnerId> {
        self.write(Urgency::Waited, processes::register)
    }

    fn renew(&self, owner: OwnerId) -> Later<'_, bool> {
        self.write(Urgency::Lease, move |connection| {
            processes::renew(connection, owner)
        })
    }

    fn beats(&self) -> Later<'_, Vec<Beat>> {
        self.readers.own(processes::beats)
    }

    fn retire(&self, owner: OwnerId, now: Timestamp) -> Later<'_, ()> {
        self.write(Urgency::Waited, move |connection| {
            processes::retire(connection, owner, now)
        })
    }

    fn take_over(&self, dead: Vec<Beat>, now: Timestamp) -> Later<'_, Freed> {
        self.write(Urgency::Waited, move |connection| {
            processes::take_over(connection, &dead, now)
        })
    }

    fn owned(&self, owner: OwnerId, after: Seq, limit: usize) -> Later<'_, Vec<Hold>> {
        self.readers
            .own(move |connection| claims::owned(connection, owner, after, limit))
    }

    fn free(&self, holds: Vec<Hold>, now: Timestamp) -> Later<'_, Freed> {
        self.write(Urgency::Waited, move |connection| {
            claims::free(connection, &holds, now)
        })
    }

    fn admit(&self, admission: Admission) -> Later<'_, Admitted> {
        if self.writer.is_full() {
            return Box::pin(async { Err(StoreError::Busy) });
        }
        let urgency = if admission.turn == Turn::Batch {
            Urgency::Bulk
        } else {
            Urgency::Admission
        };
        let texts = row_texts(&admission)
            .and_then(|texts| Ok((self.queue_bytes.enter(&admission, &texts)?, texts)));
        match texts {
            Ok((queued, texts)) => self.write_opening(
                urgency,
                |admitted| isize::from(matches!(admitted, Admitted::Open { .. })),
                move |connection| {
                    // Until this is dropped with the command.
                    let _ = &queued;
                    journal::admit(connection, &admission, &texts)
                },
            ),
            Err(error) => Box::pin(async { Err(error) }),
        }
    }

    fn judge(&self, conditions: Conditions, ways: Vec<Way>, now: Timestamp) -> Later<'_, Judged> {
        self.readers.answers(move |connection| {
            judge(&gate::SqlCounters(connection), &conditions, &ways, now)
        })
    }

    fn settle(&self, settlement: Settlement) -> Later<'_, Settled> {
        let urgency = if settlement.waited_for {
            Urgency::Waited
        } else {
            Urgency::Background
        };
        let closes: fn(&Settled) -> isize = if settlement.ends() {
            |settled| -isize::from(*settled == Settled::Written)
        } else {
            |_| 0
        };
        self.write_opening(urgency, closes, move |connection| {
            journal::settle(connection, &settlement)
        })
    }

    fn reroute(&self, change: Reroute) -> Later<'_, Rerouted> {
        match rerouted_texts(&change) {
            Ok(texts) => self.write(Urgency::Waited, move |connection| {
                reroute::reroute(connection, &change, &texts)
            }),
            Err(error) => Box::pin(async { Err(error) }),
        }
    }

    fn hasten(&self, hasten: Hasten) -> Later<'_, usize> {
        Box::pin(async move {
            let now = hasten.now;
            let found = self
                .readers
                .callers(move |connection| reroute::find(connection, &hasten))
                .await?;
            let count = found.len();
            if count > 0 {
                self.write(Urgency::Background, move |connection| {
                    reroute::hasten(connection, &found, now)
                })
                .await?;
            }
            Ok(count)
        })
    }

    fn claim(&self, claim: Claim) -> Later<'_, Vec<Claimed>> {
        let Claim { owner, now, rows } = claim;
        match rows {
            ClaimRows::Due(rooms) => Box::pin(async move {
                let wanted = rooms.clone();
                let claimed = self
                    .write(Urgency::Background, move |connection| {
                        claims::claim_due(connection, owner, now, &wanted)
                    })
                    .await;
                if matches!(claimed, Err(StoreError::Damaged(_))) {
                    self.claim_readable(owner, now, rooms).await
                } else {
                    claimed
                }
            }),
            ClaimRows::Overdue { limit } => Box::pin(async move {
                let overdue = self
                    .readers
                    .callers(move |connection| claims::find_overdue(connection, now, limit))
                    .await?;
                if overdue.is_empty() {
                    return Ok(Vec::new());
                }
                self.write(Urgency::Background, move |connection| {
                    claims::claim_found(connection, owner, 0, &overdue)
                })
                .await
            }),
        }
    }

    fn next_due(&self, providers: &[ProviderName]) -> Later<'_, Option<Timestamp>> {
        let providers = providers.to_vec();
        self.readers
            .own(move |connection| claims::next_due(connection, &providers))
    }

    fn records(&self, seqs: Vec<Seq>) -> Later<'_, Vec<Record>> {
        let disk = Arc::clone(&self.disk);
        self.readers
            .own(move |connection| history::records(connection, &disk, &seqs))
    }

    fn find(&self, scope: &Scope, id: &ActionId) -> Later<'_, Vec<Record>> {
        let (scope, id) = (scope.clone(), id.clone());
        self.readers
            .answers(move |connection| history::find(connection, &scope, &id))
    }

    fn history(&self, filter: HistoryFilter, page: PageRequest) -> Later<'_, HistoryPage> {
        let disk = Arc::clone(&self.disk);
        self.readers
            .callers(move |connection| history::page(connection, &disk, &filter, page))
    }

    fn newest(&self) -> Later<'_, Seq> {
        self.readers.callers(history::newest)
    }

    fn glance(&self, filter: HistoryFilter, limit: usize) -> Later<'_, (Vec<Glance>, bool)> {
        let disk = Arc::clone(&self.disk);
        self.readers
            .callers(move |connection| history::glance(connection, &disk, &filter, limit))
    }

    fn discard(&self, letters: Vec<Seq>) -> Later<'_, usize> {
        self.write(Urgency::Waited, move |connection| {
            history::discard(connection, &letters)
        })
    }

    fn count_dead(&self, scope: &Scope, limit: usize) -> Later<'_, usize> {
        let (scope, disk) = (scope.clone(), Arc::clone(&self.disk));
        self.readers
            .callers(move |connection| history::count_dead(connection, &disk, &scope, limit))
    }

    fn recent_sends(
        &self,
        since: Timestamp,
        before: Option<Cursor>,
        limit: usize,
    ) -> Later<'_, RecentSends> {
        let disk = Arc::clone(&self.disk);
        self.readers
            .own(move |connection| history::recent_sends(connection, &disk, since, before, limit))
    }

    fn documents(&self, kind: DocumentKind) -> Later<'_, Vec<Document>> {
        self.readers
            .own(move |connection| documents::list(connection, kind))
    }

    fn document(&self, kind: DocumentKind, id: &str) -> Later<'_, Option<Document>> {
        let id = id.to_owned();
        self.readers
            .answers(move |connection| documents::get(connection, kind, &id))
    }

    fn documents_since(&self, known: i64) -> Later<'_, DocumentChanges> {
        self.readers
            .own(move |connection| documents::since(connection, known))
    }

    fn put_document(&self, document: Document) -> Later<'_, Put> {
        self.write_document(move |connection| documents::put(connection, &document))
    }

    fn delete_document(
        &self,
        kind: DocumentKind,
        id: &str,
        version: Option<i64>,
    ) -> Later<'_, bool> {
        let id = id.to_owned();
        self.write_document(move |connection| documents::delete(connection, kind, &id, version))
    }

    fn documents_changed(&self, known: i64) -> Later<'_, i64> {
        revision_beside(self.revision.subscribe(), known)
    }

    fn used(&self, counter: &str) -> Later<'_, u64> {
        let counter = counter.to_owned();
        self.readers
            .callers(move |connection| gate::used(connection, &counter))
    }

    fn prune(&self, retention: Retention, after: Option<Cursor>) -> Later<'_, Pruned> {
        Box::pin(async move {
            let old = self
                .readers
                .callers(move |connection| retention::find_old(connection, &retention, after))
                .await?;
            let pruned = old.pruned();
            if pruned.deleted > 0 {
                self.write(Urgency::Background, move |connection| {
                    retention::delete(connection, &old.seqs)
                })
                .await?;
            }
            Ok(pruned)
        })
    }

    fn sweep(&self, now: Timestamp, after: Option<SweepCursor>) -> Later<'_, Option<SweepCursor>> {
        Box::pin(async move {
            let Some((number, table, after)) = swept_at(after.as_ref()) else {
                return Ok(None);
            };
            let (over, last) = self
                .readers
                .callers(move |connection| retention::find_over(connection, table, &after, now))
                .await?;
            if !over.is_empty() {
                self.write(Urgency::Background, move |connection| {
                    retention::delete_over(connection, table, &over, now)
                })
                .await?;
            }
            Ok(sweeps_on(number, last))
        })
    }

    fn put_note(&self, name: &str, text: &str, until: Timestamp) -> Later<'_, ()> {
        let (name, text) = (name.to_owned(), text.to_owned());
        self.write(Urgency::Waited, move |connection| {
            documents::put_note(connection, &name, &text, until)
        })
    }

    fn note(&self, name: &str, now: Timestamp) -> Later<'_, Option<String>> {
        let name = name.to_owned();
        self.readers
            .own(move |connection| documents::note(connection, &name, now))
    }

    fn swap_note<'a>(
        &'a self,
        name: &str,
        expected: Option<&str>,
        text: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Later<'a, bool> {
        let (name, expected, text) = (
            name.to_owned(),
            expected.map(str::to_owned),
            text.to_owned(),
        );
        self.write(Urgency::Waited, move |connection| {
            if documents::note(connection, &name, now)? != expected {
                return Ok(false);
            }
            documents::put_note(connection, &name, &text, until).map(|()| true)
        })
    }

    fn news(&self) -> BoxFuture<'_, NewsOf> {
        // No other process has this file open.
        Box::pin(std::future::pending())
    }

    fn ended(&self) -> BoxFuture<'_, StoreError> {
        crate::error::until_ended(&self.ended)
    }

    fn stalled(&self) -> Duration {
        self.disk.stalled()
    }

    fn damage(&self) -> Option<Damage> {
        self.disk.damage()
    }

    fn is_busy(&self) -> bool {
        self.writer.is_busy()
    }

    fn is_shared(&self) -> bool {
        false
    }

    fn open_shares(&self, due: Timestamp) -> Later<'_, Vec<OpenShare>> {
        self.readers
            .callers(move |connection| history::open_shares(connection, due))
    }

    fn dead_shares(&self, limit: usize) -> Later<'_, Vec<DeadShare>> {
        self.readers
            .callers(move |connection| history::dead_shares(connection, limit))
    }

    fn outcomes_of(&self, seqs: Vec<Seq>) -> Later<'_, Vec<(Seq, Arc<str>)>> {
        self.readers
            .answers(move |connection| history::outcomes_of(connection, &seqs))
    }

    fn open_count(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }
}
