//! Answers of the store that come so late that the gateway looks for forgotten rows meanwhile.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Action, BoxFuture, Budget, Caller, Origin, ProviderName, Scope};
use acteon_gateway::{Gateway, GatewayOptions, Parts, Registry, Wait};
use acteon_rules::RuleSet;
use acteon_simulation::harness::{Fails, FaultSwitch, SeededEntropy};
use acteon_store::{Layer, Layered, MemoryStore, Processes as _, Store, StoreCall, StoreError};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::faults::Service;
use super::lanes::{self, NoObserver, Time, gateway_on, post};

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

    fn around<'a, T: Send + 'a>(
        &'a self,
        call: StoreCall,
        work: impl FnOnce(&'a dyn Store) -> BoxFuture<'a, Result<T, StoreError>> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, StoreError>> {
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
        registry
            .add(
                ProviderName::parse("p").expect("a name"),
                Arc::clone(&service) as Arc<_>,
            )
            .expect("a provider");
        let mut options = GatewayOptions::default();
        options.retry.max_quick = 0;
        let parts = Parts {
            store: Arc::new(Layered(Slow {
                store: Arc::new(MemoryStore::default()),
                call,
            })),
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
        drop(
            gateway
                .dispatch(
                    action.clone(),
                    Origin::Api,
                    Caller::anonymous(),
                    Wait::ForCommit,
                )
                .await,
        );
        sleep(Duration::from_mins(20)).await;
        let found = gateway
            .find(&Scope::everything(), &action.id)
            .await
            .expect("a look")
            .pop()
            .expect("it is there");
        assert_eq!(
            (found.state, found.possible_duplicate, found.takeovers),
            ("done", false, 0),
            "{call:?}"
        );
        assert_eq!(
            service.arrived.lock().expect("a list").get(id),
            Some(&1),
            "{call:?}"
        );
    }
}

/// A take-over that has no end keeps a gateway from no look at the others: it goes on sharing with those that come.
#[tokio::test(start_paused = true)]
async fn a_take_over_that_hangs_keeps_no_look_at_the_others_back() {
    let budget = Budget {
        per_minute: 30,
        per_hour: 1000,
    };
    let service = lanes::Service::with_budget(10_000, Some(budget));
    let (store, switch) = (Arc::new(MemoryStore::default()), FaultSwitch::default());
    switch.fail(StoreCall::TakeOver, Fails::Hangs);
    store.register().await.expect("a process that dies");
    let first = gateway_on(switch.around(Arc::clone(&store) as Arc<_>), &service, None).await;
    sleep(Duration::from_mins(2)).await;
    assert_eq!(switch.failed(StoreCall::TakeOver), 1);
    let second = gateway_on(store, &service, None).await;
    sleep(Duration::from_secs(30)).await;
    for number in 0..60 {
        post(&first, &format!("a{number}"), "all").await;
        post(&second, &format!("b{number}"), "all").await;
    }
    sleep(Duration::from_secs(50)).await;
    let arrived = service.arrived().len();
    assert!((1..=30).contains(&arrived), "{arrived} within a minute");
}
