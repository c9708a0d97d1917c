//! Lanes, breakers and budgets of whole gateways, against a service that has limits, in time that jumps.

mod limits;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acteon_core::{
    Action, BoxFuture, Budget, Caller, Clock, ErrorKind, Health, Lane, LaneLimits, Origin, Outcome,
    Prepared, Provider, ProviderError, ProviderName, Response, Scope, Timestamp,
};
use acteon_gateway::{
    AttemptEvent, BreakerPolicy, Breakers, Gateway, GatewayOptions, LaneMode, Observer,
    OutcomeEvent, Parts, Registry, Wait,
};
use acteon_rules::RuleSet;
use acteon_simulation::harness::{SeededEntropy, SimulationConfig, SimulationHarness};
use acteon_store::{MemoryStore, Store};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::silence::silence;

/// The paused runtime's time.
pub(crate) struct Time(pub(crate) Instant);

impl Clock for Time {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_767_225_600_000) + self.monotonic()
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(sleep(duration))
    }
}

pub(crate) struct NoObserver;

impl Observer for NoObserver {
    fn outcome(&self, _event: &OutcomeEvent<'_>) {}
    fn attempt(&self, _event: &AttemptEvent<'_>) {}
    fn rule_error(&self, _rule: &str) {}
    fn unreadable(&self) {}
    fn quota(&self, _overage: &'static str) {}
    fn breaker(&self, _provider: &ProviderName, _state: &'static str) {}
}

/// Takes so many calls in any second, answers after 20 ms, and refuses all the others.
pub(crate) struct Service {
    limit: AtomicUsize,
    pub(crate) is_dead: AtomicBool,
    budget: Option<Budget>,
    taken: Mutex<VecDeque<Instant>>,
    arrived: Mutex<Vec<Instant>>,
    refused: AtomicUsize,
}

impl Service {
    pub(crate) fn taking(limit: usize) -> Arc<Self> {
        Self::with_budget(limit, None)
    }

    pub(crate) fn with_budget(limit: usize, budget: Option<Budget>) -> Arc<Self> {
        Arc::new(Self {
            limit: AtomicUsize::new(limit),
            is_dead: AtomicBool::new(false),
            budget,
            taken: Mutex::default(),
            arrived: Mutex::default(),
            refused: AtomicUsize::new(0),
        })
    }

    fn set_limit(&self, limit: usize) {
        self.limit.store(limit, Ordering::SeqCst);
    }

    pub(crate) fn arrived(&self) -> Vec<Instant> {
        self.arrived.lock().expect("a list").clone()
    }

    fn refused(&self) -> usize {
        self.refused.load(Ordering::SeqCst)
    }

    fn takes(&self) -> Result<Response, ProviderError> {
        let now = Instant::now();
        let mut taken = self.taken.lock().expect("a list");
        while taken
            .pop_front_if(|taken| *taken + Duration::from_secs(1) <= now)
            .is_some()
        {}
        if self.is_dead.load(Ordering::SeqCst) {
            return Err(ProviderError::new(ErrorKind::Connection, "nobody there"));
        }
        if taken.len() >= self.limit.load(Ordering::SeqCst) {
            self.refused.fetch_add(1, Ordering::SeqCst);
            return Err(ProviderError::new(
                ErrorKind::RateLimited,
                "45009 api freq out of limit",
            ));
        }
        taken.push_back(now);
        self.arrived.lock().expect("a list").push(now);
        Ok(Response::success(
            serde_json::value::to_raw_value(&"taken").expect("JSON"),
        ))
    }
}

struct Sender(Arc<Service>);

impl Provider for Sender {
    fn prepare(&self, action: &Action) -> Result<Prepared, ProviderError> {
        let recipients = self
            .0
            .budget
            .map(|_| vec!["1/zhangsan".to_owned()])
            .unwrap_or_default();
        Ok(Prepared {
            bytes: action.id.as_str().into(),
            recipients,
            ..Prepared::default()
        })
    }

    fn send<'a>(
        &'a self,
        _prepared: &'a Prepared,
    ) -> BoxFuture<'a, Result<Response, ProviderError>> {
        Box::pin(async {
            sleep(Duration::from_millis(20)).await;
            self.0.takes()
        })
    }

    fn health(&self) -> BoxFuture<'_, Result<Health, ProviderError>> {
        Box::pin(async { Ok(Health::default()) })
    }

    fn lane(&self) -> Lane {
        let limits = LaneLimits {
            max_concurrency: 64,
            max_per_second: None,
        };
        Lane {
            name: "service".into(),
            limits,
            budget: self.0.budget,
        }
    }
}

pub(crate) async fn gateway_on(
    store: Arc<dyn Store>,
    service: &Arc<Service>,
    breaker: Option<BreakerPolicy>,
) -> Gateway {
    observed_gateway(store, service, breaker, Arc::new(NoObserver)).await
}

pub(crate) async fn observed_gateway(
    store: Arc<dyn Store>,
    service: &Arc<Service>,
    breaker: Option<BreakerPolicy>,
    observer: Arc<dyn Observer>,
) -> Gateway {
    let mut registry = Registry::default();
    registry
        .add(
            ProviderName::parse("p").expect("a name"),
            Arc::new(Sender(Arc::clone(service))),
        )
        .expect("a provider");
    let parts = Parts {
        store,
        clock: Arc::new(Time(Instant::now())),
        entropy: Arc::new(SeededEntropy::new(7)),
        observer,
        registry,
        rules: RuleSet::default(),
        options: GatewayOptions {
            breakers: Breakers {
                policy: breaker,
                ..Breakers::default()
            },
            ..GatewayOptions::default()
        },
    };
    Gateway::start(parts).await.expect("a gateway")
}

async fn gateway(service: &Arc<Service>) -> Gateway {
    gateway_on(Arc::<MemoryStore>::default(), service, None).await
}

fn action(id: &str, team: &str) -> Action {
    let whole = json!({ "id": id, "namespace": "n", "tenant": "t", "provider": "p", "action_type": "x", "payload": {},
        "metadata": { "team": team }, "created_at": "2026-01-01T00:00:00Z" });
    serde_json::from_value(whole).expect("an action")
}

/// Posts without waiting for more than the commit.
pub(crate) async fn post(gateway: &Gateway, id: &str, team: &str) -> Outcome {
    let answer = gateway
        .dispatch(
            action(id, team),
            Origin::Api,
            Caller::anonymous(),
            Wait::ForCommit,
        )
        .await
        .expect("an answer");
    serde_json::from_str(&answer.outcome).expect("an outcome")
}

pub(crate) async fn post_many(gateway: &Gateway, count: usize) {
    for number in 0..count {
        post(gateway, &format!("a{number}"), "all").await;
    }
}

/// Waits until so many calls were taken, and says how long that was after `since`.
pub(crate) async fn until_arrived(service: &Service, count: usize, since: Instant) -> Duration {
    while service.arrived().len() < count {
        assert!(
            since.elapsed() < Duration::from_hours(2),
            "{} of {count} after two hours",
            service.arrived().len()
        );
        sleep(Duration::from_millis(50)).await;
    }
    since.elapsed()
}

#[tokio::test(start_paused = true)]
async fn what_is_held_back_takes_no_turn_from_the_others() {
    let service = Service::taking(0);
    let gateway = gateway(&service).await;
    post(&gateway, "first", "held").await;
    sleep(Duration::from_secs(20)).await;
    for number in 0..200 {
        post(&gateway, &format!("held{number}"), "held").await;
    }
    post(&gateway, "goes", "other").await;
    let now = Timestamp::from_millis(1_767_225_600_000);
    let silence = silence(now, ("team", "held"), Duration::from_hours(9));
    gateway.create_silence(silence).await.expect("a silence");
    service.set_limit(10_000);
    let took = until_arrived(&service, 1, Instant::now()).await;
    assert!(
        took <= Duration::from_secs(21),
        "one pause, not one for each that was held back: {took:?}"
    );
    let id = acteon_core::ActionId::parse("goes").expect("an id");
    let found = gateway
        .find(&Scope::everything(), &id)
        .await
        .expect("a look")
        .pop()
        .expect("it is there");
    sleep(Duration::from_secs(1)).await;
    assert_eq!((found.attempts, service.arrived().len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_paused_lane_says_so() {
    let service = Service::taking(0);
    let gateway = gateway(&service).await;
    post(&gateway, "first", "all").await;
    sleep(Duration::from_millis(100)).await;
    let Outcome::Scheduled {
        scheduled_for,
        last_error: Some(error),
        attempts: 0,
        ..
    } = post(&gateway, "a", "all").await
    else {
        panic!("it waits, and says why");
    };
    let first = gateway
        .find(
            &Scope::everything(),
            &acteon_core::ActionId::parse("first").expect("an id"),
        )
        .await
        .expect("found");
    assert!(
        scheduled_for > first[0].accepted_at + Duration::from_millis(900),
        "{scheduled_for}"
    );
    assert_eq!(
        (error.code.as_str(), error.retryable),
        ("RATE_LIMITED", true)
    );
    let lane = gateway.lanes().pop().expect("a lane");
    assert_eq!(
        (lane.mode, lane.waiting, lane.pauses),
        (LaneMode::Paused, 1, 1)
    );
    assert_eq!(lane.reason.as_deref(), Some("45009 api freq out of limit"));
    service.set_limit(1000);
    let lane = gateway
        .reset_lane("service")
        .await
        .expect("asked")
        .expect("a lane");
    assert_eq!((lane.mode, lane.pace), (LaneMode::Open, None));
    assert!(until_arrived(&service, 1, Instant::now()).await < Duration::from_millis(200));
}

#[tokio::test(start_paused = true)]
async fn a_backlog_to_one_member_is_claimed_seldom_and_drains_as_the_budget_says() {
    let budget = Budget {
        per_minute: 30,
        per_hour: 1000,
    };
    let service = Service::with_budget(10_000, Some(budget));
    let store = Arc::<MemoryStore>::default();
    let count = 2;
    let mut gateways = Vec::new();
    for _ in 0..count {
        gateways.push(gateway_on(Arc::<MemoryStore>::clone(&store), &service, None).await);
        sleep(Duration::from_millis(1700)).await;
    }
    sleep(Duration::from_secs(10)).await;
    let began = Instant::now();
    for number in 0..300 {
        post(&gateways[number % count], &format!("a{number}"), "all").await;
    }
    let took = until_arrived(&service, 300, began).await;
    println!("300 to one member: {took:?}");
    assert!(
        took <= Duration::from_mins(20),
        "ten windows, and what is lost in dividing them: {took:?}"
    );
    let arrived = service.arrived();
    for (index, at) in arrived.iter().enumerate() {
        let within = arrived[index..]
            .iter()
            .take_while(|other| **other < *at + Duration::from_mins(1))
            .count();
        assert!(within <= 30, "{within} within a minute");
    }
}

#[tokio::test(start_paused = true)]
async fn those_who_waited_for_a_breaker_come_back_one_after_the_other() {
    let service = Service::taking(10_000);
    let gateway = gateway_on(
        Arc::<MemoryStore>::default(),
        &service,
        Some(BreakerPolicy::default()),
    )
    .await;
    assert!(
        gateway
            .set_breaker("p", true)
            .await
            .expect("the store works")
    );
    post_many(&gateway, 1000).await;
    let took = until_arrived(&service, 1000, Instant::now()).await;
    assert!(
        (Duration::from_mins(1)..Duration::from_secs(100)).contains(&took),
        "{took:?}"
    );
    let arrived = service.arrived();
    let spread = arrived[999] - arrived[0];
    assert!(spread > Duration::from_secs(10), "{spread:?}");
}

#[tokio::test]
async fn a_breaker_moved_by_hand_moves_on_every_gateway() {
    let policy = BreakerPolicy {
        success_threshold: 1,
        ..BreakerPolicy::default()
    };
    let config = SimulationConfig::builder()
        .nodes(3)
        .add_recording_provider("log")
        .breaker(policy)
        .build();
    let harness = SimulationHarness::start(config)
        .await
        .expect("a simulation");
    let gateway = |node: usize| harness.node(node).expect("a node").gateway();
    let states = || [0, 1, 2].map(|node| gateway(node).breakers()[0].1);
    for (node, open, word) in [
        (0, true, "open"),
        (2, false, "closed"),
        (1, true, "open"),
        (0, false, "closed"),
    ] {
        assert!(
            gateway(node)
                .set_breaker("log", open)
                .await
                .expect("the store works")
        );
        harness
            .advance(Duration::from_secs(11))
            .await
            .expect("time");
        assert_eq!(states(), [word; 3], "after gateway {node}");
    }
    gateway(1)
        .set_breaker("log", true)
        .await
        .expect("the store works");
    harness
        .advance(Duration::from_secs(11))
        .await
        .expect("time");
    for node in 0..3 {
        let mut posted = action(&format!("a{node}"), "all");
        posted.provider = ProviderName::parse("log").expect("a name");
        let outcome = harness
            .dispatch_to(node, &posted)
            .await
            .expect("an outcome");
        assert!(
            matches!(&outcome, Outcome::Scheduled { last_error: Some(error), .. } if error.code == "CIRCUIT_OPEN"),
            "{outcome:?}"
        );
    }
    harness.advance(Duration::from_mins(3)).await.expect("time");
    assert_eq!(
        (
            states(),
            harness.provider("log").expect("it is there").call_count()
        ),
        (["closed"; 3], 3)
    );
}
