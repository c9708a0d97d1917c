//! What a time interval postpones: written at once, sent when the interval ends.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Action, Clock as _, Outcome, Scope, Timestamp};
use acteon_gateway::RetryPolicy;
use acteon_simulation::harness::{
    ActionOutcomeExt as _, FailingProvider, SimulationConfig, SimulationHarness,
};
use serde_json::json;

/// The simulation's clock begins at midnight of the first of January.
const RULES: &str = r#"
time_intervals:
  - {name: nights, time_ranges: [{times: [{start: "00:00", end: "08:00"}]}]}
  - {name: office-hours, on_mute: postpone, time_ranges: [{times: [{start: "09:00", end: "18:00"}], weekdays: [{start: 1, end: 5}]}]}
  - {name: soon, on_mute: postpone, time_ranges: [{times: [{start: "00:10", end: "00:40"}]}]}
  - {name: always, on_mute: postpone, time_ranges: [{years: [{start: 1, end: 9999}]}]}
  - {name: workdays, on_mute: postpone, location: Asia/Shanghai, time_ranges: [{calendar: cn-holidays, on: workday, times: [{start: "09:00", end: "18:00"}]}]}
rules:
  - {name: quiet, condition: 'action.payload.kind == "night"', mute_time_intervals: [nights], on_mute: postpone, action: {type: allow}}
  - {name: office, condition: 'action.payload.kind == "office"', active_time_intervals: [office-hours], action: {type: reroute, target_provider: other}}
  - {name: later, condition: 'action.payload.kind == "later"', mute_time_intervals: [soon], action: {type: allow}}
  - {name: dropped, condition: 'action.payload.kind == "dropped"', mute_time_intervals: [nights], action: {type: allow}}
  - {name: drop-after-all, condition: 'action.payload.kind == "drop"', active_time_intervals: [office-hours], on_mute: drop, action: {type: allow}}
  - {name: for-ever, condition: 'action.payload.kind == "ever"', mute_time_intervals: [always], action: {type: allow}}
  - {name: on-workdays, condition: 'action.payload.kind == "workday"', active_time_intervals: [workdays], action: {type: allow}}
  - {name: no, condition: 'action.payload.kind == "no"', mute_time_intervals: [nights], on_mute: postpone, action: {type: deny}}
"#;

fn action(id: &str, kind: &str, expires_at: Option<Timestamp>) -> Action {
    let whole = json!({ "id": id, "namespace": "n", "tenant": "t", "provider": "log", "action_type": "notify", "payload": { "kind": kind },
        "expires_at": expires_at, "created_at": "2026-01-01T00:00:00Z" });
    serde_json::from_str(&whole.to_string()).expect("an action")
}

async fn harness(nodes: usize) -> SimulationHarness {
    let config = SimulationConfig::builder()
        .nodes(nodes)
        .add_recording_providers(&["log", "other"])
        .add_rule_yaml(RULES)
        .build();
    SimulationHarness::start(config)
        .await
        .expect("a simulation")
}

fn scheduled_for(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Scheduled {
            scheduled_for,
            attempts: 0,
            last_error: Some(why),
            ..
        } if why.code == "MUTED" => scheduled_for.to_string(),
        other => panic!("{other:?}"),
    }
}

/// New Year's Day 2026 was a Thursday; people had the Friday off too, and worked on the Sunday.
#[tokio::test]
async fn what_waits_for_a_workday_goes_on_the_first_one_of_the_calendar() {
    let harness = harness(1).await;
    let waits = harness
        .dispatch(&action("a", "workday", None))
        .await
        .expect("an outcome");
    assert_eq!(scheduled_for(&waits), "2026-01-04T01:00:00.000Z");
}

#[tokio::test]
async fn what_is_postponed_goes_when_its_interval_ends_whoever_is_left() {
    let harness = harness(2).await;
    let sent = |provider: &str| {
        harness
            .provider(provider)
            .expect("it is there")
            .call_count()
    };
    let begins = harness.clock().now();
    assert_eq!(begins.to_string(), "2026-01-01T00:00:00.000Z", "a Thursday");
    let quiet = harness
        .dispatch(&action("a", "night", None))
        .await
        .expect("an outcome");
    assert_eq!(scheduled_for(&quiet), "2026-01-01T08:00:00.000Z");
    let office = harness
        .dispatch(&action("b", "office", None))
        .await
        .expect("an outcome");
    assert_eq!(scheduled_for(&office), "2026-01-01T09:00:00.000Z");
    harness.node(0).expect("a node").kill();
    harness
        .advance(Duration::from_mins(8 * 60 - 1))
        .await
        .expect("almost");
    assert_eq!((sent("log"), sent("other")), (0, 0));
    harness.advance(Duration::from_mins(2)).await.expect("over");
    assert_eq!(
        (sent("log"), sent("other")),
        (1, 0),
        "its age counts from when it may go"
    );
    harness
        .advance(Duration::from_hours(1))
        .await
        .expect("an hour");
    assert_eq!((sent("log"), sent("other")), (1, 1));
    let text = |provider: &str| {
        harness
            .provider(provider)
            .and_then(|provider| provider.last_action())
            .expect("a call")
            .id
            .to_string()
    };
    assert_eq!((text("log").as_str(), text("other").as_str()), ("a", "b"));
}

#[tokio::test]
async fn the_end_of_a_postponement_is_told_when_it_would_come_too_late() {
    let harness = harness(1).await;
    let at = |text: &str| Timestamp::parse(text);
    let outcome = harness
        .dispatch(&action("a", "night", at("2026-01-01T08:00:00Z")))
        .await
        .expect("an outcome");
    let Outcome::Failed {
        code,
        message,
        retryable,
        attempts,
    } = &outcome
    else {
        panic!("{outcome:?}")
    };
    assert_eq!(
        (code.as_str(), *retryable, *attempts),
        ("EXPIRED", false, 0)
    );
    assert!(
        message.contains("\"nights\" postpones it until 2026-01-01T08:00:00.000Z"),
        "{message}"
    );
    let outcome = harness
        .dispatch(&action("b", "night", at("2026-01-01T08:00:01Z")))
        .await
        .expect("an outcome");
    assert_eq!(scheduled_for(&outcome), "2026-01-01T08:00:00.000Z");
    for (id, kind, expected) in [
        ("c", "dropped", "muted"),
        ("d", "drop", "muted"),
        ("e", "ever", "muted"),
        ("f", "no", "suppressed"),
    ] {
        let outcome = harness
            .dispatch(&action(id, kind, None))
            .await
            .expect("an outcome");
        assert_eq!(outcome.as_str(), expected, "{kind}: {outcome:?}");
    }
    harness
        .advance(Duration::from_hours(9))
        .await
        .expect("the morning");
    harness
        .provider("log")
        .expect("it is there")
        .assert_called(1);
}

/// A retry that an interval meets waits for its end, and is not given up for the age that it has by then.
#[tokio::test]
async fn a_retry_waits_for_the_end_of_an_interval() {
    const FAILURES: u64 = 13;
    let failing = Arc::new(FailingProvider::connection_error().fail_until(FAILURES));
    // Minutes and not hours: each instant at which anything wakes up is stopped at, and an hour has thousands.
    let retry = RetryPolicy {
        max_quick: 0,
        delays: vec![Duration::from_mins(1)],
        max_age: Duration::from_mins(20),
        ..RetryPolicy::default()
    };
    let config = SimulationConfig::builder().add_provider(
        "log",
        Arc::clone(&failing) as Arc<dyn acteon_core::Provider>,
    );
    let config = config
        .add_recording_provider("other")
        .add_rule_yaml(RULES)
        .retry(retry)
        .build();
    let harness = SimulationHarness::start(config)
        .await
        .expect("a simulation");
    let gateway = harness.node(0).expect("a node").gateway();
    harness
        .dispatch(&action("a", "later", None))
        .await
        .expect("an outcome");
    harness
        .advance(Duration::from_mins(12))
        .await
        .expect("the interval has begun");
    let before = failing.call_count();
    assert!((1..FAILURES).contains(&before), "{before}");
    harness
        .advance(Duration::from_mins(27))
        .await
        .expect("it is almost over");
    assert_eq!(
        failing.call_count(),
        before,
        "nothing is sent in the interval"
    );
    harness
        .advance(Duration::from_mins(16))
        .await
        .expect("it is over");
    let id = acteon_core::ActionId::parse("a").expect("an id");
    let view = gateway
        .find(&Scope::everything(), &id)
        .await
        .expect("a look")
        .pop()
        .expect("it is there");
    let outcome: Outcome =
        serde_json::from_value(serde_json::to_value(&view.outcome).expect("JSON"))
            .expect("an outcome");
    outcome.assert_executed();
}
