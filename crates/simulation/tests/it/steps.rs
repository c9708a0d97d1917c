//! Steps of the wall clock under actions that wait: for a breaker, for an instant that their caller named, for a service that drops copies.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use acteon_core::{
    Action, ActionId, BoxFuture, Caller, Clock, ErrorKind, Health, Lane, LaneLimits, Origin,
    Prepared, Provider, ProviderError, ProviderName, Repeat, Response, Scope, Timestamp,
};
use acteon_gateway::{
    BreakerPolicy, Breakers, Gateway, GatewayOptions, OpenLimits, Parts, Registry, Wait,
};
use acteon_rules::RuleSet;
use acteon_simulation::harness::SeededEntropy;
use acteon_store::{ActionState, History as _, MemoryStore, Record, Store};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::lanes::NoObserver;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: i64 = 3_600_000;

/// The paused runtime's time, and a wall clock that is wrong.
pub(crate) struct Stepped {
    began: Instant,
    step: AtomicI64,
}

impl Stepped {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            step: AtomicI64::new(0),
        }
    }

    /// Sets the wall clock ahead by so many milliseconds.
    pub(crate) fn set_ahead(&self, millis: i64) {
        self.step.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for Stepped {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_767_225_600_000 + self.step.load(Ordering::SeqCst))
            + self.monotonic()
    }

    fn monotonic(&self) -> Duration {
        self.began.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(sleep(duration))
    }
}

/// What its service is like: calls of it fail with this, if with anything.
#[derive(Default)]
struct Service {
    is_dead: AtomicBool,
    hides_answers: AtomicBool,
    calls: AtomicUsize,
    taken: AtomicUsize,
}

struct Sender(Arc<Service>);

impl Provider for Sender {
    fn prepare(&self, action: &Action) -> Result<Prepared, ProviderError> {
        Ok(Prepared {
            bytes: action.id.as_str().into(),
            repeat_safe: true,
            ..Prepared::default()
        })
    }

    fn send<'a>(
        &'a self,
        _prepared: &'a Prepared,
    ) -> BoxFuture<'a, Result<Response, ProviderError>> {
        Box::pin(async {
            self.0.calls.fetch_add(1, Ordering::SeqCst);
            if self.0.hides_answers.load(Ordering::SeqCst) {
                return Err(
                    ProviderError::new(ErrorKind::Timeout, "no answer that can be read")
                        .maybe_sent()
                        .repeat(Repeat::OnceLater),
                );
            }
            if self.0.is_dead.load(Ordering::SeqCst) {
                return Err(ProviderError::new(ErrorKind::Connection, "nobody there"));
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
        Lane {
            name: "service".into(),
            limits: LaneLimits {
                max_concurrency: 64,
                max_per_second: None,
            },
            budget: None,
        }
    }

    /// Copies are dropped for less long than the longest pause of a quick repeat, so that each repeat is one copy more.
    fn drops_copies_for(&self, _prepared: &Prepared) -> Option<Duration> {
        Some(Duration::from_secs(1))
    }
}

pub(crate) struct World {
    pub(crate) clock: Arc<Stepped>,
    pub(crate) store: Arc<MemoryStore>,
    service: Arc<Service>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            clock: Arc::new(Stepped::new()),
            store: Arc::default(),
            service: Arc::default(),
        }
    }

    /// A gateway with these providers, all of the one service.
    pub(crate) async fn gateway(
        &self,
        providers: &[&str],
        breaker: Option<BreakerPolicy>,
    ) -> Gateway {
        self.gateway_on(Arc::clone(&self.store) as Arc<_>, providers, breaker)
            .await
    }

    /// As [`World::gateway`], with its own way to the store.
    pub(crate) async fn gateway_on(
        &self,
        store: Arc<dyn Store>,
        providers: &[&str],
        breaker: Option<BreakerPolicy>,
    ) -> Gateway {
        let mut registry = Registry::default();
        for name in providers {
            registry
                .add(
                    ProviderName::parse(name).expect("a name"),
                    Arc::new(Sender(Arc::clone(&self.service))),
                )
                .expect("a provider");
        }
        let open = OpenLimits {
            total: 100,
            per_provider: 3,
            per_tenant: 100,
        };
        let options = GatewayOptions {
            breakers: Breakers {
                policy: breaker,
                ..Breakers::default()
            },
            open,
            ..GatewayOptions::default()
        };
        let parts = Parts {
            store,
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            entropy: Arc::new(SeededEntropy::new(7)),
            observer: Arc::new(NoObserver),
            registry,
            rules: RuleSet::default(),
            options,
        };
        Gateway::start(parts).await.expect("a gateway")
    }

    pub(crate) fn step(&self, millis: i64) {
        self.clock.set_ahead(millis);
    }

    /// Posts an action to the provider `p`; it expires after so long by the wall clock.
    async fn post(&self, gateway: &Gateway, id: &str, expires_in: Option<Duration>) {
        self.post_to(gateway, id, "p", expires_in).await;
    }

    async fn post_to(
        &self,
        gateway: &Gateway,
        id: &str,
        provider: &str,
        expires_in: Option<Duration>,
    ) {
        let expires_at = expires_in.map(|pause| self.clock.now() + pause);
        let whole = json!({ "id": id, "namespace": "n", "tenant": "t", "provider": provider, "action_type": "x", "payload": {},
            "created_at": "2026-01-01T00:00:00Z", "expires_at": expires_at });
        let action: Action = serde_json::from_value(whole).expect("an action");
        gateway
            .dispatch(action, Origin::Api, Caller::anonymous(), Wait::ForCommit)
            .await
            .expect("an answer");
    }

    pub(crate) async fn find(&self, id: &str) -> Record {
        let id = ActionId::parse(id).expect("an id");
        self.store
            .find(&Scope::everything(), &id)
            .await
            .expect("a look")
            .pop()
            .expect("it is there")
    }

    /// Waits until an action is over; says after how long, and how it ended.
    async fn until_over(&self, id: &str) -> (Duration, String) {
        let began = Instant::now();
        loop {
            let found = self.find(id).await;
            if found.state != ActionState::Open {
                let outcome: serde_json::Value =
                    serde_json::from_str(found.outcome.as_deref().expect("an outcome"))
                        .expect("JSON");
                let tag = outcome
                    .as_object()
                    .and_then(|outcome| outcome.keys().next().cloned())
                    .expect("a tag");
                let code = outcome["Failed"]["code"].as_str().map(str::to_owned);
                return (began.elapsed(), code.unwrap_or(tag));
            }
            assert!(
                began.elapsed() < Duration::from_hours(12),
                "{id} is open after twelve hours, due {}",
                found.due_at
            );
            sleep(Duration::from_secs(1)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_meets_an_open_breaker_waits_for_its_trial_whatever_the_wall_clock_says() {
    for step in [24 * HOUR, -HOUR] {
        let world = World::new();
        let gateway = world.gateway(&["p"], Some(BreakerPolicy::default())).await;
        sleep(Duration::from_secs(11)).await;
        assert!(
            gateway
                .set_breaker("p", true)
                .await
                .expect("the store works")
        );
        // Nobody has noticed it yet.
        world.step(step);
        for number in 0..3 {
            world.post(&gateway, &format!("a{number}"), None).await;
        }
        sleep(Duration::from_millis(100)).await;
        let fence = world.find("a0").await.fence;
        assert!(fence <= 1, "it is claimed again and again: {fence} times");
        for number in 0..3 {
            let (took, outcome) = world.until_over(&format!("a{number}")).await;
            assert_eq!(outcome, "Executed", "{step}");
            assert!(took < 3 * MINUTE, "{took:?} after a step of {step}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_expires_at_an_instant_expires_then_by_the_wall_clock() {
    // Set back by an hour, an instant in half an hour is one and a half away, set ahead it is past.
    for (step, earliest, latest) in [
        (0, 30, 41),
        (-HOUR, 90, 101),
        (HOUR, 0, 11),
        (-24 * HOUR, 360, 371),
    ] {
        let world = World::new();
        world.service.is_dead.store(true, Ordering::SeqCst);
        let gateway = world.gateway(&["p"], None).await;
        world.post(&gateway, "a", Some(30 * MINUTE)).await;
        sleep(MINUTE).await;
        world.step(step);
        let (took, outcome) = world.until_over("a").await;
        assert_eq!(outcome, "EXPIRED", "{step}");
        let minutes = (took + MINUTE).as_secs().div_ceil(60);
        assert!(
            (earliest..=latest).contains(&minutes),
            "after {minutes} min, where the clock was stepped by {step} ms"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_expires_later_by_a_clock_that_was_set_back_is_sent_until_then() {
    let world = World::new();
    world.service.is_dead.store(true, Ordering::SeqCst);
    let gateway = world.gateway(&["p"], None).await;
    world.post(&gateway, "a", Some(30 * MINUTE)).await;
    sleep(MINUTE).await;
    world.step(-HOUR);
    // It is long overdue in due time, and looked at once a minute.
    sleep(Duration::from_hours(1)).await;
    let found = world.find("a").await;
    assert_eq!((found.state, found.owned), (ActionState::Open, false));
    assert!(
        found.attempts < 40,
        "it is tried in its own time, not at each look: {}",
        found.attempts
    );
    world.service.is_dead.store(false, Ordering::SeqCst);
    let (took, outcome) = world.until_over("a").await;
    assert_eq!(
        (outcome.as_str(), world.service.taken.load(Ordering::SeqCst)),
        ("Executed", 1)
    );
    assert!(took < 15 * MINUTE, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_overdue_where_nobody_sends_it_ends_as_what_it_is() {
    for (step, others) in [
        (0, &[][..]),
        (-HOUR, &[][..]),
        (0, &["q"][..]),
        (-HOUR, &["q"][..]),
    ] {
        let world = World::new();
        world.service.is_dead.store(true, Ordering::SeqCst);
        let gateway = world.gateway(&["p"], None).await;
        world.post(&gateway, "a", Some(30 * MINUTE)).await;
        assert!(gateway.stop(MINUTE).await);
        drop(gateway);
        // One whose configuration has this provider no more.
        let gateway = world.gateway(others, None).await;
        for (number, other) in others
            .iter()
            .flat_map(|other| [(0, other), (1, other), (2, other)])
        {
            world
                .post_to(&gateway, &format!("{other}{number}"), other, None)
                .await;
        }
        sleep(MINUTE).await;
        world.step(step);
        // Until a minute before its instant; one has passed.
        let minutes = 28 + (-step / 60_000).unsigned_abs();
        sleep(Duration::from_mins(minutes)).await;
        assert_eq!(world.find("a").await.state, ActionState::Open, "{step}");
        let (took, outcome) = world.until_over("a").await;
        assert_eq!(outcome, "EXPIRED", "{step}");
        assert!(took < 5 * MINUTE, "{took:?} after a step of {step}");
        // Its own share is given back, not that of another.
        for other in others {
            let refused = gateway_is_full(&gateway, other).await;
            assert!(refused, "three wait for {other}, which is its share");
        }
    }
}

/// Whether an action more to a provider is refused because its share is used up.
async fn gateway_is_full(gateway: &Gateway, provider: &str) -> bool {
    let whole = json!({ "id": "more", "namespace": "n", "tenant": "t", "provider": provider, "action_type": "x", "payload": {},
        "created_at": "2026-01-01T00:00:00Z" });
    let action: Action = serde_json::from_value(whole).expect("an action");
    gateway
        .dispatch(action, Origin::Api, Caller::anonymous(), Wait::ForCommit)
        .await
        .is_err()
}

#[tokio::test(start_paused = true)]
async fn copies_are_counted_on_when_the_wall_clock_is_set_back() {
    for step in [0, -HOUR, HOUR] {
        let world = World::new();
        world.service.hides_answers.store(true, Ordering::SeqCst);
        let gateway = world.gateway(&["p"], None).await;
        world.post(&gateway, "a", None).await;
        sleep(Duration::from_secs(1)).await;
        assert_eq!(world.service.calls.load(Ordering::SeqCst), 1);
        world.step(step);
        let (_, outcome) = world.until_over("a").await;
        assert_eq!(
            (outcome.as_str(), world.service.calls.load(Ordering::SeqCst)),
            ("TIMEOUT", 2),
            "{step}"
        );
    }
}
