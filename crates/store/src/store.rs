//! The store as its callers know it: a trait for each noun, which each engine implements in the file of that name.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{ActionId, BoxFuture, ProviderName, Scope, Timestamp};
use tokio::sync::watch;

use crate::StoreError;
use crate::document::{Document, DocumentChanges, DocumentKind, Put};
use crate::event::{EventId, EventPosition, EventsKept, EventsPage};
use crate::flows::{
    Advance, Advanced, Flow, FlowClaim, FlowCount, FlowFilter, FlowHasten, FlowHold, FlowKey,
    FlowPage,
};
use crate::gate::{Conditions, Judged};
use crate::history::{CoverageRow, Cursor, HistoryFilter, HistoryPage, PageRequest};
use crate::model::{
    Admission, Admitted, Claim, Claimed, Freed, Hasten, Heartbeat, Hold, OwnerId, RecentSends,
    Record, Reroute, Rerouted, Route, Seq, Settled, Settlement,
};
use crate::retention::{Pruned, Retention, SweepCursor};
use crate::scheduled::{ScheduledPage, ScheduledRequest};
use crate::shares::{DeadShare, OpenShare};

/// Position of an action that is over, and its outcome as JSON.
pub type SettledOutcome = (Seq, Arc<str>);

/// Wake-up: a change by another process that is to be looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wakeup {
    /// Anything may have changed: notifications were missed for a while.
    Anything,
    /// There may be due rows.
    Work,
    /// The note with this name was changed.
    Note(String),
}

/// Damage of a store: what cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Number of times that damage was met.
    pub count: u64,
    /// Description of the first.
    pub first: String,
}

/// Change of a note that happens only if no other process changed it before.
#[derive(Clone, Debug)]
pub struct NoteSwap {
    /// Name of the note.
    pub name: String,
    /// Text that must be there at `now`; `None` for no note, or one whose time is over.
    pub expected: Option<String>,
    /// Text to put there.
    pub text: String,
    /// Instant of the change, of the wall clock.
    pub now: Timestamp,
    /// Instant until which the text is kept.
    pub until: Timestamp,
}

/// Waits until a revision is another than `known`, for engines whose only writer is this process.
pub(crate) fn revision_beside(
    mut revision: watch::Receiver<i64>,
    known: i64,
) -> BoxFuture<'static, Result<i64, StoreError>> {
    Box::pin(async move {
        let changed = revision.wait_for(|revision| *revision != known).await;
        changed
            .map(|revision| *revision)
            .map_err(|_| StoreError::Closed)
    })
}

/// Durable state: everything that an engine does, by its nouns. What a method returns was committed, and synced to disk, before.
pub trait Store:
    Processes + Journal + Jobs + Flows + History + Events + Documents + Notes + Engine
{
}

impl<T> Store for T where
    T: Processes + Journal + Jobs + Flows + History + Events + Documents + Notes + Engine
{
}

/// Processes and their leases.
pub trait Processes: Send + Sync {
    /// Registers this process; its id is the owner of the rows that it claims.
    fn register(&self) -> BoxFuture<'_, Result<OwnerId, StoreError>>;

    /// Renews the lease of a process by one heartbeat; `false` when the lease had expired and another process took over.
    fn renew(&self, owner: OwnerId) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Heartbeats of all registered processes. One whose heartbeat stays the same for as long as a lease lasts, by the watcher's own clock, is dead.
    fn heartbeats(&self) -> BoxFuture<'_, Result<Vec<Heartbeat>, StoreError>>;

    /// Ends a process in good order, and frees its rows: what may have been sent is due at `now`, all else when it was.
    fn retire(&self, owner: OwnerId, now: Timestamp) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Ends those of the dead processes whose heartbeat is still the one that was seen. Frees the rows whose owner is not registered any
    /// more: what may have been sent is due at `now`, all else when it was.
    fn take_over(
        &self,
        dead: Vec<Heartbeat>,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Freed, StoreError>>;
}

/// The journal: what is admitted, settled, rerouted and forgotten.
pub trait Journal: Send + Sync {
    /// Checks and charges what the gate asks for and writes an action, unless its id is there. An action that was refused for now gives
    /// way to the same request. [`StoreError::Fenced`] when its owner's lease has expired.
    fn admit(&self, admission: Admission) -> BoxFuture<'_, Result<Admitted, StoreError>>;

    /// Judgement of the gate as of now. Writes and charges nothing.
    fn judge(
        &self,
        conditions: Conditions,
        routes: Vec<Route>,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Judged, StoreError>>;

    /// Changes a row, if its owner still owns it.
    fn settle(&self, settlement: Settlement) -> BoxFuture<'_, Result<Settled, StoreError>>;

    /// Moves an open row to another route, if its owner still owns it.
    fn reroute(&self, change: Reroute) -> BoxFuture<'_, Result<Rerouted, StoreError>>;

    /// Number of actions that are charged to a quota's counter.
    fn used(&self, counter: &str) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// Deletes what is kept no longer, oldest first, among a bounded number of rows after `after`. The newest row stays.
    fn prune(
        &self,
        retention: Retention,
        after: Option<Cursor>,
    ) -> BoxFuture<'_, Result<Pruned, StoreError>>;

    /// Forgets keys, counters, windows and notes whose time is over, among a bounded number of them; says where to go on, `None` at the end.
    fn sweep(
        &self,
        now: Timestamp,
        after: Option<SweepCursor>,
    ) -> BoxFuture<'_, Result<Option<SweepCursor>, StoreError>>;
}

/// Jobs: rows that wait for work, and which process has them.
pub trait Jobs: Send + Sync {
    /// Makes the caller the owner of rows, oldest due first. None of them is in flight.
    fn claim(&self, claim: Claim) -> BoxFuture<'_, Result<Vec<Claimed>, StoreError>>;

    /// Due time of the next unowned row of these providers; `None` where there is none.
    fn next_due(
        &self,
        providers: &[ProviderName],
    ) -> BoxFuture<'_, Result<Option<Timestamp>, StoreError>>;

    /// Rows that a process owns, from after a position on, at most `limit`, in their order.
    fn owned(
        &self,
        owner: OwnerId,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Hold>, StoreError>>;

    /// Frees rows that are still held like this: what may have been sent is due at `now`, all else when it was.
    fn free(&self, holds: Vec<Hold>, now: Timestamp) -> BoxFuture<'_, Result<Freed, StoreError>>;

    /// Makes rows due now that wait for a further attempt; returns the number found, claimed ones too. Fewer than the limit: there are no others.
    fn hasten(&self, hasten: Hasten) -> BoxFuture<'_, Result<usize, StoreError>>;

    /// Numbers of open rows by tenant and provider.
    fn open_shares(&self, due: Timestamp) -> BoxFuture<'_, Result<Vec<OpenShare>, StoreError>>;
}

/// Flows: durable state machines, and which process works on them.
pub trait Flows: Send + Sync {
    /// Writes the next state of a flow and all that follows from it, if the flow is as expected. [`StoreError::Engine`] where an admission would be
    /// owned or has no route.
    fn advance(&self, advance: Advance) -> BoxFuture<'_, Result<Advanced, StoreError>>;

    /// Makes the caller the owner of due flows of the kinds that it knows, the oldest due first. Nobody gets any who is not registered.
    fn claim_flows(&self, claim: FlowClaim) -> BoxFuture<'_, Result<Vec<Flow>, StoreError>>;

    /// Due time of the next unowned flow of these kinds; `None` where there is none.
    fn next_flow_due(
        &self,
        kinds: &[Arc<str>],
    ) -> BoxFuture<'_, Result<Option<Timestamp>, StoreError>>;

    /// Makes unowned flows due earlier that are due within a span, the earliest first, and never before `now`. Returns the due time at which the next
    /// request goes on; `None` where nothing is left. The version stays: no step was computed from when it is due, and one on its way says anew when.
    fn hasten_flows(
        &self,
        hasten: FlowHasten,
    ) -> BoxFuture<'_, Result<Option<Timestamp>, StoreError>>;

    /// Flows that a process owns, from after a name on, at most `limit`, in the order of their names.
    fn owned_flows(
        &self,
        owner: OwnerId,
        after: Option<FlowKey>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<FlowHold>, StoreError>>;

    /// Frees flows that are still held like this; says how many. They are due when they were.
    fn free_flows(&self, holds: Vec<FlowHold>) -> BoxFuture<'_, Result<usize, StoreError>>;

    /// Record of the action with this id that the scope covers, for a flow's step: no caller's look holds it up.
    fn action_for_step(
        &self,
        scope: &Scope,
        id: &ActionId,
    ) -> BoxFuture<'_, Result<Option<Record>, StoreError>>;

    /// Flow with this name, for a flow's step: no caller's look holds it up.
    fn flow_for_step(&self, key: &FlowKey) -> BoxFuture<'_, Result<Option<Flow>, StoreError>>;

    /// Flow with this name.
    fn flow(&self, key: &FlowKey) -> BoxFuture<'_, Result<Option<Flow>, StoreError>>;

    /// A page of the flows of a kind, in the order of their ids.
    fn flows(&self, filter: FlowFilter) -> BoxFuture<'_, Result<FlowPage, StoreError>>;

    /// Number of flows that a filter covers, up to its limit.
    fn count_flows(&self, filter: FlowFilter) -> BoxFuture<'_, Result<usize, StoreError>>;

    /// Numbers of flows by kind, tenant and status.
    fn flow_counts(&self) -> BoxFuture<'_, Result<Vec<FlowCount>, StoreError>>;
}

/// Audit trail: the journal, looked back at.
pub trait History: Send + Sync {
    /// Records of the actions at these positions, in no order. Those that are not there any more are left out.
    fn records(&self, seqs: Vec<Seq>) -> BoxFuture<'_, Result<Vec<Record>, StoreError>>;

    /// Records of the first of these actions, as many as a page has bytes for, through the connections for callers; and how many positions that are.
    fn first_records(
        &self,
        seqs: Vec<Seq>,
    ) -> BoxFuture<'_, Result<(Vec<Record>, usize), StoreError>>;

    /// Records of the actions with this id that the scope covers; several only where the scope leaves namespace or tenant open. An action that was
    /// refused and then decided again is there once, as it now stands.
    fn find(&self, scope: &Scope, id: &ActionId) -> BoxFuture<'_, Result<Vec<Record>, StoreError>>;

    /// A page of the journal, newest first. Looks at a bounded number of rows.
    fn history(
        &self,
        filter: HistoryFilter,
        page: PageRequest,
    ) -> BoxFuture<'_, Result<HistoryPage, StoreError>>;

    /// Highest position in the journal. What this process writes from now on lies beyond it.
    fn newest(&self) -> BoxFuture<'_, Result<Seq, StoreError>>;

    /// The newest actions that match, at most `limit`, without their texts, and whether there may be more: a look is bounded.
    fn coverage(
        &self,
        filter: HistoryFilter,
        limit: usize,
    ) -> BoxFuture<'_, Result<(Vec<CoverageRow>, bool), StoreError>>;

    /// Takes dead letters off the list; says how many there were. They stay in the journal.
    fn discard(&self, letters: Vec<Seq>) -> BoxFuture<'_, Result<usize, StoreError>>;

    /// Number of dead letters within a scope, counted up to `limit` among a bounded number.
    fn count_dead(&self, scope: &Scope, limit: usize) -> BoxFuture<'_, Result<usize, StoreError>>;

    /// Sends that ended well after `since`, among the newest `limit` actions before `before`: what the budgets of a new process must know of the
    /// recent past.
    fn recent_sends(
        &self,
        since: Timestamp,
        before: Option<Cursor>,
        limit: usize,
    ) -> BoxFuture<'_, Result<RecentSends, StoreError>>;

    /// Numbers of dead letters by provider and code, among the newest `limit`.
    fn dead_shares(&self, limit: usize) -> BoxFuture<'_, Result<Vec<DeadShare>, StoreError>>;

    /// Actions whose first attempt waits for an instant that is yet to come, the soonest first. Looks at a bounded number of rows.
    fn scheduled(
        &self,
        request: ScheduledRequest,
    ) -> BoxFuture<'_, Result<ScheduledPage, StoreError>>;

    /// Outcomes, as JSON, of those of these actions that are over.
    fn outcomes_of(&self, seqs: Vec<Seq>)
    -> BoxFuture<'_, Result<Vec<SettledOutcome>, StoreError>>;
}

/// Events: what happened, in an order that can be followed. Each is written in the commit of what it tells.
pub trait Events: Send + Sync {
    /// Events after a position, at most `limit`, in their order. Nothing that is committed later comes before or between them.
    fn events(
        &self,
        after: EventPosition,
        limit: usize,
    ) -> BoxFuture<'_, Result<EventsPage, StoreError>>;

    /// Id of the position that the events have come to, with the instant of the newest of them: what is committed from now on lies beyond it.
    fn newest_event(&self) -> BoxFuture<'_, Result<EventId, StoreError>>;

    /// Position of the oldest event that is kept; the first of all where there is none.
    fn oldest_event(&self) -> BoxFuture<'_, Result<EventPosition, StoreError>>;

    /// Whether the event with this id is kept. Of the id of a position: whether the events have come to it, and are those that it was told of.
    fn has_event(&self, id: EventId) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Deletes the oldest events up to the first that is kept, or the newest, among a bounded number: behind one that is there none is gone. Says how many.
    fn prune_events(&self, kept: EventsKept) -> BoxFuture<'_, Result<usize, StoreError>>;
}

/// Documents and their revision.
pub trait Documents: Send + Sync {
    /// All documents of a kind.
    fn documents(&self, kind: DocumentKind) -> BoxFuture<'_, Result<Vec<Document>, StoreError>>;

    /// Document of a kind by its id.
    fn document(
        &self,
        kind: DocumentKind,
        id: &str,
    ) -> BoxFuture<'_, Result<Option<Document>, StoreError>>;

    /// Changes of the documents after the revision `known`, as of one instant; all documents where that is below zero or long ago, and where a
    /// fail-over lost it: the store's revision is lower.
    fn documents_since(&self, known: i64) -> BoxFuture<'_, Result<DocumentChanges, StoreError>>;

    /// Writes a document, if it still has the version that it says.
    fn put_document(&self, document: Document) -> BoxFuture<'_, Result<Put, StoreError>>;

    /// Deletes a document; `false` when there was none, or when it has another version than the one that is asked for.
    fn delete_document(
        &self,
        kind: DocumentKind,
        id: &str,
        version: Option<i64>,
    ) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Revision of the documents, as soon as it is another than `known`. It grows with the commit of every change, and is lower only where a
    /// fail-over lost commits.
    fn documents_changed(&self, known: i64) -> BoxFuture<'_, Result<i64, StoreError>>;
}

/// Notes: small texts under a name, until an instant.
pub trait Notes: Send + Sync {
    /// Keeps a small text under a name until an instant.
    fn put_note(
        &self,
        name: &str,
        text: &str,
        until: Timestamp,
    ) -> BoxFuture<'_, Result<(), StoreError>>;

    /// The text under a name, unless its time is over.
    fn note(&self, name: &str, now: Timestamp)
    -> BoxFuture<'_, Result<Option<String>, StoreError>>;

    /// Puts a text in the place of another. Says whether it did.
    fn swap_note(&self, swap: NoteSwap) -> BoxFuture<'_, Result<bool, StoreError>>;
}

/// State of an engine: wake-ups, its end, its disk, its load.
pub trait Engine: Send + Sync {
    /// The next wake-up, as soon as there is one. Some may be missed, so that they replace no look around.
    fn wakeups(&self) -> BoxFuture<'_, Wakeup>;

    /// Resolves once this process may have committed events since it was last awaited, by one who waits. Those of other processes are not told.
    fn events_written(&self) -> BoxFuture<'_, ()>;

    /// Resolves when the store can do nothing any more and will not recover: its process should end, so that another can begin.
    fn ended(&self) -> BoxFuture<'_, StoreError> {
        Box::pin(std::future::pending())
    }

    /// Time that the engine has been waiting for its disk to answer; zero where it does not wait, or cannot say.
    fn stalled(&self) -> Duration {
        Duration::ZERO
    }

    /// Damage that was met since the start.
    fn damage(&self) -> Option<Damage> {
        None
    }

    /// Whether so much waits for a commit that work which can wait should.
    fn is_busy(&self) -> bool;

    /// Whether other processes may work on the same rows.
    fn is_shared(&self) -> bool {
        true
    }

    /// Number of open rows, without a query.
    fn open_count(&self) -> usize;
}
