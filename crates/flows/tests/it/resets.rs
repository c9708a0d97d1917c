//! Executions that are done over: what they take over, and which are refused.

use acteon_flows::chain::view::{dag_of_execution, detail};
use acteon_flows::chain::{AskedReset, Body, Refused, reset};
use serde_json::{Value, json};

use crate::world::{World, chain, send, step, with};

fn waits(name: &str, signal: &str) -> Value {
    step(name, &json!({"wait_for_signal": {"signal_name": signal}}))
}

/// Does an execution over from a step.
fn again(world: &mut World, of: &str, from: &str, id: &str) -> Result<(), Refused> {
    let body = world.chain(of).to_json().expect("a body");
    let asked = AskedReset {
        from: Some(from),
        ..AskedReset::default()
    };
    let started = reset(&body, asked, id.to_owned(), world.wall(), world.due())?;
    world.begin(&started.name, started.status, started.body, started.due);
    world.run();
    Ok(())
}

#[test]
fn a_step_that_is_done_over_has_the_signal_that_it_had() {
    let tells = |name: &str| {
        let template =
            json!({"payload_template": {"n": "{{ signal.n if signal is defined else 'none' }}"}});
        with(send(name), &template)
    };
    let steps = [
        tells("first"),
        waits("w1", "go1"),
        tells("a"),
        waits("w2", "go2"),
        tells("b"),
    ];
    let mut world = World::with(&chain(&steps), &[]);
    world.ok("c:first:1", &json!({}));
    world
        .hear("c", "go1", &json!({"n": 1}))
        .expect("it is heard");
    world.ok("c:a:1", &json!({}));
    world
        .hear("c", "go2", &json!({"n": 2}))
        .expect("it is heard");
    world.fail("c:b:1");
    for (at, (from, signal)) in [("first", json!("none")), ("a", json!(1)), ("b", json!(2))]
        .into_iter()
        .enumerate()
    {
        let id = format!("r{at}");
        again(&mut world, "c", from, &id).expect("it is done over");
        let sent = world.payload(&format!("{id}:{from}:1"));
        assert_eq!(sent, json!({"n": signal}), "{from}");
    }
    // What did it over heard nothing itself.
    world.fail("r2:b:1");
    again(&mut world, "r2", "a", "rr").expect("it is done over");
    assert_eq!(world.payload("rr:a:1"), json!({"n": 1}));
}

#[test]
fn a_chain_whose_action_expired_is_not_done_over() {
    let mut world = World::expiring(&chain(&[send("a")]));
    world.fail("c:a:1");
    world.now += 59_999;
    again(&mut world, "c", "a", "in-time").expect("it is done over");
    world.now += 1;
    let refused = again(&mut world, "c", "a", "late").expect_err("it expired");
    assert_eq!(refused, Refused::Expired(world.wall()));
    let message = refused.to_string();
    assert!(message.contains("expired at 2026-09-21T"), "{message}");
}

#[test]
fn what_is_taken_over_keeps_the_names_of_what_it_started() {
    let fan = json!({"parallel": {"steps": [step("sub", &json!({"sub_chain": "other"}))]}});
    let ask = step("ask", &json!({"approval": {}}));
    let definition = chain(&[step("fan", &fan), ask, send("b")]);
    let other = json!({"name": "other", "steps": [send("x")]});
    let mut world = World::with(&definition, &[other]);
    world.ok("c:sub:x:1", &json!({}));
    world.decide("c:ask", "approved");
    world.fail("c:b:1");
    again(&mut world, "c", "b", "r").expect("it is done over");
    world.fail("r:b:1");
    again(&mut world, "r", "b", "rr").expect("it is done over");
    for id in ["r", "rr"] {
        let body = world.chain(id);
        let shown = detail(&body, "running").expect("a view");
        assert_eq!(shown.child_chain_ids, ["c:sub"], "{id}");
        let sub = &shown.steps[0].parallel_steps[0];
        assert_eq!(sub.child_chain_id.as_deref(), Some("c:sub"), "{id}");
        let dag = dag_of_execution(&body, "running").expect("a view");
        let sub = &dag.nodes[0].parallel_children[0];
        assert_eq!(sub.child_chain_id.as_deref(), Some("c:sub"), "{id}");
        assert_eq!(body.child_id("ask"), "c:ask", "{id}");
        assert_eq!(version(&body), 2, "an older program would not know it");
    }
    again(&mut world, "c", "fan", "anew").expect("it is done over");
    let shown = detail(&world.chain("anew"), "running").expect("a view");
    assert_eq!(shown.child_chain_ids, ["anew:sub"]);
    assert_eq!(version(&world.chain("anew")), 1);
}

fn version(body: &Body) -> Value {
    let json: Value = serde_json::from_str(&body.to_json().expect("a body")).expect("JSON");
    json["v"].clone()
}
