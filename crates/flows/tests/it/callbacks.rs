//! Events that a service told of: done once, answered once, and forgotten.

use acteon_core::{ActionId, ProviderName, Timestamp};
use acteon_flows::callback::{Callback, CallbackFlow, callback_name};
use acteon_flows::{Due, Effect, Kind, Looked};
use acteon_schedule::Calendars;
use serde_json::value::RawValue;

use crate::cards::event;
use crate::world::scope;

fn provider() -> ProviderName {
    ProviderName::parse("wx").expect("a name")
}

#[test]
fn an_event_is_done_once_kept_for_a_day_and_forgotten() {
    let callback = Callback::new(provider(), event("d1"));
    assert_eq!(&*callback_name(&provider(), &callback.event).id, "wx:d1");
    let body = callback.to_json().expect("a body");
    assert!(CallbackFlow.errand(&body).expect("it is read").is_some());
    let reply: Box<RawValue> = RawValue::from_string(r#"{"content":"no"}"#.into()).expect("JSON");
    let (namespace, tenant) = scope();
    let at = Timestamp::from_millis(1_790_000_000_000);
    let looked = Looked {
        id: "wx:d1",
        namespace: &namespace,
        tenant: &tenant,
        body: &body,
        now: at,
        due_now: at,
        children: &[],
        flows: &[],
        calendars: &Calendars::default(),
        reply: Some(&reply),
    };
    let step = CallbackFlow.step(&looked).expect("a step");
    let [Effect::Admit { action, .. }] = &step.effects[..] else {
        panic!("an answer: {:?}", step.effects);
    };
    assert_eq!(action.id, ActionId::parse("callback:d1").expect("an id"));
    assert_eq!(action.provider, provider());
    assert_eq!(action.payload.get(), reply.get());
    let Due::Counted(until) = step.due else {
        panic!("it is kept: {:?}", step.due);
    };
    assert_eq!(until.since(at).as_secs(), 86_400);
    assert!(CallbackFlow.errand(&step.body).expect("read").is_none());
    let later = Looked {
        body: &step.body,
        due_now: until,
        reply: None,
        ..looked
    };
    let last = CallbackFlow.step(&later).expect("a step");
    assert_eq!(last.due, Due::Gone);
    assert!(last.effects.is_empty());
}

#[test]
fn a_body_of_a_newer_version_is_left_to_it() {
    assert!(CallbackFlow.is_newer(r#"{"v":2}"#));
    assert!(!CallbackFlow.is_newer(r#"{"v":1}"#));
    assert!(CallbackFlow.errand("{}").is_err());
}
