//! Steps of the wall clock under what waits for an instant of it: occurrences of recurring actions, and scheduled actions.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use acteon_core::{
    Action, ActionType, Caller, Clock as _, Namespace, Origin, Priority, ProviderName, Scope,
    Tenant, Timestamp,
};
use acteon_flows::{Definition, MissedRuns, OverlapPolicy};
use acteon_gateway::{Gateway, Wait};
use acteon_simulation::harness::{Fails, FaultSwitch};
use acteon_store::{ActionState, History as _, HistoryFilter, MemoryStore, PageRequest, StoreCall};
use serde_json::json;
use serde_json::value::RawValue;
use tokio::time::sleep;

use crate::steps::World;

const HOUR: i64 = 3_600_000;
const MINUTE: Duration = Duration::from_mins(1);
/// Longest until a step was noticed and what it made due is sent.
const SOON: Duration = Duration::from_secs(20);

/// Makes a recurring action of six o'clock each day; the clock begins at midnight.
async fn recurs_at_six(gateway: &Gateway) {
    let definition = Definition {
        name: None,
        description: None,
        labels: BTreeMap::default(),
        cron_expression: "0 6 * * *".into(),
        timezone: "UTC".into(),
        end_date: None,
        max_executions: None,
        overlap_policy: OverlapPolicy::AllowAll,
        missed_runs: MissedRuns::RunOnce,
        calendar: None,
        provider: ProviderName::parse("p").expect("a name"),
        action_type: ActionType::parse("x").expect("a name"),
        payload: RawValue::from_string("{}".into()).expect("JSON"),
        metadata: BTreeMap::default(),
        template: None,
        dedup_key: None,
        priority: Priority::default(),
    };
    let within = (
        Namespace::parse("n").expect("a name"),
        Tenant::parse("t").expect("a name"),
    );
    gateway
        .create_recurring(&Caller::anonymous(), within, definition, None)
        .await
        .expect("it is made");
}

/// Number of occurrences that were sent.
async fn occurrences(store: &MemoryStore) -> usize {
    let page = PageRequest {
        after: None,
        offset: 0,
        limit: 100,
        count: false,
    };
    let history = store.history(HistoryFilter::of(Scope::everything()), page);
    let records = history.await.expect("a page").records;
    let recurring = records.iter().filter(|record| {
        record.action.id.as_str().starts_with("rec:") && record.state == ActionState::Done
    });
    recurring.count()
}

/// Posts an action that goes at an instant, or after a delay.
async fn schedule(world: &World, gateway: &Gateway, id: &str, at: Option<Timestamp>) {
    let delay = at.is_none().then_some(6 * 3600);
    let whole = json!({ "id": id, "namespace": "n", "tenant": "t", "provider": "p", "action_type": "x", "payload": {},
        "created_at": world.clock.now(), "scheduled_at": at, "delay_seconds": delay });
    let action: Action = serde_json::from_value(whole).expect("an action");
    gateway
        .dispatch(action, Origin::Api, Caller::anonymous(), Wait::ForCommit)
        .await
        .expect("an answer");
}

#[tokio::test(start_paused = true)]
async fn an_occurrence_goes_soon_after_the_clock_is_set_ahead_past_it() {
    for hours in [7, 23] {
        let world = World::new();
        let gateway = world.gateway(&["p"], None).await;
        recurs_at_six(&gateway).await;
        sleep(MINUTE).await;
        world.step(hours * HOUR);
        sleep(SOON).await;
        assert_eq!(occurrences(&world.store).await, 1, "{hours} h ahead");
    }
}

#[tokio::test(start_paused = true)]
async fn an_occurrence_goes_at_its_instant_by_a_clock_that_is_set() {
    for hours in [5, -5] {
        let world = World::new();
        let gateway = world.gateway(&["p"], None).await;
        recurs_at_six(&gateway).await;
        sleep(MINUTE).await;
        world.step(hours * HOUR);
        let left = Duration::from_hours((6 - hours).unsigned_abs());
        sleep(left.saturating_sub(2 * MINUTE)).await;
        assert_eq!(occurrences(&world.store).await, 0, "{hours} h");
        sleep(MINUTE + SOON).await;
        assert_eq!(occurrences(&world.store).await, 1, "{hours} h");
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_was_behind_at_the_start_and_is_set_right_sends_in_time() {
    let world = World::new();
    world.step(-48 * HOUR);
    let gateway = world.gateway(&["p"], None).await;
    recurs_at_six(&gateway).await;
    sleep(MINUTE).await;
    world.step(48 * HOUR + 7 * HOUR);
    sleep(SOON).await;
    assert_eq!(occurrences(&world.store).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_step_whose_gateway_died_over_it_is_taken_in_by_the_next() {
    let world = World::new();
    let switch = FaultSwitch::default();
    switch.fail(StoreCall::HastenFlows, Fails::UntilLifted);
    let store = switch.around(Arc::clone(&world.store) as Arc<_>);
    let first = world.gateway_on(store, &["p"], None).await;
    recurs_at_six(&first).await;
    sleep(MINUTE).await;
    world.step(7 * HOUR);
    // It told the step to those after it, and could do no more.
    sleep(MINUTE).await;
    for call in StoreCall::ALL {
        switch.fail(*call, Fails::UntilLifted);
    }
    drop(first);
    assert_eq!(occurrences(&world.store).await, 0);
    let _second = world.gateway(&["p"], None).await;
    sleep(SOON).await;
    assert_eq!(occurrences(&world.store).await, 1);
}

#[tokio::test(start_paused = true)]
async fn each_of_several_gateways_takes_in_a_step_and_sends_once() {
    let world = World::new();
    let first = world.gateway(&["p"], None).await;
    let _second = world.gateway(&["p"], None).await;
    recurs_at_six(&first).await;
    sleep(MINUTE).await;
    world.step(4 * HOUR);
    sleep(Duration::from_hours(1)).await;
    assert_eq!(occurrences(&world.store).await, 0, "it is five");
    sleep(Duration::from_hours(1)).await;
    assert_eq!(occurrences(&world.store).await, 1, "it is six");
}

#[tokio::test(start_paused = true)]
async fn a_scheduled_action_goes_at_its_instant_by_a_clock_that_is_set_ahead_and_a_delay_lasts() {
    for (hours, left) in [(7, Duration::ZERO), (5, Duration::from_mins(59))] {
        let world = World::new();
        let gateway = world.gateway(&["p"], None).await;
        let at = world.clock.now() + Duration::from_hours(6);
        schedule(&world, &gateway, "instant", Some(at)).await;
        schedule(&world, &gateway, "delay", None).await;
        sleep(MINUTE).await;
        world.step(hours * HOUR);
        let most = left.saturating_sub(MINUTE);
        sleep(most).await;
        assert_eq!(world.find("instant").await.state, ActionState::Open);
        sleep(left.saturating_sub(most) + SOON).await;
        let found = world.find("instant").await;
        assert_eq!(found.state, ActionState::Done, "{hours} h: {found:?}");
        assert_eq!(world.find("delay").await.state, ActionState::Open);
        sleep(Duration::from_hours(6)).await;
        assert_eq!(world.find("delay").await.state, ActionState::Done);
    }
}
