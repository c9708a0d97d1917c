//! Answers of the store that come so late that the gateway looks for forgotten rows meanwhile.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Action, Caller, Origin, ProviderName, Scope};
use acteon_gateway::{Gateway, GatewayOptions, Parts, Registry, Wait};
use acteon_rules::RuleSet;
use acteon_simulation::harness::SeededEntropy;
use acteon_store::{Later, Layer, Layered, MemoryStore, Store, StoreCall};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::faults::Service;
use super::lanes::{NoObserver, Time};

/// Longer than two looks for forgotten rows are apart.
const LATE: Duration = Duration::from_secs(150);

/// Does one kind of call at once, and answers it late.
struct Slow {
    store: Arc<dyn Store>,
    call: StoreCall,
}

impl Layer for Slow {
    fn store(&self) -> &dyn Store {
        &*self.store
    }

    fn around<'a, T: Send + 'a>(&'a self, call: StoreCall, work: impl FnOnce(&'a dyn Store) -> Later<'a, T> + Send + 'a) -> Later<'a, T> {
        let answer = work(&*self.store);
        if call != self.call {
            return answer;
        }
        Box::pin(async move {
            let answer = answer.await;
            sleep(LATE).await;
            answer
        })
    }
}

/// A row that is on its way into memory is not taken for forgotten, however long that takes.
#[tokio::test(start_paused = true)]
async fn a_row_whose_admission_or_claim_is_answered_late_is_sent_once() {
    for (call, id) in [(StoreCall::Admit, "a"), (StoreCall::Claim, "retried")] {
        let service = Arc::new(Service::default());
        let mut registry = Registry::default();
        registry.add(ProviderName::parse("p").expect("a name"), Arc::clone(&service) as Arc<_>).expect("a provider");
        let mut options = GatewayOptions::default();
        options.retry.max_quick = 0;
        let parts = Parts {
            store: Arc::new(Layered(Slow { store: Arc::new(MemoryStore::default()), call })),
            clock: Arc::new(Time(Instant::now())),
            entropy: Arc::new(SeededEntropy::new(7)),
            observer: Arc::new(NoObserver),
            registry,
            rules: RuleSet::default(),
            options,
        };
        let gateway = Gateway::start(parts).await.expect("a gateway");
        let action = json!({ "id": id, "namespace": "n", "tenant": "t", "provider": "p", "action_type": "x", "payload": {},
            "created_at": "2026-01-01T00:00:00Z" });
        let action: Action = serde_json::from_value(action).expect("an action");
        drop(gateway.dispatch(action.clone(), Origin::Api, Caller::anonymous(), Wait::ForCommit).await);
        sleep(Duration::from_mins(20)).await;
        let found = gateway.find(&Scope::everything(), &action.id).await.expect("a look").pop().expect("it is there");
        assert_eq!((found.state, found.possible_duplicate, found.takeovers), ("done", false, 0), "{call:?}");
        assert_eq!(service.arrived.lock().expect("a list").get(id), Some(&1), "{call:?}");
    }
}
