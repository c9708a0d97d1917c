//! Each kind of step, from its beginning to its end.

use acteon_core::{Origin, Outcome, Priority, ProviderName, Response, ResponseStatus};
use acteon_flows::Kind;
use acteon_flows::chain::{ChainFlow, Refused, StepStatus, signal};
use serde_json::{Value, json};

use crate::world::{World, chain, chain_name, raw, send, step, with};

fn world(steps: &[Value]) -> World {
    World::with(&chain(steps), &[])
}

fn says(name: &str, template: &str) -> Value {
    with(
        send(name),
        &json!({"payload_template": {"content": template}}),
    )
}

#[test]
fn the_kind_says_what_it_is() {
    assert_eq!(
        (
            ChainFlow.name(),
            ChainFlow.origin(),
            ChainFlow.follows_actions()
        ),
        ("chain", Origin::Chain, true)
    );
}

#[test]
fn steps_are_sent_one_after_another_with_what_came_before() {
    let mut world = world(&[
        says(
            "a",
            "build {{ origin.payload.build }} of {{ origin.metadata.team }}",
        ),
        with(
            send("b"),
            &json!({"payload_template": {
                "whole": "{{ prev.body }}", "id": "{{ steps.a.body.id }}", "ok": "{{ steps.a.success }}", "chain": "{{ chain_id }}", "at": "{{ step_index }}"
            }}),
        ),
    ]);
    assert_eq!(world.open(), ["c:a:1"]);
    let action = &world.actions["c:a:1"].action;
    assert_eq!(
        (
            action.namespace.as_str(),
            action.tenant.as_str(),
            action.provider.as_str()
        ),
        ("n", "t", "p")
    );
    assert_eq!(
        (action.metadata["team"].as_str(), action.priority),
        ("ops", Priority::Normal)
    );
    assert_eq!(world.payload("c:a:1"), json!({"content": "build 7 of ops"}));
    assert_eq!(world.status(), "running");
    world.ok(
        "c:a:1",
        &json!({"id": 12_345_678_901_234_567_890_u64, "list": [1]}),
    );
    assert_eq!(world.open(), ["c:b:1"]);
    assert_eq!(
        world.payload("c:b:1"),
        json!({
            "whole": {"id": 12_345_678_901_234_567_890_u64, "list": [1]}, "id": 12_345_678_901_234_567_890_u64, "ok": true, "chain": "c", "at": 1
        })
    );
    world.ok("c:b:1", &json!({}));
    assert_eq!(world.status(), "completed");
    let body = world.chain("c");
    assert_eq!(body.execution_path, ["a", "b"]);
    assert_eq!(body.ended_at, Some(world.wall()));
}

#[test]
fn what_was_taken_by_another_or_in_part_is_a_success() {
    let partial = Response {
        status: ResponseStatus::Partial,
        ..Response::success(raw(&json!({"n": 1})))
    };
    let rerouted = Outcome::Rerouted {
        original_provider: ProviderName::parse("p").expect("a name"),
        new_provider: ProviderName::parse("q").expect("a name"),
        response: Response::success(raw(&json!({"n": 1}))),
        matched_rule: None,
    };
    for outcome in [Outcome::Executed(partial), rerouted] {
        let mut world = world(&[send("a"), says("b", "{{ prev.body.n }}")]);
        world.settle("c:a:1", outcome);
        world.run();
        assert_eq!(world.payload("c:b:1"), json!({"content": 1}));
    }
}

#[test]
fn an_action_that_was_deleted_is_a_failure() {
    let mut world = world(&[send("a"), send("b")]);
    world.actions.remove("c:a:1");
    world.poke(&chain_name("c"));
    world.run();
    assert_eq!(world.status(), "failed");
    assert_eq!(
        world
            .chain("c")
            .failure
            .map(|failure| failure.code)
            .as_deref(),
        Some("DELETED")
    );
}

#[test]
fn a_template_that_cannot_be_rendered_fails_its_step() {
    let steps = |policy: &str| {
        [
            send("a"),
            with(
                says("b", "{{ prev.body.gone }}"),
                &json!({"on_failure": policy}),
            ),
            send("d"),
        ]
    };
    let mut aborted = world(&steps("abort"));
    aborted.ok("c:a:1", &json!({"id": 1}));
    assert_eq!((aborted.status(), aborted.open()), ("failed", vec![]));
    let failure = aborted.chain("c").failure.expect("a failure");
    assert_eq!(failure.code, "TEMPLATE_FAILED");
    assert!(
        failure.message.starts_with(
            "step \"b\": payload_template.content, line 1: `prev.body.gone` is undefined"
        ),
        "{failure:?}"
    );
    assert_eq!(
        aborted.notices,
        [format!(
            "chain deploy failed: {} (TEMPLATE_FAILED)",
            failure.message
        )]
    );
    let mut skipped = world(&steps("skip"));
    skipped.ok("c:a:1", &json!({"id": 1}));
    assert_eq!(skipped.open(), ["c:d:1"]);
}

#[test]
fn a_delay_and_a_timer_wait_for_their_time() {
    let delayed = with(send("b"), &json!({"delay_seconds": 10}));
    let mut world = world(&[
        step("t", &json!({"timer": {"duration_seconds": 60}})),
        delayed,
    ]);
    assert_eq!(world.status(), "waiting_timer");
    world.pass(59);
    assert_eq!(world.status(), "waiting_timer");
    world.pass(1);
    assert_eq!((world.status(), world.open()), ("running", vec![]));
    world.pass(9);
    assert_eq!(world.open(), [""; 0]);
    world.pass(1);
    assert_eq!(world.open(), ["c:b:1"]);
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
    for _ in 0..16 {
        send(&mut world, "go", &json!("x".repeat(16_382))).expect("it is kept");
    }
    assert_eq!(send(&mut world, "go", &json!({})), Err(Refused::TooMany));
    world.fail("c:a:1");
    assert_eq!(
        send(&mut world, "go", &json!({})),
        Err(Refused::NotActive("failed"))
    );
    assert_eq!(world.chain("c").signals.len(), 0, "nobody will take them");
}

#[test]
fn a_body_that_is_too_long_is_dropped_and_said_to_be() {
    let mut world = world(&[
        send("a"),
        with(says("b", "{{ prev.body }}"), &json!({"on_failure": "skip"})),
        says("d", "{{ steps.a.success }}"),
    ]);
    world.ok("c:a:1", &json!("x".repeat(16 * 1024)));
    let body = world.chain("c");
    assert_eq!(
        (
            body.steps["a"].dropped_bytes,
            body.steps["a"].body.is_none()
        ),
        (Some(16 * 1024 + 2), true)
    );
    assert_eq!(
        body.steps["b"].status,
        StepStatus::Skipped,
        "what it reads is not there"
    );
    assert_eq!(world.payload("c:d:1"), json!({"content": true}));
}
