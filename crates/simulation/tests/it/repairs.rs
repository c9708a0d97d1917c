//! A provider that people must repair, on several gateways, in time that jumps.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acteon_core::{
    Action, BoxFuture, ErrorKind, Health, Lane, LaneLimits, Outcome, Prepared, Provider,
    ProviderError, ProviderName, Response, Timestamp,
};
use acteon_gateway::{
    BreakerPolicy, Breakers, Gateway, GatewayOptions, OnRepairable, Parts, Registry, RetryPolicy,
};
use acteon_rules::RuleSet;
use acteon_simulation::harness::{Fails, FaultSwitch, SeededEntropy};
use acteon_store::{MemoryStore, Notes as _, Store, StoreCall};
use tokio::time::{Instant, sleep};

use crate::lanes::{NoObserver, Time, post};

/// Takes nothing until it is mended. Its check finds that out or, as a webhook's, nothing.
#[derive(Default)]
struct Service {
    is_mended: AtomicBool,
    check_finds: bool,
    takes: Duration,
    asked: Mutex<Vec<String>>,
}

impl Service {
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().expect("a list"))
    }

    fn answer(&self) -> Result<(), ProviderError> {
        let wrong = || {
            ProviderError::new(
                ErrorKind::ExecutionFailed,
                "60020 not allow to access from your ip",
            )
            .to_repair()
        };
        self.is_mended
            .load(Ordering::SeqCst)
            .then_some(())
            .ok_or_else(wrong)
    }
}

struct Sender(Arc<Service>);

impl Provider for Sender {
    fn prepare(&self, action: &Action) -> Result<Prepared, ProviderError> {
        Ok(Prepared {
            bytes: action.id.as_str().into(),
            ..Prepared::default()
        })
    }

    fn send<'a>(
        &'a self,
        prepared: &'a Prepared,
    ) -> BoxFuture<'a, Result<Response, ProviderError>> {
        Box::pin(async {
            self.0
                .asked
                .lock()
                .expect("a list")
                .push(String::from_utf8_lossy(&prepared.bytes).into_owned());
            if !self.0.takes.is_zero() {
                sleep(self.0.takes).await;
            }
            self.0.answer()?;
            Ok(Response::success(
                serde_json::value::to_raw_value(&"taken").expect("JSON"),
            ))
        })
    }

    fn health(&self) -> BoxFuture<'_, Result<Health, ProviderError>> {
        let finding = if self.0.check_finds {
            self.0.answer()
        } else {
            Ok(())
        };
        Box::pin(async { finding.map(|()| Health::default()) })
    }

    fn lane(&self) -> Lane {
        Lane {
            name: "service".into(),
            limits: LaneLimits {
                max_concurrency: 1,
                max_per_second: None,
            },
            budget: None,
        }
    }
}

async fn gateway(
    store: &Arc<MemoryStore>,
    service: &Arc<Service>,
    breaker: Option<BreakerPolicy>,
) -> Gateway {
    let mut registry = Registry::default();
    registry
        .add(
            ProviderName::parse("p").expect("a name"),
            Arc::new(Sender(Arc::clone(service))),
        )
        .expect("a provider");
    let retry = RetryPolicy {
        on_repairable: OnRepairable::Hold,
        ..RetryPolicy::default()
    };
    let parts = Parts {
        store: Arc::clone(store) as Arc<dyn Store>,
        clock: Arc::new(Time(Instant::now())),
        entropy: Arc::new(SeededEntropy::new(7)),
        observer: Arc::new(NoObserver),
        registry,
        rules: RuleSet::default(),
        options: GatewayOptions {
            retry,
            breakers: Breakers {
                policy: breaker,
                ..Breakers::default()
            },
            ..GatewayOptions::default()
        },
    };
    Gateway::start(parts).await.expect("a gateway")
}

fn is_held(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Scheduled { .. })
}

#[tokio::test(start_paused = true)]
async fn what_is_held_goes_by_itself_once_a_check_finds_the_provider_mended() {
    for breaker in [None, Some(BreakerPolicy::default())] {
        let service = Arc::new(Service {
            check_finds: true,
            ..Service::default()
        });
        let gateway = gateway(&Arc::default(), &service, breaker).await;
        for id in ["a", "b", "c"] {
            assert!(is_held(&post(&gateway, id, "all").await));
        }
        sleep(Duration::from_mins(30)).await;
        let before = service.asked().len();
        assert!(
            before <= if breaker.is_some() { 100 } else { 3 },
            "nobody asks again and again: {before}"
        );
        assert_eq!(gateway.to_repair().len(), 1);
        service.is_mended.store(true, Ordering::SeqCst);
        sleep(Duration::from_mins(3)).await;
        let mut asked = service.asked();
        assert_eq!(asked.len(), 3, "{asked:?}");
        asked.sort();
        assert_eq!(
            (asked, gateway.to_repair().len()),
            (["a", "b", "c"].map(str::to_owned).to_vec(), 0),
            "{breaker:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn one_gateway_finds_out_for_all_and_a_check_that_finds_nothing_costs_a_call_a_minute() {
    let (store, service) = (Arc::<MemoryStore>::default(), Arc::<Service>::default());
    let (first, second) = (
        gateway(&store, &service, None).await,
        gateway(&store, &service, None).await,
    );
    for id in ["a", "b"] {
        assert!(is_held(&post(&first, id, "all").await));
    }
    sleep(Duration::from_secs(20)).await;
    let needed = second.to_repair();
    assert!(
        needed.len() == 1 && needed[0].1.message.contains("60020"),
        "{needed:?}"
    );
    service.asked();
    sleep(Duration::from_mins(10)).await;
    let asked = service.asked().len();
    assert!(
        (5..=22).contains(&asked),
        "{asked} calls in ten minutes of two gateways"
    );
    service.is_mended.store(true, Ordering::SeqCst);
    // An action of the other gateway shows that it works.
    post(&second, "c", "all").await;
    sleep(Duration::from_secs(30)).await;
    let mut asked = service.asked();
    asked.sort();
    assert_eq!(asked, ["a", "b", "c"]);
    assert!(first.to_repair().is_empty() && second.to_repair().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_moved_to_the_fallback_is_not_ended_but_moved_later() {
    let broken = Arc::new(Service {
        takes: Duration::from_secs(1),
        ..Service::default()
    });
    let spare = Arc::new(Service {
        is_mended: AtomicBool::new(true),
        ..Service::default()
    });
    let [p, q] = ["p", "q"].map(|name| ProviderName::parse(name).expect("a name"));
    let mut registry = Registry::default();
    registry
        .add(p.clone(), Arc::new(Sender(Arc::clone(&broken))))
        .expect("a provider");
    registry
        .add(q.clone(), Arc::new(Sender(Arc::clone(&spare))))
        .expect("a provider");
    let switch = FaultSwitch::default();
    let parts = Parts {
        store: switch.around(Arc::<MemoryStore>::default()),
        clock: Arc::new(Time(Instant::now())),
        entropy: Arc::new(SeededEntropy::new(7)),
        observer: Arc::new(NoObserver),
        registry,
        rules: RuleSet::default(),
        options: GatewayOptions {
            retry: RetryPolicy {
                durable: false,
                ..RetryPolicy::default()
            },
            breakers: Breakers {
                policy: Some(BreakerPolicy::default()),
                fallbacks: [(p, q)].into(),
            },
            ..GatewayOptions::default()
        },
    };
    let gateway = Gateway::start(parts).await.expect("a gateway");
    switch.fail(StoreCall::Reroute, Fails::UntilLifted);
    // The second waits for its turn while the first finds out that the provider is to be repaired.
    for id in ["a", "b"] {
        post(&gateway, id, "all").await;
    }
    sleep(Duration::from_millis(1500)).await;
    assert_eq!(
        (broken.asked(), switch.failed(StoreCall::Reroute)),
        (vec!["a".to_owned()], 2)
    );
    switch.lift();
    sleep(Duration::from_mins(1)).await;
    let mut moved = spare.asked();
    moved.sort();
    assert_eq!(
        (moved, gateway.open_count()),
        (vec!["a".to_owned(), "b".to_owned()], 0)
    );
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_the_health_has_nothing_sent() {
    let service = Arc::<Service>::default();
    let gateway = gateway(&Arc::default(), &service, None).await;
    assert!(is_held(&post(&gateway, "a", "all").await));
    service.asked();
    for _ in 0..4 {
        gateway.health().await;
        sleep(Duration::from_secs(10)).await;
    }
    assert_eq!(
        service.asked(),
        [""; 0],
        "the gateway looks by itself, once a minute"
    );
    sleep(Duration::from_secs(30)).await;
    assert_eq!(service.asked(), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_held_after_another_gateway_looked_goes_when_that_one_tells() {
    let (store, service) = (Arc::<MemoryStore>::default(), Arc::<Service>::default());
    let gateway = gateway(&store, &service, None).await;
    for id in ["a", "b"] {
        assert!(is_held(&post(&gateway, id, "all").await));
    }
    service.asked();
    service.is_mended.store(true, Ordering::SeqCst);
    note(&store, LATER).await;
    sleep(Duration::from_secs(20)).await;
    let mut asked = service.asked();
    asked.sort();
    assert_eq!(
        (asked, gateway.to_repair().len()),
        (["a", "b"].map(str::to_owned).to_vec(), 0)
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_held_before_that_was_told_goes_after_a_start() {
    let (store, service) = (Arc::<MemoryStore>::default(), Arc::<Service>::default());
    let first = gateway(&store, &service, None).await;
    for id in ["a", "b", "c"] {
        assert!(is_held(&post(&first, id, "all").await));
    }
    first.stop(Duration::from_secs(1)).await;
    note(&store, 0).await;
    service.asked();
    service.is_mended.store(true, Ordering::SeqCst);
    let second = gateway(&store, &service, None).await;
    sleep(Duration::from_secs(20)).await;
    assert_eq!(
        (service.asked(), second.to_repair().len()),
        (["a", "b", "c"].map(str::to_owned).to_vec(), 0)
    );
}

/// After all that happens in a test.
const LATER: i64 = 4_102_444_800_000;

/// Tells that the provider needs no repair, since `changed_at`.
async fn note(store: &MemoryStore, changed_at: i64) {
    let text =
        serde_json::json!({ "needed": null, "changed_at": Timestamp::from_millis(changed_at) })
            .to_string();
    store
        .put_note("repair:p", &text, Timestamp::from_millis(LATER))
        .await
        .expect("a note");
}
