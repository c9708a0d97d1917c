//! Something between whoever uses a store and the store: what is done around every call, whichever it is.
//!
//! A [`Layer`] says once what it does around a call, and [`Layered`] does it around all of them. [`StoreCall`] lists the calls, so that what
//! must hold for each of them can be tried on each of them.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{ActionId, BoxFuture, ProviderName, Scope, Timestamp};

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
use crate::store::{
    Damage, Documents, Engine, Events, Flows, History, Jobs, Journal, NoteSwap, Notes, Processes,
    SettledOutcome, Store, Wakeup,
};

/// Work around every call of a store.
pub trait Layer: Send + Sync {
    /// Store that the layer stands around.
    fn store(&self) -> &dyn Store;

    /// Whether other processes may work on the store, as it says itself unless the layer says otherwise.
    fn is_shared(&self) -> bool {
        self.store().is_shared()
    }

    /// Runs `work` on the store below, or fails in its place.
    fn around<'a, T: Send + 'static>(
        &'a self,
        call: StoreCall,
        work: impl FnOnce(&'a dyn Store) -> BoxFuture<'a, Result<T, StoreError>> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, StoreError>>;
}

/// A store with a layer around it.
pub struct Layered<L>(pub L);

macro_rules! layered {
    ($($noun:ident {
        $($call:ident = $method:ident($($arg:ident: $type:ty),*) $(keeps $($kept:ident),+)? -> $result:ty;)*
    })*) => {
        /// Method of [`Store`] that may fail.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum StoreCall {
            $($(#[doc = concat!("[`", stringify!($noun), "::", stringify!($method), "`].")] $call),*),*
        }

        impl StoreCall {
            /// All calls, in the order in which they are declared.
            pub const ALL: &'static [Self] = &[$($(Self::$call),*),*];

            /// Name of the method, in `snake_case`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $($(Self::$call => stringify!($method)),*),*
                }
            }
        }

        $(impl<L: Layer> $noun for Layered<L> {
            $(fn $method(&self, $($arg: $type),*) -> BoxFuture<'_, Result<$result, StoreError>> {
                $($(let $kept = $kept.to_owned();)+)?
                self.0.around(StoreCall::$call, move |store| {
                    $($(let $kept = &$kept;)+)?
                    store.$method($($arg),*)
                })
            })*
        })*
    };
}

// What is lent to a call is kept until the layer makes it.
layered! {
    Processes {
        Register = register() -> OwnerId;
        Renew = renew(owner: OwnerId) -> bool;
        Heartbeats = heartbeats() -> Vec<Heartbeat>;
        Retire = retire(owner: OwnerId, now: Timestamp) -> ();
        TakeOver = take_over(dead: Vec<Heartbeat>, now: Timestamp) -> Freed;
    }
    Journal {
        Admit = admit(admission: Admission) -> Admitted;
        Judge = judge(conditions: Conditions, routes: Vec<Route>, now: Timestamp) -> Judged;
        Settle = settle(settlement: Settlement) -> Settled;
        Reroute = reroute(change: Reroute) -> Rerouted;
        Used = used(counter: &str) keeps counter -> u64;
        Prune = prune(retention: Retention, after: Option<Cursor>) -> Pruned;
        Sweep = sweep(now: Timestamp, after: Option<SweepCursor>) -> Option<SweepCursor>;
    }
    Jobs {
        Claim = claim(claim: Claim) -> Vec<Claimed>;
        NextDue = next_due(providers: &[ProviderName]) keeps providers -> Option<Timestamp>;
        Owned = owned(owner: OwnerId, after: Seq, limit: usize) -> Vec<Hold>;
        Free = free(holds: Vec<Hold>, now: Timestamp) -> Freed;
        Hasten = hasten(hasten: Hasten) -> usize;
        OpenShares = open_shares(due: Timestamp) -> Vec<OpenShare>;
    }
    Flows {
        Advance = advance(advance: Advance) -> Advanced;
        ClaimFlows = claim_flows(claim: FlowClaim) -> Vec<Flow>;
        NextFlowDue = next_flow_due(kinds: &[Arc<str>]) keeps kinds -> Option<Timestamp>;
        HastenFlows = hasten_flows(hasten: FlowHasten) -> Option<Timestamp>;
        OwnedFlows = owned_flows(owner: OwnerId, after: Option<FlowKey>, limit: usize) -> Vec<FlowHold>;
        FreeFlows = free_flows(holds: Vec<FlowHold>) -> usize;
        ActionForStep = action_for_step(scope: &Scope, id: &ActionId) keeps scope, id -> Option<Record>;
        FlowForStep = flow_for_step(key: &FlowKey) keeps key -> Option<Flow>;
        Flow = flow(key: &FlowKey) keeps key -> Option<Flow>;
        Flows = flows(filter: FlowFilter) -> FlowPage;
        CountFlows = count_flows(filter: FlowFilter) -> usize;
        FlowCounts = flow_counts() -> Vec<FlowCount>;
    }
    History {
        Records = records(seqs: Vec<Seq>) -> Vec<Record>;
        FirstRecords = first_records(seqs: Vec<Seq>) -> (Vec<Record>, usize);
        Find = find(scope: &Scope, id: &ActionId) keeps scope, id -> Vec<Record>;
        History = history(filter: HistoryFilter, page: PageRequest) -> HistoryPage;
        Newest = newest() -> Seq;
        Coverage = coverage(filter: HistoryFilter, limit: usize) -> (Vec<CoverageRow>, bool);
        Discard = discard(letters: Vec<Seq>) -> usize;
        CountDead = count_dead(scope: &Scope, limit: usize) keeps scope -> usize;
        RecentSends = recent_sends(since: Timestamp, before: Option<Cursor>, limit: usize) -> RecentSends;
        DeadShares = dead_shares(limit: usize) -> Vec<DeadShare>;
        Scheduled = scheduled(request: ScheduledRequest) -> ScheduledPage;
        OutcomesOf = outcomes_of(seqs: Vec<Seq>) -> Vec<SettledOutcome>;
    }
    Events {
        Events = events(after: EventPosition, limit: usize) -> EventsPage;
        NewestEvent = newest_event() -> EventId;
        OldestEvent = oldest_event() -> EventPosition;
        HasEvent = has_event(id: EventId) -> bool;
        PruneEvents = prune_events(kept: EventsKept) -> usize;
    }
    Documents {
        Documents = documents(kind: DocumentKind) -> Vec<Document>;
        Document = document(kind: DocumentKind, id: &str) keeps id -> Option<Document>;
        DocumentsSince = documents_since(known: i64) -> DocumentChanges;
        PutDocument = put_document(document: Document) -> Put;
        DeleteDocument = delete_document(kind: DocumentKind, id: &str, version: Option<i64>) keeps id -> bool;
        DocumentsChanged = documents_changed(known: i64) -> i64;
    }
    Notes {
        PutNote = put_note(name: &str, text: &str, until: Timestamp) keeps name, text -> ();
        Note = note(name: &str, now: Timestamp) keeps name -> Option<String>;
        SwapNote = swap_note(swap: NoteSwap) -> bool;
    }
}

impl<L: Layer> Engine for Layered<L> {
    fn wakeups(&self) -> BoxFuture<'_, Wakeup> {
        self.0.store().wakeups()
    }

    fn events_written(&self) -> BoxFuture<'_, ()> {
        self.0.store().events_written()
    }

    fn ended(&self) -> BoxFuture<'_, StoreError> {
        self.0.store().ended()
    }

    fn stalled(&self) -> Duration {
        self.0.store().stalled()
    }

    fn damage(&self) -> Option<Damage> {
        self.0.store().damage()
    }

    fn is_busy(&self) -> bool {
        self.0.store().is_busy()
    }

    fn is_shared(&self) -> bool {
        self.0.is_shared()
    }

    fn open_count(&self) -> usize {
        self.0.store().open_count()
    }
}
