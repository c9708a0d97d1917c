//! Branches on what was not kept of a step's body.

use acteon_flows::chain::StepStatus;
use acteon_flows::chain::view::detail;
use serde_json::{Value, json};

use crate::world::{World, chain, send, step, with};

fn branch(field: &str, operator: &str, value: &Value) -> Value {
    json!({"field": field, "operator": operator, "value": value, "target": "good"})
}

/// A step with a branch that leads to `good`, and the default to `other`.
fn branches(first: Value, branches: &[Value]) -> [Value; 3] {
    let keys = json!({"branches": branches, "default_next": "other"});
    [with(first, &keys), send("other"), send("good")]
}

fn long() -> Value {
    json!({"errcode": 0, "text": "x".repeat(16 * 1024)})
}

/// Starts a chain whose last step is this one, and goes on by what it came to.
fn below(last: &Value, branch: &[Value], keys: &Value) -> World {
    let sub = with(step("sub", &json!({"sub_chain": "other"})), keys);
    let other = json!({"name": "other", "steps": [last]});
    World::with(&chain(&branches(sub, branch)), &[other])
}

/// Checks that the first step failed since a branch reads what was dropped.
fn is_told(world: &World, branch: &str) {
    assert_eq!((world.status(), world.open()), ("failed", vec![]));
    let failure = world.chain("c").failure.expect("a failure");
    assert_eq!(failure.code, "BODY_DROPPED");
    let part = format!("its branch {branch} reads what was dropped of its body: 16");
    assert!(failure.message.contains(&part), "{failure:?}");
}

#[test]
fn a_branch_on_a_body_that_a_chain_within_did_not_keep_fails_its_step() {
    let on_code = branch("body.errcode", "eq", &json!(0));
    let on_absence = branch("body.errcode", "exists", &json!(false));
    for (branch, shown) in [
        (&on_code, "body.errcode eq 0"),
        (&on_absence, "body.errcode exists false"),
    ] {
        let mut world = below(&send("x"), std::slice::from_ref(branch), &json!({}));
        world.ok("c:sub:x:1", &long());
        is_told(&world, shown);
    }
    let mut kept = below(&send("x"), std::slice::from_ref(&on_code), &json!({}));
    kept.ok("c:sub:x:1", &json!({"errcode": 0}));
    assert_eq!(kept.open(), ["c:good:1"]);
    // Whether it succeeded is known, and the first that is true counts.
    let success = branch("success", "eq", &json!(true));
    let mut known = below(&send("x"), &[success, on_code.clone()], &json!({}));
    known.ok("c:sub:x:1", &long());
    assert_eq!(known.open(), ["c:good:1"]);
    let mut skipped = below(&send("x"), &[on_code], &json!({"on_failure": "skip"}));
    skipped.ok("c:sub:x:1", &long());
    assert_eq!(
        skipped.open(),
        ["c:other:1"],
        "as where it failed otherwise"
    );
    let state = &skipped.chain("c").steps["sub"];
    assert_eq!(state.status, StepStatus::Skipped);
    assert!(state.dropped_bytes.is_some());
}

fn fan(steps: &[Value]) -> Value {
    step("fan", &json!({"parallel": {"steps": steps}}))
}

#[test]
fn a_branch_on_what_a_step_of_a_parallel_one_did_not_keep_fails_it() {
    let both = |branch: &Value| {
        let fan = fan(&[send("a"), send("b")]);
        let mut world = World::with(&chain(&branches(fan, std::slice::from_ref(branch))), &[]);
        world.ok("c:a:1", &long());
        world.ok("c:b:1", &json!({"errcode": 0}));
        world
    };
    let of = |field: &str| branch(field, "eq", &json!(0));
    is_told(&both(&of("body.a.errcode")), "body.a.errcode eq 0");
    is_told(&both(&of("body")), "body eq 0");
    assert_eq!(both(&of("body.b.errcode")).open(), ["c:good:1"]);
    assert_eq!(both(&of("body.b.gone")).open(), ["c:other:1"]);
    let there = branch("body", "exists", &json!(true));
    let world = both(&there);
    assert_eq!(world.open(), ["c:good:1"]);
    let shown = detail(&world.chain("c"), "running").expect("a view");
    let body = shown.steps[0].response_body.as_ref().expect("a body");
    assert_eq!(
        body.get(),
        r#"{"b":{"errcode":0}}"#,
        "what is kept is shown"
    );
}

#[test]
fn what_a_parallel_step_below_did_not_keep_is_missed_above() {
    let last = fan(&[send("a"), send("b")]);
    let on = |field: &str| {
        let branch = branch(field, "eq", &json!(0));
        let mut world = below(&last, &[branch], &json!({}));
        world.ok("c:sub:a:1", &long());
        world.ok("c:sub:b:1", &json!({"errcode": 0}));
        world
    };
    is_told(&on("body.a.errcode"), "body.a.errcode eq 0");
    assert_eq!(on("body.b.errcode").open(), ["c:good:1"]);
}
