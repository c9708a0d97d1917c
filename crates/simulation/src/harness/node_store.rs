//! A node's way to the shared store, which can be cut.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};

use acteon_core::{ActionId, BoxFuture, ProviderName, Scope, Timestamp};
use acteon_store::{
    Admission, Admitted, Beat, Claim, Claimed, Conditions, Cursor, DeadShare, Document,
    DocumentChanges, DocumentKind, Freed, Glance, Hasten, HistoryFilter, HistoryPage, Hold, Judged,
    Later, NewsOf, OpenShare, OwnerId, PageRequest, Pruned, Put, RecentSends, Record, Reroute,
    Rerouted, Retention, Seq, Settled, Settlement, Store, StoreError, SweepCursor, Way,
};

/// The shared store, until the node is killed: then every call waits for ever.
pub(crate) struct NodeStore {
    store: Arc<dyn Store>,
    dead: AtomicBool,
    /// Calls of all nodes that are under way.
    under_way: Arc<AtomicUsize>,
    faults: Option<Arc<dyn StoreFaults>>,
    /// Who the node was registered as last.
    owner: AtomicI64,
}

/// What a call to the store may be worth to a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// It may fail, but not have been done: the engine finds out what came of it.
    Resolved,
    /// It may have been done when it fails.
    Repeatable,
}

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// It fails, and was not done.
    Before,
    /// It was done, and fails.
    After,
}

/// Decides what happens to a node's calls to the store, and when.
pub(crate) trait StoreFaults: Send + Sync {
    /// Waits for as long as the call is held up.
    fn meet(&self, call: Call) -> BoxFuture<'_, Fault>;
}

struct UnderWay<'a>(&'a AtomicUsize);

impl<'a> UnderWay<'a> {
    fn begin(under_way: &'a AtomicUsize) -> Self {
        under_way.fetch_add(1, Ordering::SeqCst);
        Self(under_way)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl NodeStore {
    pub(crate) fn new(store: Arc<dyn Store>, under_way: Arc<AtomicUsize>) -> Self {
        Self {
            store,
            dead: AtomicBool::new(false),
            under_way,
            faults: None,
            owner: AtomicI64::new(0),
        }
    }

    pub(crate) fn with_faults(store: Arc<dyn Store>, faults: Arc<dyn StoreFaults>) -> Self {
        Self {
            faults: Some(faults),
            ..Self::new(store, Arc::default())
        }
    }

    /// Who the node was registered as last.
    pub(crate) fn owner(&self) -> OwnerId {
        OwnerId(self.owner.load(Ordering::SeqCst))
    }

    pub(crate) fn kill(&self) {
        self.dead.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }

    /// A call that neither begins nor ends once the node is dead, and that may meet a fault on its way.
    fn alive<'a, T: Send + 'a>(
        &'a self,
        kind: Call,
        call: impl FnOnce(&'a dyn Store) -> Later<'a, T> + Send + 'a,
    ) -> Later<'a, T> {
        let under_way = UnderWay::begin(&self.under_way);
        Box::pin(async move {
            let fault = match &self.faults {
                Some(faults) => faults.meet(kind).await,
                None => Fault::None,
            };
            if self.is_dead() {
                drop(under_way);
                return std::future::pending().await;
            }
            let result = match fault {
                Fault::Before => Err(away()),
                Fault::After => call(&*self.store).await.and_then(|_| Err(away())),
                Fault::None => call(&*self.store).await,
            };
            drop(under_way);
            if self.is_dead() {
                std::future::pending().await
            } else {
                result
            }
        })
    }
}

fn away() -> StoreError {
    StoreError::Away("simulated".into())
}

impl Store for NodeStore {
    fn register(&self) -> Later<'_, OwnerId> {
        self.alive(Call::Resolved, move |store| {
            Box::pin(async move {
                let owner = store.register().await?;
                self.owner.store(owner.0, Ordering::SeqCst);
                Ok(owner)
            })
        })
    }

    fn renew(&self, owner: OwnerId) -> Later<'_, bool> {
        self.alive(Call::Repeatable, move |store| store.renew(owner))
    }

    fn beats(&self) -> Later<'_, Vec<Beat>> {
        self.alive(Call::Repeatable, move |store| store.beats())
    }

    fn retire(&self, owner: OwnerId, now: Timestamp) -> Later<'_, ()> {
        self.alive(Call::Resolved, move |store| store.retire(owner, now))
    }

    fn take_over(&self, dead: Vec<Beat>, now: Timestamp) -> Later<'_, Freed> {
        self.alive(Call::Repeatable, move |store| store.take_over(dead, now))
    }

    fn owned(&self, owner: OwnerId, after: Seq, limit: usize) -> Later<'_, Vec<Hold>> {
        self.alive(Call::Repeatable, move |store| {
            store.owned(owner, after, limit)
        })
    }

    fn free(&self, holds: Vec<Hold>, now: Timestamp) -> Later<'_, Freed> {
        self.alive(Call::Repeatable, move |store| store.free(holds, now))
    }

    fn admit(&self, admission: Admission) -> Later<'_, Admitted> {
        self.alive(Call::Resolved, move |store| store.admit(admission))
    }

    fn settle(&self, settlement: Settlement) -> Later<'_, Settled> {
        self.alive(Call::Repeatable, move |store| store.settle(settlement))
    }

    fn reroute(&self, change: Reroute) -> Later<'_, Rerouted> {
        self.alive(Call::Resolved, move |store| store.reroute(change))
    }

    fn hasten(&self, hasten: Hasten) -> Later<'_, usize> {
        self.alive(Call::Repeatable, move |store| store.hasten(hasten))
    }

    fn claim(&self, claim: Claim) -> Later<'_, Vec<Claimed>> {
        self.alive(Call::Resolved, move |store| store.claim(claim))
    }

    fn next_due(&self, providers: &[ProviderName]) -> Later<'_, Option<Timestamp>> {
        let providers = providers.to_vec();
        self.alive(Call::Repeatable, move |store| {
            Box::pin(async move { store.next_due(&providers).await })
        })
    }

    fn records(&self, seqs: Vec<Seq>) -> Later<'_, Vec<Record>> {
        self.alive(Call::Repeatable, move |store| store.records(seqs))
    }

    fn find(&self, scope: &Scope, id: &ActionId) -> Later<'_, Vec<Record>> {
        let (scope, id) = (scope.clone(), id.clone());
        self.alive(Call::Repeatable, move |store| {
            Box::pin(async move { store.find(&scope, &id).await })
        })
    }

    fn judge(&self, conditions: Conditions, ways: Vec<Way>, now: Timestamp) -> Later<'_, Judged> {
        self.alive(Call::Repeatable, move |store| {
            store.judge(conditions, ways, now)
        })
    }

    fn history(&self, filter: HistoryFilter, page: PageRequest) -> Later<'_, HistoryPage> {
        self.alive(Call::Repeatable, move |store| store.history(filter, page))
    }

    fn newest(&self) -> Later<'_, Seq> {
        self.alive(Call::Repeatable, |store| store.newest())
    }

    fn glance(&self, filter: HistoryFilter, limit: usize) -> Later<'_, (Vec<Glance>, bool)> {
        self.alive(Call::Repeatable, move |store| store.glance(filter, limit))
    }

    fn discard(&self, letters: Vec<Seq>) -> Later<'_, usize> {
        self.alive(Call::Resolved, move |store| store.discard(letters))
    }

    fn count_dead(&self, scope: &Scope, limit: usize) -> Later<'_, usize> {
        let scope = scope.clone();
        self.alive(Call::Repeatable, move |store| {
            Box::pin(async move { store.count_dead(&scope, limit).await })
        })
    }

    fn documents(&self, kind: DocumentKind) -> Later<'_, Vec<Document>> {
        self.alive(Call::Repeatable, move |store| store.documents(kind))
    }

    fn document(&self, kind: DocumentKind, id: &str) -> Later<'_, Option<Document>> {
        let id = id.to_owned();
        self.alive(Call::Repeatable, move |store| store.document(kind, &id))
    }

    fn documents_since(&self, known: i64) -> Later<'_, DocumentChanges> {
        self.alive(Call::Repeatable, move |store| store.documents_since(known))
    }

    fn put_document(&self, document: Document) -> Later<'_, Put> {
        self.alive(Call::Resolved, move |store| store.put_document(document))
    }

    fn delete_document(
        &self,
        kind: DocumentKind,
        id: &str,
        version: Option<i64>,
    ) -> Later<'_, bool> {
        let id = id.to_owned();
        self.alive(Call::Resolved, move |store| {
            Box::pin(async move { store.delete_document(kind, &id, version).await })
        })
    }

    fn documents_changed(&self, known: i64) -> Later<'_, i64> {
        if self.is_dead() {
            return Box::pin(std::future::pending());
        }
        // Waits for as long as nothing changes.
        self.store.documents_changed(known)
    }

    fn used(&self, counter: &str) -> Later<'_, u64> {
        let counter = counter.to_owned();
        self.alive(Call::Repeatable, move |store| {
            Box::pin(async move { store.used(&counter).await })
        })
    }

    fn prune(&self, retention: Retention, after: Option<Cursor>) -> Later<'_, Pruned> {
        self.alive(Call::Repeatable, move |store| store.prune(retention, after))
    }

    fn sweep(&self, now: Timestamp, after: Option<SweepCursor>) -> Later<'_, Option<SweepCursor>> {
        self.alive(Call::Repeatable, move |store| store.sweep(now, after))
    }

    fn recent_sends(
        &self,
        since: Timestamp,
        before: Option<Cursor>,
        limit: usize,
    ) -> Later<'_, RecentSends> {
        self.alive(Call::Repeatable, move |store| {
            store.recent_sends(since, before, limit)
        })
    }

    fn put_note(&self, name: &str, text: &str, until: Timestamp) -> Later<'_, ()> {
        let (name, text) = (name.to_owned(), text.to_owned());
        self.alive(Call::Repeatable, move |store| {
            Box::pin(async move { store.put_note(&name, &text, until).await })
        })
    }

    fn note(&self, name: &str, now: Timestamp) -> Later<'_, Option<String>> {
        let name = name.to_owned();
        self.alive(Call::Repeatable, move |store| {
            Box::pin(async move { store.note(&name, now).await })
        })
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
        self.alive(Call::Resolved, move |store| {
            Box::pin(async move {
                store
                    .swap_note(&name, expected.as_deref(), &text, now, until)
                    .await
            })
        })
    }

    fn ended(&self) -> BoxFuture<'_, StoreError> {
        self.store.ended()
    }

    fn news(&self) -> BoxFuture<'_, NewsOf> {
        self.store.news()
    }

    fn is_busy(&self) -> bool {
        self.store.is_busy()
    }

    fn is_shared(&self) -> bool {
        self.store.is_shared()
    }

    fn open_shares(&self, due: Timestamp) -> Later<'_, Vec<OpenShare>> {
        self.alive(Call::Repeatable, move |store| store.open_shares(due))
    }

    fn dead_shares(&self, limit: usize) -> Later<'_, Vec<DeadShare>> {
        self.alive(Call::Repeatable, move |store| store.dead_shares(limit))
    }

    fn outcomes_of(&self, seqs: Vec<Seq>) -> Later<'_, Vec<(Seq, Arc<str>)>> {
        self.alive(Call::Repeatable, move |store| store.outcomes_of(seqs))
    }

    fn open_count(&self) -> usize {
        self.store.open_count()
    }
}
