//! Several steps at a time.

use acteon_flows::chain::Body;
use serde_json::{Value, json};

use crate::world::{World, approval, chain, failed, send, step, with};

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

#[test]
fn a_step_of_a_parallel_one_may_ask_for_a_dead_letter() {
    let is_letter = |policy: &str, join: &str| {
        let inner = [send("a"), with(send("b"), &json!({"on_failure": policy}))];
        let fan = fan(&json!({"join": join, "on_failure": "best_effort"}), &inner);
        let definition = with(chain(&[fan]), &json!({"on_failure": "abort_no_dlq"}));
        let mut world = World::with(&definition, &[]);
        world.fail("c:a:1");
        world.fail("c:b:1");
        let failure = world.chain("c").failure.expect("a failure");
        failure.dead_letter
    };
    assert!(is_letter("dlq", "all") && is_letter("dlq", "any"));
    assert!(!is_letter("abort", "all") && !is_letter("skip", "any"));
}

#[test]
fn a_step_of_a_parallel_one_that_came_to_no_body_has_null_in_the_whole() {
    let inner = [send("a"), with(send("b"), &json!({"on_failure": "skip"}))];
    let after = with(
        send("end"),
        &json!({"payload_template": {"all": "{{ prev.body }}", "b": "[{{ prev.body.b }}]"}}),
    );
    let mut world = world(&[fan(&json!({}), &inner), after]);
    world.fail("c:b:1");
    world.ok("c:a:1", &json!(1));
    assert_eq!(
        world.payload("c:end:1"),
        json!({"all": {"a": 1, "b": null}, "b": "[]"})
    );
}

#[test]
fn bodies_that_are_kept_one_by_one_are_there_together() {
    let names: Vec<String> = (0..20).map(|n| format!("s{n}")).collect();
    let inner: Vec<Value> = names.iter().map(|name| send(name)).collect();
    let after = with(
        send("end"),
        &json!({"payload_template": {"last": "{{ prev.body.s19.n }}"}}),
    );
    let mut world = world(&[fan(&json!({}), &inner), after]);
    for name in &names {
        let body = json!({"n": 1, "text": "x".repeat(1000)});
        world.ok(&format!("c:{name}:1"), &body);
    }
    assert_eq!(world.payload("c:end:1"), json!({"last": 1}));
}

#[test]
fn many_long_actions_are_admitted_in_several_commits() {
    let long = json!({"payload_template": {"text": "{{ origin.payload.text }}"}});
    let inner: Vec<Value> = (0..20)
        .map(|n| with(send(&format!("s{n}")), &long))
        .collect();
    let text = json!({"text": "x".repeat(900_000)});
    let world = World::of_payload(&chain(&[fan(&json!({}), &inner)]), &text);
    assert_eq!(world.actions.len(), 20);
    assert!(world.longest < 6_000_000, "{}", world.longest);
}

#[test]
fn many_long_actions_that_are_due_at_once_are_admitted_in_several_commits() {
    let long =
        json!({"payload_template": {"text": "{{ origin.payload.text }}"}, "delay_seconds": 10});
    let inner: Vec<Value> = (0..20)
        .map(|n| with(send(&format!("s{n}")), &long))
        .collect();
    let text = json!({"text": "x".repeat(900_000)});
    let mut world = World::of_payload(&chain(&[fan(&json!({}), &inner)]), &text);
    world.pass(10);
    assert_eq!(world.actions.len(), 20);
    assert!(world.longest < 6_000_000, "{}", world.longest);
}

#[test]
fn what_is_tried_again_waits_for_room_in_a_commit_too() {
    let long = json!({
        "payload_template": {"text": "{{ origin.payload.text }}"}, "retry": {"max_retries": 1, "backoff_ms": 0, "strategy": "fixed"}
    });
    let names: Vec<String> = (0..20).map(|n| format!("s{n}")).collect();
    let inner: Vec<Value> = names.iter().map(|name| with(send(name), &long)).collect();
    let text = json!({"text": "x".repeat(900_000)});
    let mut world = World::of_payload(&chain(&[fan(&json!({}), &inner)]), &text);
    for name in &names {
        world.settle(&format!("c:{name}:1"), failed());
    }
    world.run();
    assert_eq!(world.actions.len(), 40);
    assert!(world.longest < 6_000_000, "{}", world.longest);
}
