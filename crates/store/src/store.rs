//! The trait that every engine implements.

use acteon_core::{ActionId, BoxFuture, Timestamp};

use crate::StoreError;
use crate::model::{Admission, Admitted, Claim, DeadLetterPage, Fence, OwnerId, Record, Scope, Seq, Settled, Settlement};

/// A result that is on its way.
pub type Later<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// Durable state. What a method returns was committed, and synced to disk, before.
pub trait Store: Send + Sync {
    /// Registers a process whose lease lasts until `until`.
    fn register(&self, until: Timestamp) -> Later<'_, OwnerId>;

    /// Prolongs a lease; `false` when it is gone, because it had run out and was taken over.
    fn renew(&self, fence: Fence) -> Later<'_, bool>;

    /// Ends a process in good order: its open rows become unowned and due now, unmarked.
    fn retire(&self, owner: OwnerId, now: Timestamp) -> Later<'_, ()>;

    /// Frees the rows of processes whose lease ran out before `now`, marks them as possible duplicates, and says how many.
    fn take_over(&self, now: Timestamp) -> Later<'_, usize>;

    /// Writes an action, unless its id is there.
    fn admit(&self, admission: Admission) -> Later<'_, Admitted>;

    /// Changes a row, if its owner still owns it.
    fn settle(&self, settlement: Settlement) -> Later<'_, Settled>;

    /// Makes the caller the owner of due rows, oldest due first.
    fn claim(&self, claim: Claim) -> Later<'_, Vec<Record>>;

    /// When the next unowned row of `lane` is due.
    fn next_due(&self, lane: &str) -> Later<'_, Option<Timestamp>>;

    /// The actions with this id that the scope covers; more than one only where the scope leaves namespace or tenant open.
    fn find(&self, scope: &Scope, id: &ActionId) -> Later<'_, Vec<Record>>;

    /// Dead letters before `before`, newest first.
    fn dead_letters(&self, scope: &Scope, before: Option<Seq>, limit: usize) -> Later<'_, DeadLetterPage>;

    /// Actions that ended after `since`, newest first, at most `limit`: what a new process must know of the recent past.
    fn recently_done(&self, since: Timestamp, limit: usize) -> Later<'_, Vec<Record>>;

    /// Keeps a small text under a name until an instant.
    fn put_note(&self, name: &str, text: &str, until: Timestamp) -> Later<'_, ()>;

    /// The text under a name, unless its time is over.
    fn note(&self, name: &str, now: Timestamp) -> Later<'_, Option<String>>;

    /// Whether so much waits for a commit that work which can wait should.
    fn is_busy(&self) -> bool;

    /// How many rows are open, without asking the engine.
    fn open_count(&self) -> usize;
}
