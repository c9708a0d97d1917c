//! Each kind of step, from its beginning to its end.

use acteon_core::{ActionId, Origin, Outcome, Priority, ProviderName, Response, ResponseStatus};
use acteon_flows::Kind;
use acteon_flows::chain::{ChainFlow, StepStatus};
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
    let id = ActionId::parse("a").expect("an id");
    assert_eq!(
        (
            ChainFlow.name(),
            ChainFlow.origin(&id),
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

#[test]
fn a_step_that_came_to_no_body_has_null() {
    let after = |first: Value| {
        let last = with(
            says("b", "[{{ prev.body }}]"),
            &json!({"payload_template": {"text": "[{{ prev.body }}]", "whole": "{{ prev.body }}", "ok": "{{ prev.success }}"}}),
        );
        world(&[first, last])
    };
    let nothing = |ok: bool| json!({"text": "[]", "whole": null, "ok": ok});
    let mut timer = after(step("t", &json!({"timer": {"duration_seconds": 1}})));
    timer.pass(1);
    assert_eq!(timer.payload("c:b:1"), nothing(true));
    let mut skipped = after(with(send("a"), &json!({"on_failure": "skip"})));
    skipped.fail("c:a:1");
    assert_eq!(skipped.payload("c:b:1"), nothing(false));
}

#[test]
fn attempts_that_fail_at_once_begin_when_they_are_made() {
    let broken = with(
        says("b", "{{ origin.payload.gone }}"),
        &json!({"delay_seconds": 30}),
    );
    let mut world = world(&[broken]);
    world.pass(30);
    let attempt = &world.chain("c").steps["b"].attempts[0];
    assert_eq!(attempt.started_at, attempt.completed_at);
}
