//! Signals: heard, kept for their steps, refused.

use acteon_flows::chain::{Refused, signal};
use serde_json::{Value, json};

use crate::world::{World, chain, raw, send, step, with};

fn world(steps: &[Value]) -> World {
    World::with(&chain(steps), &[])
}

fn says(name: &str, template: &str) -> Value {
    with(
        send(name),
        &json!({"payload_template": {"content": template}}),
    )
}

fn wait() -> Value {
    step(
        "w",
        &json!({"wait_for_signal": {"signal_name": "go", "timeout_seconds": 60, "on_timeout": "page"}, "default_next": "on"}),
    )
}

#[test]
fn a_signal_wakes_its_step_and_is_kept_for_one_that_is_not_reached() {
    let hear = |world: &mut World| {
        world.change("c", |body, now| {
            signal(body, "go", &raw(&json!({"who": "lena"})), now)
        })
    };
    let steps = [
        send("a"),
        wait(),
        says("on", "{{ signal.who }} {{ prev.body.who }}"),
        send("page"),
    ];
    let mut early = world(&steps);
    hear(&mut early).expect("it is kept");
    assert_eq!(early.chain("c").signals.len(), 1);
    early.ok("c:a:1", &json!({}));
    assert_eq!(early.payload("c:on:1"), json!({"content": "lena lena"}));
    assert_eq!(early.chain("c").signals.len(), 0);

    let mut late = world(&steps);
    late.ok("c:a:1", &json!({}));
    assert_eq!(late.status(), "waiting_signal");
    hear(&mut late).expect("it is heard");
    assert_eq!(late.open(), ["c:on:1"]);
}

#[test]
fn a_signal_that_does_not_come_leads_where_its_step_says() {
    let mut world = World::with(&chain(&[wait(), send("on"), send("page")]), &[]);
    world.pass(60);
    assert_eq!(world.open(), ["c:page:1"]);
    assert_eq!(world.chain("c").execution_path, ["w", "page"]);
    let without = step(
        "w",
        &json!({"wait_for_signal": {"signal_name": "go", "timeout_seconds": 60}}),
    );
    let mut world = World::with(&chain(&[without, send("on")]), &[]);
    world.pass(60);
    assert_eq!(world.status(), "failed");
    assert_eq!(
        world
            .chain("c")
            .failure
            .map(|failure| failure.code)
            .as_deref(),
        Some("SIGNAL_TIMED_OUT")
    );
}

#[test]
fn signals_are_refused_that_nobody_will_take() {
    let mut world = world(&[send("a"), wait(), send("on"), send("page")]);
    let send = |world: &mut World, name: &str, payload: &Value| {
        world.change("c", |body, now| signal(body, name, &raw(payload), now))
    };
    let unknown = send(&mut world, "goo", &json!({})).expect_err("unknown");
    assert_eq!(
        unknown.to_string(),
        "no step of the chain waits for a signal \"goo\"; did you mean go?"
    );
    assert_eq!(
        send(&mut world, "go", &json!("x".repeat(16_383))),
        Err(Refused::TooLong(16_385))
    );
    send(&mut world, "go", &json!("x".repeat(16_382))).expect("it is kept");
    assert_eq!(send(&mut world, "go", &json!({})), Err(Refused::TooMany));
    world.fail("c:a:1");
    assert_eq!(
        send(&mut world, "go", &json!({})),
        Err(Refused::NotActive("failed"))
    );
    assert_eq!(world.chain("c").signals.len(), 0, "nobody will take them");
}

fn waits(name: &str, signal: &str) -> Value {
    step(name, &json!({"wait_for_signal": {"signal_name": signal}}))
}

#[test]
fn one_signal_does_not_shut_out_another() {
    let mut world = world(&[waits("w1", "ack"), waits("w2", "approved")]);
    world.hear("c", "ack", &json!({})).expect("it is taken");
    for _ in 0..20 {
        let again = world.hear("c", "ack", &json!({}));
        assert_eq!(again, Err(Refused::TooMany), "nobody takes it");
    }
    world
        .hear("c", "approved", &json!({}))
        .expect("it is taken");
    assert_eq!(world.status(), "completed");
}

#[test]
fn two_steps_may_wait_for_one_signal_and_take_two() {
    let mut world = world(&[send("a"), waits("w1", "go"), waits("w2", "go")]);
    for _ in 0..2 {
        world.hear("c", "go", &json!({})).expect("it is kept");
    }
    assert_eq!(world.hear("c", "go", &json!({})), Err(Refused::TooMany));
    let unknown = world.hear("c", "stop it", &json!({})).expect_err("unknown");
    assert!(
        unknown.to_string().ends_with("; it waits for go"),
        "{unknown}"
    );
    world.ok("c:a:1", &json!({}));
    assert_eq!(world.status(), "completed");
}

#[test]
fn a_signal_is_refused_whose_step_is_over_or_passed_by() {
    let steps = [wait(), send("on"), waits("later", "late"), send("page")];
    let mut over = world(&steps);
    over.pass(60);
    assert_eq!(over.open(), ["c:page:1"]);
    let refused = over.hear("c", "go", &json!({})).expect_err("over");
    assert_eq!(
        refused.to_string(),
        "no step of the chain takes this signal any more: each that waits for it is over, was passed by, or has its signal already"
    );
    let passed = over.hear("c", "late", &json!({}));
    assert_eq!(passed, Err(Refused::TooMany), "the chain went another way");
}
