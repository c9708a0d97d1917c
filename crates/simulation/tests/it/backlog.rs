//! What is owed and what failed for good, as monitoring is told of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use acteon_core::{Action, BoxFuture, Caller, Origin, ProviderName};
use acteon_gateway::{Backlog, Gateway, GatewayOptions, Parts, Registry, Wait};
use acteon_rules::RuleSet;
use acteon_simulation::harness::{FailingProvider, SeededEntropy};
use acteon_store::{Layer, Layered, MemoryStore, Store, StoreCall, StoreError};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::lanes::{NoObserver, Time};

/// How long a count of dead letters takes.
const COUNT: Duration = Duration::from_secs(4);

/// A store with very many dead letters, whose flows cannot be counted.
struct Slow {
    store: MemoryStore,
    counts: Arc<AtomicUsize>,
}

impl Layer for Slow {
    fn store(&self) -> &dyn Store {
        &self.store
    }

    fn around<'a, T: Send + 'a>(
        &'a self,
        call: StoreCall,
        work: impl FnOnce(&'a dyn Store) -> BoxFuture<'a, Result<T, StoreError>> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, StoreError>> {
        if call == StoreCall::FlowCounts {
            return Box::pin(async { Err(StoreError::Busy) });
        }
        if call != StoreCall::DeadShares {
            return work(&self.store);
        }
        self.counts.fetch_add(1, Ordering::SeqCst);
        Box::pin(async {
            sleep(COUNT).await;
            work(&self.store).await
        })
    }
}

fn dead(backlog: &Backlog) -> usize {
    backlog.dead.iter().map(|share| share.count).sum()
}

#[tokio::test(start_paused = true)]
async fn a_count_that_takes_long_is_told_once_it_is_there_and_seldom_made() {
    let counts = Arc::new(AtomicUsize::new(0));
    let mut registry = Registry::default();
    registry
        .add(
            ProviderName::parse("p").expect("a name"),
            Arc::new(FailingProvider::execution_failed()),
        )
        .expect("a provider");
    let parts = Parts {
        store: Arc::new(Layered(Slow {
            store: MemoryStore::default(),
            counts: Arc::clone(&counts),
        })),
        clock: Arc::new(Time(Instant::now())),
        entropy: Arc::new(SeededEntropy::new(7)),
        observer: Arc::new(NoObserver),
        registry,
        rules: RuleSet::default(),
        options: GatewayOptions::default(),
    };
    let gateway = Gateway::start(parts).await.expect("a gateway");
    let action = json!({ "id": "a", "namespace": "n", "tenant": "t", "provider": "p", "action_type": "x", "payload": {},
        "created_at": "2026-01-01T00:00:00Z" });
    let action: Action = serde_json::from_value(action).expect("an action");
    gateway
        .dispatch(
            action,
            Origin::Api,
            Caller::anonymous(),
            Wait::ForOutcome(Duration::from_secs(30)),
        )
        .await
        .expect("an answer");
    let began = Instant::now();
    assert_eq!(dead(&*gateway.backlog().await), 0, "nothing is known yet");
    assert!(
        began.elapsed() < COUNT,
        "nobody waits for all of a long count: {:?}",
        began.elapsed()
    );
    sleep(COUNT).await;
    let began = Instant::now();
    assert_eq!(
        (dead(&*gateway.backlog().await), began.elapsed()),
        (1, Duration::ZERO)
    );
    sleep(COUNT * 40).await;
    gateway.backlog().await;
    assert_eq!(
        counts.load(Ordering::SeqCst),
        1,
        "it is a small part of what the store does"
    );
    sleep(COUNT * 11).await;
    gateway.backlog().await;
    assert_eq!(counts.load(Ordering::SeqCst), 2);
}
