//! A flow's step whose action finds no room: nothing of it is written, neither what it calls off.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{
    Action, ActionId, Clock as _, Namespace, Origin, Provider, ProviderName, Requesters, Scope,
    Tenant,
};
use acteon_flows::{Due, Effect, InvalidBody, Kind, Looked, LooksAt, Step};
use acteon_gateway::{FlowKinds, Gateway, GatewayOptions, OpenLimits, Parts, Registry};
use acteon_rules::RuleSet;
use acteon_simulation::harness::{RecordingProvider, SeededEntropy};
use acteon_store::{ActionState, Advance, Advanced, Expect, FlowState, Flows as _, History as _};
use serde_json::json;
use tokio::time::sleep;

use crate::lanes::NoObserver;
use crate::parents::{child_of, key};
use crate::steps::World;

/// Calls one action off and wants another sent, in one step.
struct Swaps;

impl Kind for Swaps {
    fn name(&self) -> &'static str {
        "wants"
    }

    fn origin(&self, _action: &ActionId) -> Origin {
        Origin::Chain
    }

    fn follows_actions(&self) -> bool {
        true
    }

    fn waits_for_the_wall_clock(&self) -> bool {
        false
    }

    fn looks_at(&self, _body: &str) -> Result<LooksAt, InvalidBody> {
        Ok(LooksAt::default())
    }

    fn step(&self, flow: &Looked<'_>) -> Result<Step, InvalidBody> {
        let invalid = |error: serde_json::Error| InvalidBody(error.to_string());
        let new = json!({ "id": "new", "namespace": "n", "tenant": "t", "provider": "p", "action_type": "x", "payload": {},
            "created_at": "2026-01-01T00:00:00Z" });
        let action: Action = serde_json::from_value(new).map_err(invalid)?;
        let old = ActionId::parse("old").map_err(|error| InvalidBody(error.to_string()))?;
        let admit = Effect::Admit {
            action: Arc::new(action),
            since: flow.now,
            requester: Requesters::default(),
        };
        Ok(Step {
            status: "swapped",
            body: json!({ "swapped": true }).to_string(),
            due: Due::Never,
            effects: vec![Effect::Cancel(old), admit],
            notice: None,
        })
    }
}

async fn gateway(world: &World, per_provider: usize) -> Gateway {
    let mut registry = Registry::default();
    let provider = Arc::new(RecordingProvider::new("p")) as Arc<dyn Provider>;
    registry
        .add(ProviderName::parse("p").expect("a name"), provider)
        .expect("a provider");
    let open = OpenLimits {
        total: 100,
        per_provider,
        per_tenant: 100,
    };
    let parts = Parts {
        store: Arc::clone(&world.store) as Arc<_>,
        clock: Arc::clone(&world.clock) as Arc<_>,
        entropy: Arc::new(SeededEntropy::new(7)),
        observer: Arc::new(NoObserver),
        registry,
        rules: RuleSet::default(),
        options: GatewayOptions {
            open,
            flows: FlowKinds::with(Arc::new(Swaps)),
            ..GatewayOptions::default()
        },
    };
    Gateway::start(parts).await.expect("a gateway")
}

/// Begins the flow `old`, which is due at once, with its action, which is due in an hour.
async fn begin(world: &World) {
    let now = world.clock.now();
    let scope = (
        Namespace::parse("n").expect("a name"),
        Tenant::parse("t").expect("a name"),
    );
    let state = FlowState {
        status: "waits".into(),
        body: "{}".into(),
        due_at: Some(now),
        is_over: false,
    };
    let begins = Advance {
        key: key("old"),
        expect: Expect::New(scope.0, scope.1),
        at: now,
        due: now,
        state: Some(state),
        admissions: vec![child_of("old", "p", (now, now + Duration::from_hours(1)))],
        begins: Vec::new(),
        cancels: Vec::new(),
        pokes: Vec::new(),
        events: Vec::new(),
    };
    let advanced = world.store.advance(begins).await.expect("an answer");
    assert!(matches!(advanced, Advanced::Written { .. }));
}

/// Status of the flow, and whether the action is over that it calls off.
async fn stands(world: &World) -> (String, bool) {
    let flow = world.store.flow(&key("old")).await.expect("an answer");
    let id = ActionId::parse("old").expect("an id");
    let found = world.store.find(&Scope::everything(), &id).await;
    let action = found.expect("an answer").pop().expect("an action");
    let status = flow.expect("a flow").state.status.to_string();
    (status, action.state == ActionState::Done)
}

#[tokio::test(start_paused = true)]
async fn a_step_without_room_is_written_whole_or_not_at_all() {
    let world = World::new();
    begin(&world).await;
    let full = gateway(&world, 0).await;
    sleep(Duration::from_secs(30)).await;
    assert_eq!(stands(&world).await, ("waits".to_owned(), false));
    full.stop(Duration::from_secs(1)).await;
    let _roomy = gateway(&world, 10).await;
    sleep(Duration::from_mins(2)).await;
    assert_eq!(stands(&world).await, ("swapped".to_owned(), true));
}
