//! Executions and definitions, as people look at them.

use acteon_flows::chain::cancel;
use acteon_flows::chain::view::{dag_of_definition, dag_of_execution, detail, history, summary};
use serde_json::{Value, json};

use crate::world::{World, chain, read, send, step, with};

fn definition() -> Value {
    let branches = json!({
        "branches": [{"field": "body.errcode", "operator": "eq", "value": 0, "target": "sub"}],
        "default_next": "w", "retry": {"max_retries": 1}
    });
    chain(&[
        with(send("a"), &branches),
        step(
            "w",
            &json!({"wait_for_signal": {"signal_name": "go", "timeout_seconds": 5, "on_timeout": "fan"}}),
        ),
        step("sub", &json!({"sub_chain": "other"})),
        step(
            "fan",
            &json!({"parallel": {"join": "any", "steps": [send("x")]}}),
        ),
    ])
}

fn world() -> World {
    let mut world = World::with(
        &definition(),
        &[json!({"name": "other", "steps": [send("o")]})],
    );
    world.now += 1500;
    world.fail("c:a:1");
    world.ok("c:a:2", &json!({"errcode": 0}));
    world
}

fn shown(view: &impl serde::Serialize) -> Value {
    serde_json::from_str(&serde_json::to_string(view).expect("JSON")).expect("JSON")
}

#[test]
fn an_execution_is_shown_with_its_steps() {
    let mut world = world();
    let found = shown(&detail(&world.chain("c"), world.status()).expect("a view"));
    let at = |seconds: f64| {
        shown(&acteon_core::Timestamp::from_millis(
            1_790_000_000_000 + (seconds * 1000.0) as i64,
        ))
    };
    let nothing = json!({"response_body": null, "error": null, "completed_at": null, "max_retries": 0, "status": "pending", "provider": ""});
    let of = |name: &str, keys: &Value| with(with(nothing.clone(), &json!({"name": name})), keys);
    let expected = json!({
        "chain_id": "c", "chain_name": "deploy", "status": "waiting_sub_chain", "current_step": 2, "total_steps": 4,
        "started_at": at(0.0), "updated_at": at(1.5), "expires_at": at(86400.0), "namespace": "n", "tenant": "t",
        "execution_path": ["a", "sub"], "child_chain_ids": ["c:sub"],
        "steps": [
            of("a", &json!({
                "provider": "p", "status": "completed", "response_body": {"errcode": 0}, "completed_at": at(1.5), "attempt": 2, "max_retries": 1
            })),
            of("w", &json!({})),
            of("sub", &json!({"status": "running", "sub_chain": "other", "child_chain_id": "c:sub", "attempt": 1})),
            of("fan", &json!({"parallel_steps": [of("x", &json!({"provider": "p"}))]})),
        ],
    });
    assert_eq!(found, expected);
    let below = shown(&summary(&world.chain("c:sub"), "stuck").expect("a view"));
    assert_eq!(
        (
            &below["parent_chain_id"],
            &below["status"],
            &below["current_step"]
        ),
        (&json!("c"), &json!("stuck"), &json!(0))
    );
    world
        .change("c", |body, now| {
            cancel(body, Some("why"), Some("lena"), now)
        })
        .expect("cancelled");
    let found = shown(&detail(&world.chain("c"), world.status()).expect("a view"));
    assert_eq!(
        (
            &found["cancel_reason"],
            &found["cancelled_by"],
            &found["status"]
        ),
        (&json!("why"), &json!("lena"), &json!("cancelled"))
    );
    assert_eq!(found["current_step"], json!(2));
}

#[test]
fn attempts_are_shown_with_how_long_they_took() {
    let world = world();
    let found = shown(&history(&world.chain("c"), world.status()).expect("a view"));
    let names: Vec<&Value> = found["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .map(|step| &step["name"])
        .collect();
    assert_eq!(names, ["a", "w", "sub", "fan", "x"]);
    let first = &found["steps"][0];
    assert_eq!(
        (
            &first["current_attempt"],
            &first["max_retries"],
            &first["step_index"]
        ),
        (&json!(2), &json!(1), &json!(0))
    );
    let attempts = first["attempts"].as_array().expect("attempts");
    assert_eq!(attempts.len(), 2);
    assert_eq!(
        (
            &attempts[0]["success"],
            &attempts[0]["duration_ms"],
            &attempts[0]["error"]
        ),
        (&json!(false), &json!(1500), &json!("errcode 40003"))
    );
    assert_eq!(
        (&attempts[1]["success"], attempts[1].get("error")),
        (&json!(true), None)
    );
    assert_eq!(
        (
            &found["steps"][4]["step_index"],
            &found["steps"][4]["attempts"]
        ),
        (&json!(3), &json!([]))
    );
}

#[test]
fn a_graph_has_a_node_for_each_step_and_an_edge_for_each_way() {
    let edge = |source: &str, target: &str, label: Option<&str>, taken: bool| {
        let edge = json!({"source": source, "target": target, "on_execution_path": taken});
        label.map_or(edge.clone(), |label| with(edge, &json!({"label": label})))
    };
    let edges = |taken: bool| {
        json!([
            edge("a", "sub", Some("body.errcode eq 0"), taken),
            edge("a", "w", Some("default"), false),
            edge("w", "fan", Some("timeout"), false),
            edge("w", "sub", None, false),
            edge("sub", "fan", None, false),
        ])
    };
    let of_definition = shown(&dag_of_definition(&read(&definition())));
    assert_eq!(of_definition["edges"], edges(false));
    assert_eq!(
        of_definition["nodes"],
        json!([
            {"name": "a", "node_type": "step", "provider": "p", "action_type": "notify", "max_retries": 1},
            {"name": "w", "node_type": "wait_for_signal"},
            {"name": "sub", "node_type": "sub_chain", "sub_chain_name": "other"},
            {"name": "fan", "node_type": "parallel", "parallel_join": "any", "parallel_children": [
                {"name": "x", "node_type": "step", "provider": "p", "action_type": "notify"}
            ]},
        ])
    );
    assert_eq!(of_definition["execution_path"], json!([]));
    let world = world();
    let of_execution = shown(&dag_of_execution(&world.chain("c"), world.status()).expect("a view"));
    assert_eq!(of_execution["edges"], edges(true));
    assert_eq!(
        (&of_execution["chain_id"], &of_execution["status"]),
        (&json!("c"), &json!("waiting_sub_chain"))
    );
    assert_eq!(
        of_execution["nodes"][2],
        json!({
            "name": "sub", "node_type": "sub_chain", "sub_chain_name": "other", "status": "running", "child_chain_id": "c:sub", "attempt": 1
        })
    );
}

#[test]
fn what_has_not_begun_is_not_shown_as_begun() {
    let later = json!({"delay_seconds": 30});
    let sub = with(step("sub", &json!({"sub_chain": "other"})), &later);
    let ask = with(step("ask", &json!({"approval": {}})), &later);
    let other = json!({"name": "other", "steps": [send("o")]});
    let mut world = World::with(&chain(&[sub, ask]), &[other]);
    let children = |world: &World| {
        let found = shown(&detail(&world.chain("c"), world.status()).expect("a view"));
        found["child_chain_ids"].clone()
    };
    assert_eq!((world.status(), children(&world)), ("running", json!([])));
    world.pass(30);
    assert_eq!(
        (world.status(), children(&world)),
        ("waiting_sub_chain", json!(["c:sub"]))
    );
    world.ok("c:sub:o:1", &json!({}));
    assert_eq!(
        (world.status(), children(&world)),
        ("running", json!(["c:sub"])),
        "nobody is asked yet"
    );
    world.pass(30);
    assert_eq!(world.status(), "waiting_approval");
}
