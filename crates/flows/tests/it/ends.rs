//! Ends from outside, by a wish or because the time is over, at the same time as ends of steps.

use acteon_flows::chain::{StepStatus, cancel, signal};
use serde_json::{Value, json};

use crate::world::{World, chain, executed, failed, raw, send, step, with};

fn on_cancel(template: &str) -> Value {
    json!({"on_cancel": {"provider": "p", "action_type": "told", "payload_template": {"content": template}}})
}

fn cancelled(world: &mut World) {
    world
        .change("c", |body, now| cancel(body, None, Some("lena"), now))
        .expect("cancelled");
    assert_eq!(world.status(), "cancelled");
}

fn step_status(world: &World, step: &str) -> (StepStatus, usize) {
    let state = &world.chain("c").steps[step];
    (state.status, state.attempts.len())
}

#[test]
fn what_came_before_a_cancellation_is_kept_and_can_be_rolled_back() {
    let definition = with(
        chain(&[send("deploy"), send("b")]),
        &on_cancel("undo {{ steps.deploy.body.id }}, {{ prev.body.id }}"),
    );
    let mut world = World::with(&definition, &[]);
    world.settle("c:deploy:1", executed(&json!({"id": 9})));
    cancelled(&mut world);
    assert_eq!(step_status(&world, "deploy"), (StepStatus::Completed, 1));
    assert_eq!(
        world.payload("c:on_cancel:1"),
        json!({"content": "undo 9, 9"})
    );
    assert_eq!(world.open(), ["c:on_cancel:1"], "nothing more begins");
}

#[test]
fn a_failure_at_a_cancellation_is_not_tried_again() {
    let retry = json!({"retry": {"max_retries": 3, "backoff_ms": 0}});
    let mut world = World::with(&chain(&[with(send("a"), &retry)]), &[]);
    world.settle("c:a:1", failed());
    cancelled(&mut world);
    assert_eq!(step_status(&world, "a"), (StepStatus::Failed, 1));
    assert_eq!(world.open(), [""; 0]);
}

#[test]
fn what_runs_at_a_cancellation_is_called_off_and_has_an_attempt() {
    let fan = step(
        "fan",
        &json!({"parallel": {"join": "any", "steps": [send("x"), send("y")]}}),
    );
    let mut world = World::with(&chain(&[fan]), &[]);
    cancelled(&mut world);
    assert_eq!(step_status(&world, "x"), (StepStatus::Cancelled, 1));
    let fan = step(
        "fan",
        &json!({"parallel": {"join": "any", "steps": [send("x"), send("y")]}}),
    );
    let mut world = World::with(&chain(&[fan]), &[]);
    world.settle("c:x:1", executed(&json!({"n": 1})));
    cancelled(&mut world);
    let statuses = ["x", "y", "fan"].map(|step| step_status(&world, step).0);
    assert_eq!(
        statuses,
        [
            StepStatus::Completed,
            StepStatus::Cancelled,
            StepStatus::Completed
        ]
    );
}

#[test]
fn what_came_before_the_time_was_over_counts() {
    let in_time = || with(chain(&[send("a")]), &json!({"timeout_seconds": 100}));
    let mut world = World::with(&in_time(), &[]);
    world.now += 99_000;
    world.settle("c:a:1", executed(&json!({"id": 1})));
    world.pass(2);
    assert_eq!(world.status(), "completed");

    let steps = [
        step("w", &json!({"wait_for_signal": {"signal_name": "go"}})),
        send("b"),
    ];
    let definition = with(chain(&steps), &json!({"timeout_seconds": 100}));
    let mut world = World::with(&definition, &[]);
    world.now += 99_000;
    let name = crate::world::chain_name("c");
    let body = world.flows[&name].body.clone();
    let heard = signal(&body, "go", &raw(&json!({"by": "lena"})), world.wall());
    world.flows.get_mut(&name).expect("a chain").body = heard.expect("heard");
    world.pass(2);
    assert_eq!((world.status(), world.open()), ("timed_out", vec![]));
    assert_eq!(step_status(&world, "w").0, StepStatus::Completed);
    assert_eq!(step_status(&world, "b").0, StepStatus::Cancelled);
}

#[test]
fn a_cancellation_reads_the_step_before_the_one_that_it_ends() {
    let definition = with(
        chain(&[send("deploy"), send("b")]),
        &on_cancel("undo {{ prev.body.id }}"),
    );
    let mut world = World::with(&definition, &[]);
    world.ok("c:deploy:1", &json!({"id": 9}));
    cancelled(&mut world);
    assert_eq!(world.payload("c:on_cancel:1"), json!({"content": "undo 9"}));
}

#[test]
fn a_payload_that_cannot_be_rendered_at_a_cancellation_says_why() {
    let definition = with(chain(&[send("a")]), &on_cancel("{{ steps.a.body.id }}"));
    let mut world = World::with(&definition, &[]);
    cancelled(&mut world);
    let told = world.payload("c:on_cancel:1")["content"]
        .as_str()
        .map(str::to_owned)
        .expect("a text");
    assert!(
        told.starts_with(
            "Chain deploy (c) was cancelled by lena (its on_cancel.payload_template could not be rendered: on_cancel.payload_template.content, line 1: "
        ),
        "{told}"
    );
    assert_eq!(world.notices.len(), 1, "{:?}", world.notices);
    assert!(world.notices[0].contains("could not be rendered"));
}

#[test]
fn who_is_told_of_a_cancellation_is_told_however_late() {
    let mut world = World::expiring(&with(chain(&[send("a")]), &on_cancel("over")));
    assert!(world.actions["c:a:1"].action.expires_at.is_some());
    cancelled(&mut world);
    assert_eq!(world.actions["c:on_cancel:1"].action.expires_at, None);
}

#[test]
fn what_is_called_off_waits_for_no_room() {
    let definition = with(chain(&[send("a")]), &on_cancel("over"));
    let mut world = World::with(&definition, &[]);
    world.is_full = true;
    world
        .change("c", |body, now| cancel(body, None, None, now))
        .expect("cancelled");
    assert_eq!(world.open(), [""; 0], "called off at once");
    assert_eq!(step_status(&world, "a").0, StepStatus::Cancelled);
    world.is_full = false;
    world.pass(5);
    assert_eq!(
        (world.status(), world.open()),
        ("cancelled", vec!["c:on_cancel:1"])
    );
}

#[test]
fn a_time_out_of_parallel_steps_stays_one_where_there_is_no_room() {
    let inner = [send("a"), with(send("b"), &json!({"on_failure": "skip"}))];
    let fan = json!({
        "parallel": {"timeout_seconds": 30, "steps": inner}, "on_failure": "skip", "default_next": "page",
        "branches": [{"field": "success", "operator": "eq", "value": true, "target": "deploy"}]
    });
    let deploy = with(send("deploy"), &json!({"default_next": "end"}));
    let steps = [step("fan", &fan), deploy, send("page"), send("end")];
    let mut world = World::with(&chain(&steps), &[]);
    world.ok("c:a:1", &json!({}));
    world.is_full = true;
    world.pass(30);
    assert_eq!(world.open(), [""; 0], "b is called off at once");
    world.is_full = false;
    world.pass(5);
    assert_eq!(world.open(), ["c:page:1"]);
    let error = world.chain("c").steps["fan"].error.clone();
    assert_eq!(error.map(|error| error.code).as_deref(), Some("TIMED_OUT"));
}
