//! What happens when steps fail, take too long, branch, or run side by side; and when a chain is cancelled.

use acteon_core::{ActionId, Outcome};
use acteon_flows::chain::{Body, Refused, StepStatus, cancel};
use serde_json::{Value, json};

use crate::world::{World, chain, chain_name, executed, failed, failed_for_good, send, with};

fn world(steps: &[Value]) -> World {
    World::with(&chain(steps), &[])
}

#[test]
fn the_policies_of_step_and_chain_say_what_a_failure_comes_to() {
    for (of_step, of_chain, status, is_letter) in [
        ("abort", "abort", "failed", true),
        ("abort", "abort_no_dlq", "failed", false),
        ("dlq", "abort_no_dlq", "failed", true),
        ("skip", "abort", "running", false),
    ] {
        let steps = [with(send("a"), &json!({"on_failure": of_step})), send("b")];
        let mut world = World::with(&with(chain(&steps), &json!({"on_failure": of_chain})), &[]);
        world.fail("c:a:1");
        assert_eq!(world.status(), status, "{of_step} {of_chain}");
        let failure = world.chain("c").failure;
        assert_eq!(
            failure.is_some_and(|failure| failure.dead_letter),
            is_letter,
            "{of_step} {of_chain}"
        );
        let expected: &[&str] = if status == "running" { &["c:b:1"] } else { &[] };
        assert_eq!(world.open(), expected);
    }
}

#[test]
fn retries_are_new_actions_after_growing_pauses() {
    let pauses = |strategy: &str| {
        let retry = json!({"retry": {"max_retries": 3, "backoff_ms": 1000, "strategy": strategy}});
        let mut world = world(&[with(send("a"), &retry)]);
        let mut pauses = Vec::new();
        for attempt in 1..=3 {
            world.fail(&format!("c:a:{attempt}"));
            let mut pause = 0;
            while world.open().is_empty() {
                world.pass(1);
                pause += 1;
            }
            pauses.push(pause);
        }
        world.fail("c:a:4");
        assert_eq!(world.status(), "failed");
        let attempts = &world.chain("c").steps["a"].attempts;
        assert_eq!(
            attempts
                .iter()
                .map(|attempt| attempt.attempt)
                .collect::<Vec<_>>(),
            [1, 2, 3, 4]
        );
        pauses
    };
    assert_eq!(pauses("fixed"), [1, 1, 1]);
    assert_eq!(pauses("linear"), [1, 2, 3]);
    assert_eq!(pauses("exponential"), [1, 2, 4]);
}

#[test]
fn what_somebody_decided_is_not_tried_again() {
    let silenced = || Outcome::Silenced {
        silence_id: "s".into(),
        matched_rule: None,
    };
    let others = [
        Outcome::Suppressed { rule: "r".into() },
        Outcome::Deduplicated {
            action_id: ActionId::parse("x").expect("an id"),
        },
        Outcome::Muted {
            interval: "night".into(),
            reason: "mute_time_interval".into(),
            matched_rule: None,
        },
        silenced(),
    ];
    for outcome in others {
        let name = outcome.as_str().to_uppercase();
        let mut world = world(&[with(send("a"), &json!({"retry": {"max_retries": 3}}))]);
        world.settle("c:a:1", outcome);
        world.run();
        assert_eq!(
            world.chain("c").failure.map(|failure| failure.code),
            Some(name)
        );
    }
}

#[test]
fn what_cannot_succeed_is_not_tried_again() {
    let mut world = world(&[with(send("a"), &json!({"retry": {"max_retries": 10}}))]);
    world.settle("c:a:1", failed_for_good());
    world.run();
    assert_eq!((world.status(), world.actions.len()), ("failed", 1));
}

#[test]
fn jitter_is_within_its_bounds_and_the_same_each_time() {
    let retry = json!({"retry": {"max_retries": 1, "backoff_ms": 0, "jitter_ms": 5000}});
    let until = || {
        let mut world = world(&[with(send("a"), &retry), with(send("b"), &retry)]);
        world.fail("c:a:1");
        let a = world.flows[&chain_name("c")].due;
        world.pass(5);
        world.ok("c:a:2", &json!({}));
        world.fail("c:b:1");
        (a, world.flows[&chain_name("c")].due)
    };
    assert_eq!(until(), until());
}

#[test]
fn branches_lead_by_what_a_step_came_to() {
    let next = |branch: &Value, body: &Value| {
        let branches = json!({"branches": [with(branch.clone(), &json!({"target": "yes"}))], "default_next": "no", "on_failure": "skip"});
        let mut world = world(&[
            with(send("a"), &branches),
            with(send("no"), &json!({"default_next": "yes"})),
            send("yes"),
        ]);
        match body {
            Value::String(failure) if failure == "FAILS" => world.fail("c:a:1"),
            body => world.ok("c:a:1", body),
        }
        world.chain("c").execution_path[1] == "yes"
    };
    let body = json!({"n": 5, "text": "a warning", "list": [1, "x", {"k": 1}], "none": null, "deep": {"er": [{"x": 1.0}]}});
    for (field, operator, value, expected) in [
        ("body.n", "eq", json!(5), true),
        ("body.n", "eq", json!(5.0), true),
        ("body.n", "eq", json!("5"), false),
        ("body.n", "neq", json!(5), false),
        ("body.n", "neq", json!("5"), true),
        ("body.gone", "neq", json!(5), false),
        ("body.gone", "eq", json!(null), false),
        ("body.none", "eq", json!(null), true),
        ("body.n", "gt", json!(4.9), true),
        ("body.n", "gt", json!(5), false),
        ("body.n", "gte", json!(5), true),
        ("body.n", "lt", json!(50), true),
        ("body.n", "lte", json!(4), false),
        ("body.n", "gt", json!("4"), false),
        ("body.text", "lt", json!("b"), true),
        ("body.text", "contains", json!("warn"), true),
        ("body.list", "contains", json!("x"), true),
        ("body.list", "contains", json!({"k": 1}), true),
        ("body.list", "contains", json!("k"), false),
        ("body.deep", "contains", json!("er"), true),
        ("body.deep.er.0.x", "eq", json!(1), true),
        ("body.n", "exists", json!(null), true),
        ("body.gone", "exists", json!(null), false),
        ("body.gone", "exists", json!(false), true),
        ("body.none", "exists", json!(true), true),
        ("success", "eq", json!(true), true),
        ("body", "contains", json!("n"), true),
    ] {
        let branch = json!({"field": field, "operator": operator, "value": value});
        assert_eq!(next(&branch, &body), expected, "{branch}");
    }
    let is_failure = json!({"field": "success", "operator": "eq", "value": false});
    assert!(next(&is_failure, &json!("FAILS")) && !next(&is_failure, &json!({})));
}

#[test]
fn a_chain_takes_no_longer_than_it_may() {
    let mut world = World::with(
        &with(chain(&[send("a")]), &json!({"timeout_seconds": 100})),
        &[],
    );
    world.pass(99);
    assert_eq!(world.status(), "running");
    world.pass(1);
    assert_eq!((world.status(), world.open()), ("timed_out", vec![]));
    assert_eq!(
        world
            .chain("c")
            .failure
            .map(|failure| (failure.code, failure.dead_letter)),
        Some(("TIMED_OUT".to_owned(), true))
    );
    let mut world = World::with(&chain(&[send("a")]), &[]);
    world.pass(24 * 3600);
    assert_eq!(world.status(), "timed_out", "every chain ends");
}

#[test]
fn a_cancelled_chain_calls_off_what_runs_and_says_so() {
    let definition = |on_cancel: &Value| {
        with(
            chain(&[send("a"), send("b")]),
            &json!({"on_cancel": on_cancel}),
        )
    };
    let cancelled = |on_cancel: Value| {
        let mut world = World::with(&definition(&on_cancel), &[]);
        world
            .change("c", |body, now| {
                cancel(body, Some("wrong build"), Some("lena"), now)
            })
            .expect("cancelled");
        assert_eq!(
            (world.status(), world.open()),
            ("cancelled", vec!["c:on_cancel:1"])
        );
        let again = world.change("c", |body, now| cancel(body, None, None, now));
        assert_eq!(again, Err(Refused::NotActive("cancelled")));
        world
    };
    let to = json!({"provider": "p", "action_type": "told"});
    let plain = cancelled(to.clone());
    assert_eq!(
        plain.payload("c:on_cancel:1"),
        json!({"content": "Chain deploy (c) was cancelled by lena: wrong build"})
    );
    assert_eq!(plain.chain("c").steps["a"].status, StepStatus::Cancelled);
    let own = cancelled(with(
        to,
        &json!({"payload_template": {"text": "{{ cancel.by }}: {{ cancel.reason }}"}}),
    ));
    assert_eq!(
        own.payload("c:on_cancel:1"),
        json!({"text": "lena: wrong build"})
    );
}

#[test]
fn a_wish_to_end_it_stands_above_what_came_at_the_same_time() {
    let mut world = world(&[send("a"), send("b")]);
    world.settle("c:a:1", executed(&json!({})));
    world
        .change("c", |body, now| cancel(body, None, None, now))
        .expect("cancelled");
    assert_eq!((world.status(), world.open()), ("cancelled", vec![]));
}

#[test]
fn nothing_happens_after_the_end() {
    let mut world = world(&[send("a"), send("b")]);
    world.settle("c:a:1", failed());
    world.run();
    let before = (
        world.flows[&chain_name("c")].body.clone(),
        world.actions.len(),
    );
    world.now += 1_000_000;
    world.step(&chain_name("c"));
    assert_eq!(
        (
            world.flows[&chain_name("c")].body.clone(),
            world.actions.len()
        ),
        before
    );
    assert_eq!(world.notices.len(), 1, "it is told once");
}

#[test]
fn bodies_that_cannot_be_read_say_why() {
    let world = world(&[send("a")]);
    let body = &world.flows[&chain_name("c")].body;
    let wrong = |from: &str, to: &str| {
        Body::parse(&body.replacen(from, to, 1))
            .expect_err("invalid")
            .to_string()
    };
    assert_eq!(
        wrong("\"v\":1", "\"v\":3"),
        "the body of the flow cannot be read: of a chain: it has the shape of version 3, and this program knows 1 to 2; run the program that wrote it, or a newer one"
    );
    assert!(wrong("\"requester\"", "\"asker\"").contains("unknown field `asker`"));
    assert!(
        wrong("\"name\":\"deploy\"", "\"name\":\"other\"").contains("its definition is not in it")
    );
    assert!(Body::parse("{").is_err());
}
