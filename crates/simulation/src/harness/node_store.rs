//! A node's way to the shared store, which can be cut.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use acteon_core::{ActionId, Timestamp};
use acteon_store::{
    Admission, Admitted, Claim, DeadLetterPage, Fence, Later, OwnerId, Record, Scope, Seq, Settled, Settlement, SqliteStore, Store,
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

    fn dead_letters(&self, scope: &Scope, before: Option<Seq>, limit: usize) -> Later<'_, DeadLetterPage> {
        self.alive(|store| store.dead_letters(scope, before, limit))
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
