//! Chains that start later: what comes before their start changes them, and does not start them.

use std::collections::BTreeMap;

use acteon_flows::Kind;
use acteon_flows::chain::view::events;
use acteon_flows::chain::{ChainFlow, cancel, set_attributes};
use serde_json::{Value, json};

use crate::world::{World, chain, chain_name, send, step, with};

/// Waits for a signal, and tells of it: after a day.
fn later() -> World {
    let wait = step("w", &json!({"wait_for_signal": {"signal_name": "go"}}));
    let tells = json!({"payload_template": {"n": "{{ signal.n }}"}});
    let cancelled = json!({"on_cancel": {"provider": "p", "action_type": "notify"}});
    let definition = with(chain(&[wait, with(send("a"), &tells)]), &cancelled);
    World::later(&definition, 86_400)
}

fn label(world: &mut World) {
    let attributes = BTreeMap::from([("ticket".to_owned(), "OPS-1".to_owned())]);
    world
        .change("c", |body, now| set_attributes(body, &attributes, now))
        .expect("it is labelled");
}

fn body(world: &World) -> Value {
    serde_json::from_str(&world.flows[&chain_name("c")].body).expect("JSON")
}

#[test]
fn attributes_and_early_signals_do_not_start_a_chain() {
    let mut world = later();
    let start = world.flows[&chain_name("c")].due;
    label(&mut world);
    world.hear("c", "go", &json!({"n": 7})).expect("it is kept");
    assert_eq!(world.chain("c").execution_path, [""; 0]);
    assert_eq!(world.flows[&chain_name("c")].due, start);
    let shown = events(&world.chain("c")).expect("events");
    assert!(shown.is_empty(), "{shown:?}");
    world.pass(86_399);
    assert_eq!((world.status(), world.open()), ("running", vec![]));
    world.pass(1);
    assert_eq!(world.open(), ["c:a:1"]);
    assert_eq!(world.payload("c:a:1"), json!({"n": 7}));
    let body = world.chain("c");
    assert_eq!(body.attributes["ticket"], "OPS-1");
    assert_eq!(body.started_at, world.wall());
    let shown = events(&body).expect("events");
    assert_eq!(shown[0].event_type, "execution_started");
}

#[test]
fn a_chain_is_cancelled_before_its_start() {
    let mut world = later();
    world
        .change("c", |body, now| cancel(body, Some("no more"), None, now))
        .expect("it is cancelled");
    assert_eq!(
        (world.status(), world.open()),
        ("cancelled", vec!["c:on_cancel:1"])
    );
    let shown = events(&world.chain("c")).expect("events");
    let types: Vec<_> = shown.iter().map(|event| event.event_type).collect();
    assert_eq!(types, ["cancel_requested", "execution_cancelled"]);
}

#[test]
fn older_programs_leave_a_chain_alone_until_it_started_and_no_longer() {
    let mut world = later();
    assert_eq!(body(&world)["v"], 2);
    assert!(!ChainFlow.is_newer(&body(&world).to_string()));
    world.pass(86_400);
    let started = body(&world);
    assert_eq!(
        (&started["v"], started.get("starts_due")),
        (&json!(1), None)
    );
    assert!(ChainFlow.is_newer(&with(started, &json!({"v": 3})).to_string()));
}

/// What an older version wrote does not say when it starts, and its row does.
#[test]
fn a_chain_of_an_older_version_starts_when_it_is_due() {
    let mut world = later();
    let mut older = body(&world);
    older
        .as_object_mut()
        .expect("an object")
        .remove("starts_due");
    older["v"] = json!(1);
    let row = world.flows.get_mut(&chain_name("c")).expect("a row");
    row.body = older.to_string();
    world.pass(86_399);
    assert_eq!(world.chain("c").execution_path, [""; 0]);
    label(&mut world);
    assert_eq!(world.status(), "waiting_signal");
}
