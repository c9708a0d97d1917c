//! A node's way to the shared store, which can be cut.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use acteon_core::{ActionId, Scope, Timestamp};
use acteon_store::{
    Admission, Admitted, Claim, Conditions, Document, DocumentKind, Fence, Glance, HistoryFilter, HistoryPage, Judged, Later, OwnerId,
    PageRequest, Put, Record, Retention, Seq, Settled, Settlement, SqliteStore, Store, Way,
};

/// The shared store, until the node is killed: then every call waits for ever.
pub(super) struct NodeStore {
    store: Arc<SqliteStore>,
    dead: AtomicBool,
}

impl NodeStore {
    pub(super) fn new(store: Arc<SqliteStore>) -> Self {
        Self { store, dead: AtomicBool::new(false) }
    }

    pub(super) fn kill(&self) {
        self.dead.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }

    /// A call that neither begins nor ends once the node is dead.
    fn alive<'a, T: Send + 'a>(&'a self, call: impl FnOnce(&'a SqliteStore) -> Later<'a, T>) -> Later<'a, T> {
        if self.is_dead() {
            return Box::pin(std::future::pending());
        }
        let answer = call(&self.store);
        Box::pin(async move {
            let result = answer.await;
            if self.is_dead() { std::future::pending().await } else { result }
        })
    }
}

impl Store for NodeStore {
    fn register(&self, until: Timestamp) -> Later<'_, OwnerId> {
        self.alive(|store| store.register(until))
    }

    fn renew(&self, fence: Fence) -> Later<'_, bool> {
        self.alive(|store| store.renew(fence))
    }

    fn retire(&self, owner: OwnerId, now: Timestamp) -> Later<'_, ()> {
        self.alive(|store| store.retire(owner, now))
    }

    fn take_over(&self, now: Timestamp) -> Later<'_, usize> {
        self.alive(|store| store.take_over(now))
    }

    fn admit(&self, admission: Admission) -> Later<'_, Admitted> {
        self.alive(|store| store.admit(admission))
    }

    fn settle(&self, settlement: Settlement) -> Later<'_, Settled> {
        self.alive(|store| store.settle(settlement))
    }

    fn claim(&self, claim: Claim) -> Later<'_, Vec<Record>> {
        self.alive(|store| store.claim(claim))
    }

    fn next_due(&self, lane: &str) -> Later<'_, Option<Timestamp>> {
        self.alive(|store| store.next_due(lane))
    }

    fn find(&self, scope: &Scope, id: &ActionId) -> Later<'_, Vec<Record>> {
        self.alive(|store| store.find(scope, id))
    }

    fn judge(&self, conditions: Conditions, ways: Vec<Way>, now: Timestamp) -> Later<'_, Judged> {
        self.alive(|store| store.judge(conditions, ways, now))
    }

    fn history(&self, filter: HistoryFilter, page: PageRequest) -> Later<'_, HistoryPage> {
        self.alive(|store| store.history(filter, page))
    }

    fn glance(&self, filter: HistoryFilter, limit: usize) -> Later<'_, (Vec<Glance>, bool)> {
        self.alive(|store| store.glance(filter, limit))
    }

    fn discard(&self, letters: Vec<Seq>) -> Later<'_, usize> {
        self.alive(|store| store.discard(letters))
    }

    fn count_dead(&self, scope: &Scope, limit: usize) -> Later<'_, usize> {
        self.alive(|store| store.count_dead(scope, limit))
    }

    fn documents(&self, kind: DocumentKind) -> Later<'_, Vec<Document>> {
        self.alive(|store| store.documents(kind))
    }

    fn put_document(&self, document: Document) -> Later<'_, Put> {
        self.alive(|store| store.put_document(document))
    }

    fn delete_document(&self, kind: DocumentKind, id: &str) -> Later<'_, bool> {
        self.alive(|store| store.delete_document(kind, id))
    }

    fn documents_changed(&self, known: i64) -> Later<'_, i64> {
        self.alive(|store| store.documents_changed(known))
    }

    fn used(&self, counter: &str) -> Later<'_, u64> {
        self.alive(|store| store.used(counter))
    }

    fn prune(&self, retention: Retention, after: Seq) -> Later<'_, Option<Seq>> {
        self.alive(|store| store.prune(retention, after))
    }

    fn sweep(&self, now: Timestamp) -> Later<'_, ()> {
        self.alive(|store| store.sweep(now))
    }

    fn recently_done(&self, since: Timestamp, limit: usize) -> Later<'_, Vec<Record>> {
        self.alive(|store| store.recently_done(since, limit))
    }

    fn put_note(&self, name: &str, text: &str, until: Timestamp) -> Later<'_, ()> {
        self.alive(|store| store.put_note(name, text, until))
    }

    fn note(&self, name: &str, now: Timestamp) -> Later<'_, Option<String>> {
        self.alive(|store| store.note(name, now))
    }

    fn is_busy(&self) -> bool {
        self.store.is_busy()
    }

    fn open_count(&self) -> usize {
        self.store.open_count()
    }
}
