//! Retries, pauses and failover, hours of them in a moment.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Action, Clock as _, Outcome, Prepared, Provider, Scope};
use acteon_gateway::{BreakerPolicy, RetryPolicy};
use acteon_simulation::harness::{
    ActionOutcomeExt as _, FailingProvider, FailureMode, RecordingProvider, SimulationConfig,
    SimulationHarness,
};
use serde_json::json;

fn action(id: &str, provider: &str) -> Action {
    let action = json!({
        "id": id, "namespace": "n", "tenant": "t", "provider": provider, "action_type": "x", "payload": {}, "created_at": "2026-01-01T00:00:00Z",
    });
    serde_json::from_value(action).expect("an action")
}

fn no_quick_retries() -> RetryPolicy {
    RetryPolicy {
        max_quick: 0,
        ..RetryPolicy::default()
    }
}

async fn outcome(harness: &SimulationHarness, id: &str) -> Outcome {
    let id = acteon_core::ActionId::parse(id).expect("an id");
    let node = harness.node(0).expect("a node");
    node.gateway()
        .find(&Scope::everything(), &id)
        .await
        .expect("found")
        .pop()
        .expect("an action")
        .outcome
}

async fn with_failing(provider: FailingProvider) -> (SimulationHarness, Arc<FailingProvider>) {
    let provider = Arc::new(provider);
    let config = SimulationConfig::builder()
        .add_provider("p", Arc::clone(&provider) as Arc<dyn Provider>)
        .retry(no_quick_retries())
        .build();
    (
        SimulationHarness::start(config).await.expect("a harness"),
        provider,
    )
}

#[tokio::test]
async fn durable_retries_follow_the_schedule_until_one_succeeds() {
    let (harness, provider) = with_failing(FailingProvider::connection_error().fail_until(4)).await;
    harness
        .dispatch(&action("a", "p"))
        .await
        .expect("an outcome")
        .assert_scheduled();
    for (pause, calls) in [(5, 1), (7, 2), (34, 3), (133, 4), (661, 5)] {
        harness
            .advance(Duration::from_secs(pause))
            .await
            .expect("time passes");
        assert_eq!(provider.call_count(), calls, "after {pause} s more");
    }
    outcome(&harness, "a").await.assert_executed();
}

#[tokio::test]
async fn what_never_succeeds_is_given_up_after_its_largest_age() {
    let (harness, provider) = with_failing(FailingProvider::connection_error()).await;
    harness
        .dispatch(&action("a", "p"))
        .await
        .expect("an outcome")
        .assert_scheduled();
    harness
        .advance(Duration::from_hours(7))
        .await
        .expect("time passes");
    assert_eq!(outcome(&harness, "a").await.assert_failed(), "EXPIRED");
    let calls = provider.call_count();
    assert!(
        (35..45).contains(&calls),
        "10 s, 30 s, 2 min, then every 10 min for 6 h: {calls}"
    );
}

#[tokio::test]
async fn a_rate_limit_pauses_the_lane_longer_and_longer() {
    let (harness, provider) = with_failing(FailingProvider::rate_limited().fail_until(4)).await;
    harness
        .dispatch(&action("a", "p"))
        .await
        .expect("an outcome")
        .assert_scheduled();
    assert_eq!(provider.call_count(), 1);
    for (pause, calls) in [(1100, 2), (2100, 3), (4100, 4), (8100, 5)] {
        harness
            .advance(Duration::from_millis(pause))
            .await
            .expect("time passes");
        assert_eq!(provider.call_count(), calls, "after {pause} ms more");
    }
    outcome(&harness, "a").await.assert_executed();
}

#[tokio::test]
async fn another_node_takes_over_what_a_dead_one_owned_and_marks_it() {
    let slow = RecordingProvider::new("p").with_failure_mode(FailureMode::FirstN(1));
    let config = SimulationConfig::builder()
        .nodes(2)
        .add_recording("p", slow)
        .retry(no_quick_retries())
        .build();
    let harness = SimulationHarness::start(config).await.expect("a harness");
    let first = harness.node(0).expect("a node");
    // The node dies with the action in hand: it was called, and nothing of that is recorded.
    first.kill();
    let sent = action("a", "p");
    let lost = tokio::time::timeout(Duration::from_millis(50), harness.dispatch_to(0, &sent)).await;
    assert!(lost.is_err(), "a dead node answers nothing");
    harness
        .dispatch_to(1, &sent)
        .await
        .expect("an outcome")
        .assert_scheduled();
    harness
        .advance(Duration::from_mins(2))
        .await
        .expect("time passes");
    harness.provider("p").expect("a provider").assert_called(2);
    let survivor = harness.node(1).expect("a node").gateway();
    let id = acteon_core::ActionId::parse("a").expect("an id");
    let view = survivor
        .find(&Scope::everything(), &id)
        .await
        .expect("found")
        .pop()
        .expect("an action");
    view.outcome.assert_executed();
}

#[tokio::test]
async fn a_node_that_dies_while_it_sends_leaves_a_marked_action_to_the_others() {
    let config = SimulationConfig::builder()
        .nodes(2)
        .add_provider("p", Arc::new(Hanging))
        .add_recording_provider("other")
        .build();
    let harness = SimulationHarness::start(config).await.expect("a harness");
    let sent = action("a", "p");
    let hung =
        tokio::time::timeout(Duration::from_millis(100), harness.dispatch_to(0, &sent)).await;
    assert!(hung.is_err(), "it is being sent");
    harness.node(0).expect("a node").kill();
    harness
        .advance(Duration::from_mins(2))
        .await
        .expect("time passes");
    let survivor = harness.node(1).expect("a node").gateway();
    let id = acteon_core::ActionId::parse("a").expect("an id");
    let view = survivor
        .find(&Scope::everything(), &id)
        .await
        .expect("found")
        .pop()
        .expect("an action");
    assert_eq!(
        (view.takeovers, view.possible_duplicate, view.state),
        (1, true, "open")
    );
}

/// Whatever went wrong on its way into memory: a row that its owner forgot is not forgotten for as long as the owner lives.
#[tokio::test]
async fn a_row_that_a_living_process_owns_and_nobody_works_on_goes_on() {
    use acteon_store::{Admission, Admitted, Conditions, Disposition, Enqueue, Route, Turn};
    let config = SimulationConfig::builder()
        .add_recording_provider("p")
        .build();
    let harness = SimulationHarness::start(config).await.expect("a harness");
    let owner = harness.store().heartbeats().await.expect("beats")[0].owner;
    let prepared = Arc::new(Prepared {
        bytes: serde_json::to_vec(&action("lost", "p")).expect("JSON"),
        ..Prepared::default()
    });
    let now = harness.clock().now();
    let route = Route {
        provider: acteon_core::ProviderName::parse("p").expect("a name"),
        prepared,
        not_before: now,
        give_up_at: now + Duration::from_hours(1),
        enqueue: Enqueue::Claimed(owner),
        quotas: Vec::new(),
        so_far: None,
    };
    let admission = Admission {
        action: Arc::new(action("lost", "p")),
        origin: acteon_core::Origin::Api,
        caller: acteon_core::Caller::anonymous(),
        verdict: acteon_core::VerdictKind::Allow,
        rule: None,
        priority: acteon_core::Priority::default(),
        accepted_at: now,
        turn: Turn::Single,
        disposition: Disposition::Send {
            conditions: Conditions::default(),
            routes: vec![route],
        },
        possible_duplicate: false,
        letter: None,
        parent: None,
        begins: Vec::new(),
    };
    assert!(matches!(
        harness.store().admit(admission).await,
        Ok(Admitted::Open { .. })
    ));
    harness
        .advance(Duration::from_secs(90))
        .await
        .expect("time passes");
    harness
        .provider("p")
        .expect("a provider")
        .assert_not_called();
    harness
        .advance(Duration::from_secs(90))
        .await
        .expect("time passes");
    harness.provider("p").expect("a provider").assert_called(1);
    outcome(&harness, "lost").await.assert_executed();
}

#[tokio::test]
async fn an_action_that_meets_a_lapsed_lease_is_put_off_and_not_forgotten() {
    let config = SimulationConfig::builder()
        .add_recording_provider("p")
        .build();
    let harness = SimulationHarness::start(config).await.expect("a harness");
    // Time jumps, as when the store could not be written for long: the lease was not renewed meanwhile.
    harness.clock().move_to(Duration::from_mins(2));
    harness
        .dispatch(&action("a", "p"))
        .await
        .expect("an outcome")
        .assert_scheduled();
    harness
        .provider("p")
        .expect("a provider")
        .assert_not_called();
    harness
        .advance(Duration::from_mins(2))
        .await
        .expect("time passes");
    outcome(&harness, "a").await.assert_executed();
    harness.provider("p").expect("a provider").assert_called(1);
}

#[tokio::test]
async fn a_provider_that_panics_fails_its_action_and_nothing_else() {
    let panics = RecordingProvider::new("p").with_response_fn(|action| {
        assert_ne!(action.id.as_str(), "bad", "simulated panic");
        Err(acteon_core::ProviderError::new(
            acteon_core::ErrorKind::ExecutionFailed,
            "no",
        ))
    });
    let config = SimulationConfig::builder()
        .add_recording("p", panics)
        .add_recording_provider("q")
        .build();
    let harness = SimulationHarness::start(config).await.expect("a harness");
    assert_eq!(
        harness
            .dispatch(&action("bad", "p"))
            .await
            .expect("an outcome")
            .assert_failed(),
        "EXECUTION_FAILED"
    );
    harness
        .dispatch(&action("good", "q"))
        .await
        .expect("an outcome")
        .assert_executed();
}

/// Never answers.
struct Hanging;

impl Provider for Hanging {
    fn prepare(&self, _action: &Action) -> Result<Prepared, acteon_core::ProviderError> {
        Ok(Prepared::default())
    }

    fn send<'a>(
        &'a self,
        _prepared: &'a Prepared,
    ) -> acteon_core::BoxFuture<'a, Result<acteon_core::Response, acteon_core::ProviderError>> {
        Box::pin(std::future::pending())
    }

    fn health(
        &self,
    ) -> acteon_core::BoxFuture<'_, Result<acteon_core::Health, acteon_core::ProviderError>> {
        Box::pin(std::future::pending())
    }

    fn lane(&self) -> acteon_core::Lane {
        let limits = acteon_core::LaneLimits {
            max_concurrency: 4,
            max_per_second: None,
        };
        acteon_core::Lane {
            name: "hanging".into(),
            limits,
            budget: None,
        }
    }
}

#[tokio::test]
async fn a_provider_that_fails_again_and_again_is_left_alone_and_tried_with_one_call_at_a_time() {
    let failing = Arc::new(FailingProvider::connection_error().fail_until(5));
    let provider = Arc::clone(&failing) as Arc<dyn Provider>;
    let config = SimulationConfig::builder()
        .add_provider("down", provider)
        .retry(no_quick_retries())
        .breaker(BreakerPolicy::default())
        .build();
    let harness = SimulationHarness::start(config)
        .await
        .expect("a simulation");
    for number in 0..20 {
        harness
            .dispatch(&action(&format!("a{number}"), "down"))
            .await
            .expect("an outcome")
            .assert_scheduled();
    }
    assert_eq!(failing.call_count(), 5, "the others met an open breaker");
    harness
        .advance(Duration::from_secs(59))
        .await
        .expect("time");
    assert_eq!(failing.call_count(), 5, "also their retries");
    harness
        .advance(Duration::from_secs(30))
        .await
        .expect("time");
    assert_eq!(
        failing.call_count(),
        25,
        "a trial, another, and then everybody"
    );
    for number in 0..20 {
        outcome(&harness, &format!("a{number}"))
            .await
            .assert_executed();
    }
}
