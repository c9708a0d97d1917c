//! Several steps at a time.

use acteon_flows::chain::Body;
use serde_json::{Value, json};

use crate::world::{World, approval, chain, send, step, with};

fn world(steps: &[Value]) -> World {
    World::with(&chain(steps), &[])
}

fn fan(keys: &Value, steps: &[Value]) -> Value {
    step(
        "fan",
        &json!({"parallel": with(keys.clone(), &json!({"steps": steps}))}),
    )
}

fn abc() -> [Value; 3] {
    [send("a"), send("b"), send("d")]
}

#[test]
fn all_steps_of_a_parallel_one_must_succeed() {
    let after = with(
        send("end"),
        &json!({"payload_template": {"all": "{{ prev.body }}", "b": "{{ steps.b.body.x }}"}}),
    );
    let mut world = world(&[fan(&json!({}), &abc()), after]);
    assert_eq!(
        (world.status(), world.open()),
        ("waiting_parallel", vec!["c:a:1", "c:b:1", "c:d:1"])
    );
    world.ok("c:b:1", &json!({"x": 2}));
    world.ok("c:a:1", &json!({"x": 1}));
    assert_eq!(world.status(), "waiting_parallel");
    world.ok("c:d:1", &json!({"x": 3}));
    assert_eq!(
        world.payload("c:end:1"),
        json!({"all": {"a": {"x": 1}, "b": {"x": 2}, "d": {"x": 3}}, "b": 2})
    );
}

#[test]
fn the_first_failure_calls_the_others_off_or_waits_for_them() {
    let mut fast = world(&[fan(&json!({}), &abc())]);
    fast.fail("c:b:1");
    assert_eq!((fast.status(), fast.open()), ("failed", vec![]));
    let statuses = |world: &World| {
        let body: Body = world.chain("c");
        ["a", "b", "d"].map(|name| {
            body.steps
                .get(name)
                .map_or("pending", |state| state.status.as_str())
        })
    };
    assert_eq!(statuses(&fast), ["cancelled", "failed", "cancelled"]);
    assert_eq!(
        fast.chain("c")
            .failure
            .map(|failure| failure.message)
            .as_deref(),
        Some("step \"fan\": step \"b\": errcode 40003")
    );
    let mut slow = world(&[fan(&json!({"on_failure": "best_effort"}), &abc())]);
    slow.fail("c:b:1");
    assert_eq!(
        (slow.status(), slow.open()),
        ("waiting_parallel", vec!["c:a:1", "c:d:1"])
    );
    slow.ok("c:a:1", &json!({}));
    slow.ok("c:d:1", &json!({}));
    assert_eq!(
        (slow.status(), statuses(&slow)),
        ("failed", ["completed", "failed", "completed"])
    );
    let skips = [send("a"), with(send("b"), &json!({"on_failure": "skip"}))];
    let mut skipped = world(&[fan(&json!({}), &skips)]);
    skipped.fail("c:b:1");
    skipped.ok("c:a:1", &json!({}));
    assert_eq!(skipped.status(), "completed");
}

#[test]
fn one_success_is_enough_where_any_is() {
    let mut world = World::with(&chain(&[fan(&json!({"join": "any"}), &abc())]), &[]);
    world.fail("c:a:1");
    assert_eq!(world.status(), "waiting_parallel");
    world.ok("c:b:1", &json!({}));
    assert_eq!((world.status(), world.open()), ("completed", vec![]));
    let mut world = World::with(&chain(&[fan(&json!({"join": "any"}), &abc())]), &[]);
    for id in ["c:a:1", "c:b:1", "c:d:1"] {
        world.fail(id);
    }
    assert_eq!(world.status(), "failed");
}

#[test]
fn no_more_run_at_a_time_than_may() {
    let mut world = world(&[fan(&json!({"max_concurrency": 1}), &abc())]);
    for (id, name) in [("c:a:1", "b"), ("c:b:1", "d"), ("c:d:1", "")] {
        assert_eq!(world.open(), [id]);
        world.ok(id, &json!({"next": name}));
    }
    assert_eq!(world.status(), "completed");
}

#[test]
fn a_parallel_step_takes_no_longer_than_it_may() {
    let inner = [
        send("a"),
        step("ask", &json!({"approval": {}})),
        step("sub", &json!({"sub_chain": "other"})),
    ];
    let steps = [
        with(
            fan(&json!({"timeout_seconds": 30}), &inner),
            &json!({"on_failure": "skip"}),
        ),
        send("end"),
    ];
    let other = json!({"name": "other", "steps": [send("x")]});
    let mut world = World::with(&chain(&steps), &[other]);
    assert_eq!(world.open(), ["c:a:1", "c:sub:x:1"]);
    world.pass(29);
    assert_eq!(world.status(), "waiting_parallel");
    world.pass(1);
    assert_eq!(
        world.open(),
        ["c:end:1"],
        "what runs is called off, below as well"
    );
    assert!(
        world.flows[&approval("c:ask")].due.is_some(),
        "the approval is poked, and sees that nobody waits"
    );
    let error = world.chain("c").steps["fan"].error.clone();
    assert_eq!(error.map(|error| error.code).as_deref(), Some("TIMED_OUT"));
}

#[test]
fn what_fails_at_once_calls_off_what_was_asked_for_beside_it() {
    let broken = with(
        send("b"),
        &json!({"payload_template": {"x": "{{ origin.payload.gone }}"}}),
    );
    let inner = [
        send("a"),
        step("sub", &json!({"sub_chain": "other"})),
        broken,
    ];
    let other = json!({"name": "other", "steps": [send("x")]});
    let world = World::with(&chain(&[fan(&json!({}), &inner)]), &[other]);
    assert_eq!(world.status(), "failed");
    assert!(
        world.actions.is_empty() && world.flows.len() == 1,
        "nothing was sent or begun"
    );
}
