//! Something between whoever uses a store and the store: what is done around every call, whichever it is.
//!
//! A [`Layer`] says once what it does around a call, and [`Layered`] does it around all of them. [`StoreCall`] lists the calls, so that what
//! must hold for each of them can be tried on each of them.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{ActionId, BoxFuture, ProviderName, Scope, Timestamp};

use crate::StoreError;
use crate::document::{Document, DocumentChanges, DocumentKind, Put};
use crate::gate::{Conditions, Judged};
use crate::history::{Cursor, Glance, HistoryFilter, HistoryPage, PageRequest};
use crate::model::{
    Admission, Admitted, Beat, Claim, Claimed, Freed, Hasten, Hold, OwnerId, RecentSends, Record,
    Reroute, Rerouted, Seq, Settled, Settlement, Way,
};
use crate::retention::{Pruned, Retention, SweepCursor};
use crate::shares::{DeadShare, OpenShare};
use crate::store::{Damage, Later, NewsOf, Store};

macro_rules! store_calls {
    ($($variant:ident = $word:literal),* $(,)?) => {
        /// A call of [`Store`] that may fail.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum StoreCall {
            $(#[doc = concat!("`", $word, "`.")] $variant),*
        }

        impl StoreCall {
            /// Every call.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The method's name.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),*
                }
            }
        }
    };
}

store_calls! {
    Register = "register",
    Renew = "renew",
    Beats = "beats",
    Retire = "retire",
    TakeOver = "take_over",
    Admit = "admit",
    Judge = "judge",
    Settle = "settle",
    Reroute = "reroute",
    Hasten = "hasten",
    Claim = "claim",
    NextDue = "next_due",
    Owned = "owned",
    Free = "free",
    Records = "records",
    Find = "find",
    History = "history",
    Newest = "newest",
    Glance = "glance",
    Discard = "discard",
    CountDead = "count_dead",
    RecentSends = "recent_sends",
    Documents = "documents",
    Document = "document",
    DocumentsSince = "documents_since",
    PutDocument = "put_document",
    DeleteDocument = "delete_document",
    DocumentsChanged = "documents_changed",
    Used = "used",
    Prune = "prune",
    Sweep = "sweep",
    PutNote = "put_note",
    Note = "note",
    SwapNote = "swap_note",
    OpenShares = "open_shares",
    DeadShares = "dead_shares",
    OutcomesOf = "outcomes_of",
}

/// What is done around every call of a store.
pub trait Layer: Send + Sync {
    /// The store below.
    fn store(&self) -> &dyn Store;

    /// Whether other processes may work on the store, as it says itself unless the layer says otherwise.
    fn is_shared(&self) -> bool {
        self.store().is_shared()
    }

    /// Does `work` on the store below, or fails.
    fn around<'a, T: Send + 'a>(
        &'a self,
        call: StoreCall,
        work: impl FnOnce(&'a dyn Store) -> Later<'a, T> + Send + 'a,
    ) -> Later<'a, T>;
}

/// A store with a layer around it.
pub struct Layered<L>(pub L);

impl<L: Layer> Store for Layered<L> {
    fn register(&self) -> Later<'_, OwnerId> {
        self.0.around(StoreCall::Register, |store| store.register())
    }

    fn renew(&self, owner: OwnerId) -> Later<'_, bool> {
        self.0
            .around(StoreCall::Renew, move |store| store.renew(owner))
    }

    fn beats(&self) -> Later<'_, Vec<Beat>> {
        self.0.around(StoreCall::Beats, |store| store.beats())
    }

    fn retire(&self, owner: OwnerId, now: Timestamp) -> Later<'_, ()> {
        self.0
            .around(StoreCall::Retire, move |store| store.retire(owner, now))
    }

    fn take_over(&self, dead: Vec<Beat>, now: Timestamp) -> Later<'_, Freed> {
        self.0
            .around(StoreCall::TakeOver, move |store| store.take_over(dead, now))
    }

    fn admit(&self, admission: Admission) -> Later<'_, Admitted> {
        self.0
            .around(StoreCall::Admit, move |store| store.admit(admission))
    }

    fn judge(&self, conditions: Conditions, ways: Vec<Way>, now: Timestamp) -> Later<'_, Judged> {
        self.0.around(StoreCall::Judge, move |store| {
            store.judge(conditions, ways, now)
        })
    }

    fn settle(&self, settlement: Settlement) -> Later<'_, Settled> {
        self.0
            .around(StoreCall::Settle, move |store| store.settle(settlement))
    }

    fn reroute(&self, change: Reroute) -> Later<'_, Rerouted> {
        self.0
            .around(StoreCall::Reroute, move |store| store.reroute(change))
    }

    fn hasten(&self, hasten: Hasten) -> Later<'_, usize> {
        self.0
            .around(StoreCall::Hasten, move |store| store.hasten(hasten))
    }

    fn claim(&self, claim: Claim) -> Later<'_, Vec<Claimed>> {
        self.0
            .around(StoreCall::Claim, move |store| store.claim(claim))
    }

    fn next_due(&self, providers: &[ProviderName]) -> Later<'_, Option<Timestamp>> {
        let providers = providers.to_vec();
        self.0
            .around(StoreCall::NextDue, move |store| store.next_due(&providers))
    }

    fn owned(&self, owner: OwnerId, after: Seq, limit: usize) -> Later<'_, Vec<Hold>> {
        self.0.around(StoreCall::Owned, move |store| {
            store.owned(owner, after, limit)
        })
    }

    fn free(&self, holds: Vec<Hold>, now: Timestamp) -> Later<'_, Freed> {
        self.0
            .around(StoreCall::Free, move |store| store.free(holds, now))
    }

    fn records(&self, seqs: Vec<Seq>) -> Later<'_, Vec<Record>> {
        self.0
            .around(StoreCall::Records, move |store| store.records(seqs))
    }

    fn find(&self, scope: &Scope, id: &ActionId) -> Later<'_, Vec<Record>> {
        let (scope, id) = (scope.clone(), id.clone());
        self.0
            .around(StoreCall::Find, move |store| store.find(&scope, &id))
    }

    fn history(&self, filter: HistoryFilter, page: PageRequest) -> Later<'_, HistoryPage> {
        self.0
            .around(StoreCall::History, move |store| store.history(filter, page))
    }

    fn newest(&self) -> Later<'_, Seq> {
        self.0.around(StoreCall::Newest, |store| store.newest())
    }

    fn glance(&self, filter: HistoryFilter, limit: usize) -> Later<'_, (Vec<Glance>, bool)> {
        self.0
            .around(StoreCall::Glance, move |store| store.glance(filter, limit))
    }

    fn discard(&self, letters: Vec<Seq>) -> Later<'_, usize> {
        self.0
            .around(StoreCall::Discard, move |store| store.discard(letters))
    }

    fn count_dead(&self, scope: &Scope, limit: usize) -> Later<'_, usize> {
        let scope = scope.clone();
        self.0.around(StoreCall::CountDead, move |store| {
            store.count_dead(&scope, limit)
        })
    }

    fn recent_sends(
        &self,
        since: Timestamp,
        before: Option<Cursor>,
        limit: usize,
    ) -> Later<'_, RecentSends> {
        self.0.around(StoreCall::RecentSends, move |store| {
            store.recent_sends(since, before, limit)
        })
    }

    fn documents(&self, kind: DocumentKind) -> Later<'_, Vec<Document>> {
        self.0
            .around(StoreCall::Documents, move |store| store.documents(kind))
    }

    fn document(&self, kind: DocumentKind, id: &str) -> Later<'_, Option<Document>> {
        let id = id.to_owned();
        self.0
            .around(StoreCall::Document, move |store| store.document(kind, &id))
    }

    fn documents_since(&self, known: i64) -> Later<'_, DocumentChanges> {
        self.0.around(StoreCall::DocumentsSince, move |store| {
            store.documents_since(known)
        })
    }

    fn put_document(&self, document: Document) -> Later<'_, Put> {
        self.0.around(StoreCall::PutDocument, move |store| {
            store.put_document(document)
        })
    }

    fn delete_document(
        &self,
        kind: DocumentKind,
        id: &str,
        version: Option<i64>,
    ) -> Later<'_, bool> {
        let id = id.to_owned();
        self.0.around(StoreCall::DeleteDocument, move |store| {
            store.delete_document(kind, &id, version)
        })
    }

    fn documents_changed(&self, known: i64) -> Later<'_, i64> {
        self.0.around(StoreCall::DocumentsChanged, move |store| {
            store.documents_changed(known)
        })
    }

    fn used(&self, counter: &str) -> Later<'_, u64> {
        let counter = counter.to_owned();
        self.0
            .around(StoreCall::Used, move |store| store.used(&counter))
    }

    fn prune(&self, retention: Retention, after: Option<Cursor>) -> Later<'_, Pruned> {
        self.0
            .around(StoreCall::Prune, move |store| store.prune(retention, after))
    }

    fn sweep(&self, now: Timestamp, after: Option<SweepCursor>) -> Later<'_, Option<SweepCursor>> {
        self.0
            .around(StoreCall::Sweep, move |store| store.sweep(now, after))
    }

    fn put_note(&self, name: &str, text: &str, until: Timestamp) -> Later<'_, ()> {
        let (name, text) = (name.to_owned(), text.to_owned());
        self.0.around(StoreCall::PutNote, move |store| {
            store.put_note(&name, &text, until)
        })
    }

    fn note(&self, name: &str, now: Timestamp) -> Later<'_, Option<String>> {
        let name = name.to_owned();
        self.0
            .around(StoreCall::Note, move |store| store.note(&name, now))
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
        self.0.around(StoreCall::SwapNote, move |store| {
            store.swap_note(&name, expected.as_deref(), &text, now, until)
        })
    }

    fn news(&self) -> BoxFuture<'_, NewsOf> {
        self.0.store().news()
    }

    fn ended(&self) -> BoxFuture<'_, StoreError> {
        self.0.store().ended()
    }

    fn is_shared(&self) -> bool {
        self.0.is_shared()
    }

    fn stalled(&self) -> Duration {
        self.0.store().stalled()
    }

    fn damage(&self) -> Option<Damage> {
        self.0.store().damage()
    }

    fn open_shares(&self, due: Timestamp) -> Later<'_, Vec<OpenShare>> {
        self.0
            .around(StoreCall::OpenShares, move |store| store.open_shares(due))
    }

    fn dead_shares(&self, limit: usize) -> Later<'_, Vec<DeadShare>> {
        self.0
            .around(StoreCall::DeadShares, move |store| store.dead_shares(limit))
    }

    fn outcomes_of(&self, seqs: Vec<Seq>) -> Later<'_, Vec<(Seq, Arc<str>)>> {
        self.0
            .around(StoreCall::OutcomesOf, move |store| store.outcomes_of(seqs))
    }

    fn is_busy(&self) -> bool {
        self.0.store().is_busy()
    }

    fn open_count(&self) -> usize {
        self.0.store().open_count()
    }
}
