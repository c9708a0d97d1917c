//! Actions that a quota sends another way: what they hold of the first way's provider, and when they are due on the other.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use acteon_core::{
    Action, BoxFuture, Caller, ErrorKind, Health, Lane, LaneLimits, Origin, Outcome, Prepared,
    Provider, ProviderError, ProviderName, Response, Timestamp,
};
use acteon_gateway::{Gateway, GatewayOptions, OverageSpec, Parts, Quota, Registry, Wait};
use acteon_rules::RuleSet;
use acteon_simulation::harness::SeededEntropy;
use acteon_store::{Layer, Layered, MemoryStore, Overage, Store, StoreCall, StoreError};
use futures_util::future::join_all;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::lanes::{NoObserver, Time};

/// Counts what it takes, or refuses all for an hour.
struct Service {
    lane: &'static str,
    concurrency: usize,
    takes: Duration,
    taken: AtomicUsize,
    is_full: AtomicBool,
}

impl Service {
    fn on(lane: &'static str, concurrency: usize, takes: Duration) -> Arc<Self> {
        Arc::new(Self {
            lane,
            concurrency,
            takes,
            taken: AtomicUsize::new(0),
            is_full: AtomicBool::new(false),
        })
    }

    fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
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
        _prepared: &'a Prepared,
    ) -> BoxFuture<'a, Result<Response, ProviderError>> {
        Box::pin(async {
            sleep(self.0.takes).await;
            if self.0.is_full.load(Ordering::SeqCst) {
                return Err(ProviderError::new(ErrorKind::RateLimited, "full")
                    .retry_after(Duration::from_hours(1)));
            }
            self.0.taken.fetch_add(1, Ordering::SeqCst);
            Ok(Response::success(
                serde_json::value::to_raw_value(&"taken").expect("JSON"),
            ))
        })
    }

    fn health(&self) -> BoxFuture<'_, Result<Health, ProviderError>> {
        Box::pin(async { Ok(Health::default()) })
    }

    fn lane(&self) -> Lane {
        let limits = LaneLimits {
            max_concurrency: self.0.concurrency,
            max_per_second: None,
        };
        Lane {
            name: self.0.lane.into(),
            limits,
            budget: None,
        }
    }
}

/// A store whose commits take a moment, so that many are under way at once.
#[derive(Default)]
struct Slow(MemoryStore);

impl Layer for Slow {
    fn store(&self) -> &dyn Store {
        &self.0
    }

    fn around<'a, T: Send + 'a>(
        &'a self,
        call: StoreCall,
        work: impl FnOnce(&'a dyn Store) -> BoxFuture<'a, Result<T, StoreError>> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, StoreError>> {
        if call != StoreCall::Admit {
            return work(&self.0);
        }
        Box::pin(async {
            sleep(Duration::from_millis(5)).await;
            work(&self.0).await
        })
    }
}

/// A gateway whose provider `p` spills over to `spare` after so many actions.
async fn gateway(p: &Arc<Service>, spare: &Arc<Service>, max_actions: u64) -> Gateway {
    let mut registry = Registry::default();
    for (name, service) in [("p", p), ("spare", spare)] {
        registry
            .add(
                ProviderName::parse(name).expect("a name"),
                Arc::new(Sender(Arc::clone(service))),
            )
            .expect("a provider");
    }
    let parts = Parts {
        store: Arc::new(Layered(Slow::default())),
        clock: Arc::new(Time(Instant::now())),
        entropy: Arc::new(SeededEntropy::new(7)),
        observer: Arc::new(NoObserver),
        registry,
        rules: RuleSet::default(),
        options: GatewayOptions::default(),
    };
    let gateway = Gateway::start(parts).await.expect("a gateway");
    let now = Timestamp::from_millis(1_767_225_600_000);
    let quota = Quota {
        id: String::new(),
        namespace: "n".into(),
        tenant: "t".into(),
        provider: Some("p".into()),
        principal: None,
        per_principal: false,
        max_actions,
        window: serde_json::from_value(json!("daily")).expect("a window"),
        overage_behavior: OverageSpec(Overage::Degrade(
            ProviderName::parse("spare").expect("a name"),
        )),
        enabled: true,
        description: None,
        labels: BTreeMap::new(),
        created_at: now,
        updated_at: now,
    };
    gateway.create_quota(quota).await.expect("a quota");
    gateway
}

async fn post(gateway: &Gateway, id: String) -> Outcome {
    let whole = json!({ "id": id, "namespace": "n", "tenant": "t", "provider": "p", "action_type": "x", "payload": {},
        "created_at": "2026-01-01T00:00:00Z" });
    let action: Action = serde_json::from_value(whole).expect("an action");
    let answer = gateway
        .dispatch(action, Origin::Api, Caller::anonymous(), Wait::ForCommit)
        .await
        .expect("an answer");
    serde_json::from_str(&answer.outcome).expect("an outcome")
}

/// Waits until a service has taken so many.
async fn until_taken(service: &Service, count: usize) {
    let began = Instant::now();
    while service.taken() < count {
        assert!(
            began.elapsed() < Duration::from_mins(2),
            "{} of {count} after two minutes",
            service.taken()
        );
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_spills_over_keeps_no_turn_that_those_who_spill_over_wait_for() {
    let takes = Duration::from_millis(20);
    // Two providers of one lane, which gives a few turns at first.
    let (p, spare) = (
        Service::on("corporation", 1, takes),
        Service::on("corporation", 1, takes),
    );
    let of_a_lane = gateway(&p, &spare, 1).await;
    join_all((0..40).map(|number| post(&of_a_lane, format!("a{number}")))).await;
    until_taken(&spare, 39).await;
    assert_eq!(p.taken(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_spills_over_to_one_that_hangs_keeps_no_turn_of_one_that_does_not() {
    let (p, spare) = (
        Service::on("p", 1, Duration::from_millis(20)),
        Service::on("spare", 1, Duration::from_secs(25)),
    );
    let gateway = gateway(&p, &spare, 0).await;
    for number in 0..3 {
        post(&gateway, format!("over{number}")).await;
    }
    let mut other: Action = serde_json::from_value(
        json!({ "id": "other", "namespace": "n", "tenant": "other", "provider": "p",
        "action_type": "x", "payload": {}, "created_at": "2026-01-01T00:00:00Z" }),
    )
    .expect("an action");
    other.metadata.insert("team".into(), "other".into());
    let began = Instant::now();
    gateway
        .dispatch(other, Origin::Api, Caller::anonymous(), Wait::ForCommit)
        .await
        .expect("an answer");
    until_taken(&p, 1).await;
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn who_spills_over_waits_for_no_pause_of_the_provider_it_leaves() {
    let takes = Duration::from_millis(20);
    let (p, spare) = (Service::on("p", 1, takes), Service::on("spare", 1, takes));
    let gateway = gateway(&p, &spare, 1100).await;
    p.is_full.store(true, Ordering::SeqCst);
    post(&gateway, "first".into()).await;
    sleep(Duration::from_secs(1)).await;
    // More than there are places for.
    for number in 1..1100 {
        post(&gateway, format!("a{number}")).await;
    }
    let began = Timestamp::from_millis(1_767_225_600_000) + Duration::from_secs(1);
    let last = post(&gateway, "over".into()).await;
    let Outcome::Scheduled { scheduled_for, .. } = last else {
        panic!("{last:?}")
    };
    assert!(
        scheduled_for < began + Duration::from_mins(1),
        "{scheduled_for}"
    );
    until_taken(&spare, 1).await;
}
