//! The trait that every engine implements.

use acteon_core::{ActionId, BoxFuture, Scope, Timestamp};
use tokio::sync::watch;

use crate::StoreError;
use crate::document::{Document, DocumentChanges, DocumentKind, Put, Retention};
use crate::gate::{Conditions, Judged};
use crate::history::{Glance, HistoryFilter, HistoryPage, PageRequest};
use crate::model::{Admission, Admitted, Beat, Claim, OwnerId, Record, Seq, Settled, Settlement, Way};

/// A result that is on its way.
pub type Later<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// What a process left to look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NewsOf {
    /// Anything: nobody listened for a while.
    Anything,
    /// Due rows.
    Work,
    /// The note with this name.
    Note(String),
}

/// Waits until a revision is over `known`, for engines whose only writer is this process.
pub(crate) fn revision_over(mut revision: watch::Receiver<i64>, known: i64) -> Later<'static, i64> {
    Box::pin(async move {
        let changed = revision.wait_for(|revision| *revision > known).await;
        changed.map(|revision| *revision).map_err(|_| StoreError::Closed)
    })
}

/// Durable state. What a method returns was committed, and synced to disk, before.
pub trait Store: Send + Sync {
    /// Registers a process.
    fn register(&self) -> Later<'_, OwnerId>;

    /// Renews a process's lease by one beat; `false` when it is gone, because it had run out and was taken over.
    fn renew(&self, owner: OwnerId) -> Later<'_, bool>;

    /// The beats of every registered process. One whose beat stays the same for as long as a lease lasts, by the watcher's own clock, is dead.
    fn beats(&self) -> Later<'_, Vec<Beat>>;

    /// Ends a process in good order: its open rows become unowned and due now, unmarked.
    fn retire(&self, owner: OwnerId, now: Timestamp) -> Later<'_, ()>;

    /// Ends those of the dead processes whose beat is still the one that was seen. Frees the rows of whoever is no process, due at `now`,
    /// marks them as possible duplicates, and says how many.
    fn take_over(&self, dead: Vec<Beat>, now: Timestamp) -> Later<'_, usize>;

    /// Checks and charges what the gate asks for and writes an action, unless its id is there. An action that was refused for now gives
    /// way to the same request. [`StoreError::Fenced`] when it is to be owned by who is no process any more.
    fn admit(&self, admission: Admission) -> Later<'_, Admitted>;

    /// What the gate would say now. Writes nothing.
    fn judge(&self, conditions: Conditions, ways: Vec<Way>, now: Timestamp) -> Later<'_, Judged>;

    /// Changes a row, if its owner still owns it.
    fn settle(&self, settlement: Settlement) -> Later<'_, Settled>;

    /// Makes the caller the owner of due rows, oldest due first.
    fn claim(&self, claim: Claim) -> Later<'_, Vec<Record>>;

    /// When the next unowned row of `lane` is due.
    fn next_due(&self, lane: &str) -> Later<'_, Option<Timestamp>>;

    /// The actions with this id that the scope covers; more than one only where the scope leaves namespace or tenant open. What was refused
    /// and then decided anew is there once, as it now stands.
    fn find(&self, scope: &Scope, id: &ActionId) -> Later<'_, Vec<Record>>;

    /// A page of the journal, newest first. Looks at a bounded number of rows.
    fn history(&self, filter: HistoryFilter, page: PageRequest) -> Later<'_, HistoryPage>;

    /// The newest actions that match, at most `limit`, without their texts, and whether there may be more: a look is bounded.
    fn glance(&self, filter: HistoryFilter, limit: usize) -> Later<'_, (Vec<Glance>, bool)>;

    /// Takes dead letters off the list; says how many there were. They stay in the journal.
    fn discard(&self, letters: Vec<Seq>) -> Later<'_, usize>;

    /// How many dead letters there are within a scope, counted up to `limit` among a bounded number.
    fn count_dead(&self, scope: &Scope, limit: usize) -> Later<'_, usize>;

    /// Actions that ended after `since`, newest first, at most `limit`: what a new process must know of the recent past.
    fn recently_done(&self, since: Timestamp, limit: usize) -> Later<'_, Vec<Record>>;

    /// Every document of a kind.
    fn documents(&self, kind: DocumentKind) -> Later<'_, Vec<Document>>;

    /// One document.
    fn document(&self, kind: DocumentKind, id: &str) -> Later<'_, Option<Document>>;

    /// What changed in the documents after the revision `known`, all as of one instant; everything where that is below zero or long ago.
    fn documents_since(&self, known: i64) -> Later<'_, DocumentChanges>;

    /// Writes a document, if it still has the version that it says.
    fn put_document(&self, document: Document) -> Later<'_, Put>;

    /// Deletes a document; `false` when there was none.
    fn delete_document(&self, kind: DocumentKind, id: &str) -> Later<'_, bool>;

    /// The revision of the documents, as soon as it is beyond `known`: it grows with the commit of every change, whoever still waits for it.
    fn documents_changed(&self, known: i64) -> Later<'_, i64>;

    /// What a quota's counter stands at.
    fn used(&self, counter: &str) -> Later<'_, u64>;

    /// Deletes what is kept no longer, among a bounded number of rows after `after`; says where to go on, `None` at the end.
    fn prune(&self, retention: Retention, after: Seq) -> Later<'_, Option<Seq>>;

    /// Forgets keys, counters, windows and notes whose time is over.
    fn sweep(&self, now: Timestamp) -> Later<'_, ()>;

    /// Keeps a small text under a name until an instant.
    fn put_note(&self, name: &str, text: &str, until: Timestamp) -> Later<'_, ()>;

    /// The text under a name, unless its time is over.
    fn note(&self, name: &str, now: Timestamp) -> Later<'_, Option<String>>;

    /// Puts a text under a name until an instant, if `expected` is what is there at `now`: `None` for nothing, or what is over. Says whether
    /// it did.
    fn swap_note<'a>(&'a self, name: &str, expected: Option<&str>, text: &str, now: Timestamp, until: Timestamp) -> Later<'a, bool>;

    /// Resolves when a process left something to look at. It may miss some, so it replaces no look around.
    fn news(&self) -> BoxFuture<'_, NewsOf>;

    /// Whether so much waits for a commit that work which can wait should.
    fn is_busy(&self) -> bool;

    /// How many rows are open, without asking the engine.
    fn open_count(&self) -> usize;
}
