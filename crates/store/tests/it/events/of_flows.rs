//! Events of flows, which stand in the one order with those of actions.

use acteon_core::Action;
use acteon_store::{Advance, Advanced, EventKind, FlowEvent};
use serde_json::{Map, json};

use super::{end_at_once, events, look};
use crate::{Engine, at, flows};

fn told(flow: &str, kind: EventKind) -> FlowEvent {
    let action = json!({ "id": "origin", "namespace": "n", "tenant": "t", "provider": "p", "action_type": "x", "payload": {},
        "created_at": "2026-01-01T00:00:00Z" });
    let origin: Action = serde_json::from_str(&action.to_string()).expect("an action");
    let members = Map::from_iter([("step_name".to_owned(), json!(flow))]);
    FlowEvent::new((kind, at(250)), flow, &origin, &members).expect("an event")
}

pub(crate) async fn a_step_tells_what_happened_to_its_flow(engine: &Engine) {
    let store = engine.open().await;
    flows::write(&*store, flows::begins("a", flows::waits(Some(300)))).await;
    let before = store.newest_event().await.expect("an id").position();
    end_at_once(&*store, "first", at(150)).await;
    let held = flows::flow(&*store, "a").await;
    let step = || Advance {
        events: vec![
            told("a", EventKind::ChainStepCompleted),
            told("a", EventKind::ChainCompleted),
        ],
        ..flows::changes(&held, flows::over())
    };
    flows::write(&*store, step()).await;
    // The flow is another one by now: nothing happened.
    let late = store.advance(step()).await.expect("looked");
    assert!(matches!(late, Advanced::Changed(_)));
    end_at_once(&*store, "last", at(350)).await;
    let found = events(&*store, before, 4).await;
    let of: Vec<_> = found
        .iter()
        .map(|event| (event.kind, event.flow.as_deref(), event.action.id.as_str()))
        .collect();
    assert_eq!(
        of,
        [
            (EventKind::ActionDispatched, None, "first"),
            (EventKind::ChainStepCompleted, Some("a"), "origin"),
            (EventKind::ChainCompleted, Some("a"), "origin"),
            (EventKind::ActionDispatched, None, "last"),
        ]
    );
    let event = &found[1];
    let action = &event.action;
    assert_eq!(
        (
            event.at,
            action.namespace.as_str(),
            action.tenant.as_str(),
            action.provider.as_str(),
            action.action_type.as_str(),
            &*action.outcome
        ),
        (at(250), "n", "t", "p", "x", r#"{"step_name":"a"}"#)
    );
    // A look goes on in their midst, and they are known by their ids.
    assert_eq!(look(&*store, event.position).await.events, found[2..]);
    for event in &found {
        let id = acteon_store::EventId::new(event.at, event.position);
        assert_eq!(store.has_event(id).await, Ok(true), "{event:?}");
    }
}
