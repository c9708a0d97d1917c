//! Lanes, breakers and budgets of whole gateways, against a service that has limits, in time that jumps.

mod breakers;
mod limits;
mod service;

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{
    Action, BoxFuture, Budget, Caller, Clock, Origin, Outcome, ProviderName, Scope, Timestamp,
};
use acteon_gateway::{
    AttemptEvent, BreakerPolicy, Breakers, Gateway, GatewayOptions, LaneMode, Observer,
    OutcomeEvent, Parts, Registry, Wait,
};
use acteon_rules::RuleSet;
use acteon_simulation::harness::SeededEntropy;
use acteon_store::{MemoryStore, Store};
use serde_json::json;
use service::Sender;
use tokio::time::{Instant, sleep};

use crate::silence::silence;

pub(crate) use service::Service;

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
