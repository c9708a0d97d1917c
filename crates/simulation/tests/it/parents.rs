//! Flows that want actions: each is poked when its action is over, however that comes.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{
    Action, ActionId, Caller, Clock as _, Namespace, Origin, Prepared, Provider, ProviderName,
    Scope, Tenant, Timestamp, VerdictKind,
};
use acteon_gateway::RetryPolicy;
use acteon_simulation::harness::{FailingProvider, SimulationConfig, SimulationHarness};
use acteon_store::{
    ActionState, Admission, Advance, Advanced, Conditions, Disposition, Enqueue, Expect, FlowKey,
    FlowState, Route, Turn,
};
use serde_json::json;

fn action(id: &str, provider: &str) -> Action {
    let action = json!({
        "id": id, "namespace": "n", "tenant": "t", "provider": provider, "action_type": "x", "payload": {}, "created_at": "2026-01-01T00:00:00Z",
    });
    serde_json::from_value(action).expect("an action")
}

pub(crate) fn key(id: &str) -> FlowKey {
    FlowKey::new("wants", id)
}

/// Action that the flow of its name wants, due at an instant, and worth a minute from then on.
pub(crate) fn child_of(
    id: &str,
    provider: &str,
    (now, due_at): (Timestamp, Timestamp),
) -> Admission {
    let action = action(id, provider);
    let prepared = Arc::new(Prepared {
        bytes: serde_json::to_vec(&action).expect("JSON"),
        ..Prepared::default()
    });
    let route = Route {
        provider: ProviderName::parse(provider).expect("a name"),
        prepared,
        not_before: due_at,
        give_up_at: due_at + Duration::from_mins(1),
        enqueue: Enqueue::DueAt(due_at),
        quotas: Vec::new(),
        so_far: None,
    };
    Admission {
        action: Arc::new(action),
        origin: Origin::Api,
        caller: Caller::anonymous(),
        verdict: VerdictKind::Allow,
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
        parent: Some(key(id)),
        begins: Vec::new(),
    }
}

/// Begins a flow that waits for its action.
async fn begin(harness: &SimulationHarness, id: &str, provider: &str, later: Duration) {
    let now = harness.clock().now();
    let (namespace, tenant) = (
        Namespace::parse("n").expect("a name"),
        Tenant::parse("t").expect("a name"),
    );
    let state = FlowState {
        status: "waits".into(),
        body: "{}".into(),
        due_at: None,
        is_over: false,
    };
    let begins = Advance {
        key: key(id),
        expect: Expect::New(namespace, tenant),
        at: now,
        due: now,
        state: Some(state),
        admissions: vec![child_of(id, provider, (now, now + later))],
        begins: Vec::new(),
        cancels: Vec::new(),
        pokes: Vec::new(),
        events: Vec::new(),
    };
    let advanced = harness.store().advance(begins).await.expect("an answer");
    assert!(matches!(advanced, Advanced::Written { .. }), "{id}");
}

/// Due time of a flow, and whether its action is over.
async fn stands(harness: &SimulationHarness, id: &str) -> (Option<Timestamp>, ActionState) {
    let store = harness.store();
    let flow = store
        .flow(&key(id))
        .await
        .expect("an answer")
        .expect("a flow");
    let id = ActionId::parse(id).expect("an id");
    let mut found = store
        .find(&Scope::everything(), &id)
        .await
        .expect("an answer");
    (flow.state.due_at, found.pop().expect("an action").state)
}

async fn pass(harness: &SimulationHarness, time: Duration) {
    harness.advance(time).await.expect("time passes");
}

#[tokio::test]
async fn a_flow_is_due_as_soon_as_its_action_is_over() {
    let failing = Arc::new(FailingProvider::execution_failed());
    let config = SimulationConfig::builder()
        .add_recording_provider("p")
        .add_provider("fails", failing as Arc<dyn Provider>)
        .build();
    let harness = SimulationHarness::start(config).await.expect("a harness");
    let began = harness.clock().now();
    let hour = Duration::from_hours(1);
    for (id, provider, later) in [
        ("sent", "p", Duration::ZERO),
        ("dead", "fails", Duration::ZERO),
        // Nobody has this provider: it is given up at its end.
        ("gone", "nobodys", Duration::ZERO),
        ("called-off", "p", hour),
        ("waits", "p", hour),
    ] {
        begin(&harness, id, provider, later).await;
    }
    let everything = Scope::everything();
    let id = ActionId::parse("called-off").expect("an id");
    let gateway = harness.node(0).expect("a node").gateway();
    gateway
        .cancel_scheduled(&everything, &id, &Caller::anonymous())
        .await
        .expect("called off");
    assert_eq!(
        stands(&harness, "called-off").await,
        (Some(began), ActionState::Done)
    );
    pass(&harness, Duration::from_mins(10)).await;
    for (id, state) in [
        ("sent", ActionState::Done),
        ("dead", ActionState::Dead),
        ("gone", ActionState::Dead),
    ] {
        let (due_at, found) = stands(&harness, id).await;
        assert_eq!(found, state, "{id}");
        let is_due =
            due_at.is_some_and(|due_at| due_at >= began && due_at <= harness.clock().now());
        assert!(is_due, "{id}: {due_at:?}");
    }
    assert_eq!(stands(&harness, "waits").await, (None, ActionState::Open));
    pass(&harness, hour).await;
    let (due_at, state) = stands(&harness, "waits").await;
    assert_eq!(state, ActionState::Done);
    assert!(
        due_at.is_some_and(|due_at| due_at >= began + hour),
        "{due_at:?}"
    );
}

#[tokio::test]
async fn a_flow_whose_action_is_tried_again_waits_on() {
    let failing = Arc::new(FailingProvider::connection_error().fail_until(2));
    let config = SimulationConfig::builder()
        .add_provider("p", Arc::clone(&failing) as Arc<dyn Provider>)
        .retry(RetryPolicy {
            max_quick: 0,
            ..RetryPolicy::default()
        })
        .build();
    let harness = SimulationHarness::start(config).await.expect("a harness");
    begin(&harness, "a", "p", Duration::ZERO).await;
    let mut before = 0;
    while stands(&harness, "a").await.1 == ActionState::Open {
        assert_eq!(stands(&harness, "a").await.0, None, "after {before} calls");
        pass(&harness, Duration::from_secs(1)).await;
        before = failing.call_count();
    }
    assert_eq!(before, 3, "it was put off twice");
    assert!(stands(&harness, "a").await.0.is_some());
}
