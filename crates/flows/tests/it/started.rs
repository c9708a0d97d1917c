//! Approvals and chains that a step begins, and what is read of them when they are over.

use acteon_flows::chain::{Status, StepStatus, cancel};
use serde_json::{Value, json};

use crate::world::{World, approval, chain, chain_name, executed, send, step, with};

fn says(name: &str, template: &str) -> Value {
    with(
        send(name),
        &json!({"payload_template": {"content": template}}),
    )
}

#[test]
fn an_approval_is_begun_and_its_decision_read() {
    let ask = |policy: &str| {
        step(
            "ask",
            &json!({
                "approval": {"approvers": ["lena"], "quorum": 1, "message": "build {{ origin.payload.build }}?"}, "on_failure": policy
            }),
        )
    };
    let says = with(
        send("b"),
        &json!({"payload_template": {"who": "{{ prev.body.decided_by }}", "what": "{{ prev.body.decision }}", "why": "{{ prev.body.comment }}"}}),
    );
    let world = World::with(&chain(&[ask("skip"), says]), &[]);
    assert_eq!(world.status(), "waiting_approval");
    let row = &world.flows[&approval("c:ask")];
    assert_eq!(row.status, "pending");
    let body: Value = serde_json::from_str(&row.body).expect("JSON");
    assert_eq!(
        body["policy"],
        json!({"approvers": ["lena"], "quorum": 1, "message": "build 7?"})
    );
    assert_eq!(body["parent"], json!({"chain": "c", "step": "ask"}));
    assert_eq!(body["chain_name"], "deploy");
    assert_eq!(
        (body["requester"].as_str(), body["origin"]["id"].as_str()),
        (Some("ci"), Some("origin-1"))
    );
    for (status, success) in [
        ("approved", true),
        ("rejected", false),
        ("expired", false),
        ("cancelled", false),
    ] {
        let mut world = world.clone();
        world.decide("c:ask", status);
        assert_eq!(
            world.payload("c:b:1"),
            json!({"who": "lena", "what": status, "why": "fine"})
        );
        let state = &world.chain("c").steps["ask"];
        assert_eq!(state.status == StepStatus::Completed, success, "{status}");
        assert_eq!(
            state.error.as_ref().map(|error| error.code.clone()),
            (!success).then(|| status.to_uppercase())
        );
    }
    let mut strict = World::with(&chain(&[ask("abort")]), &[]);
    strict.decide("c:ask", "rejected");
    assert_eq!(
        strict
            .chain("c")
            .failure
            .map(|failure| failure.message)
            .as_deref(),
        Some("step \"ask\": it was not approved: rejected by lena: fine")
    );
}

fn with_sub() -> (Value, Value) {
    let above = chain(&[
        step("sub", &json!({"sub_chain": "rollback"})),
        says("b", "{{ prev.body.undone }}"),
    ]);
    (
        above,
        json!({"name": "rollback", "steps": [says("undo", "{{ origin.payload.host }}")]}),
    )
}

#[test]
fn a_chain_within_a_chain_gives_the_body_of_its_last_step() {
    let (above, below) = with_sub();
    let mut world = World::with(&above, &[below]);
    assert_eq!(
        (world.status(), world.open()),
        ("waiting_sub_chain", vec!["c:sub:undo:1"])
    );
    assert_eq!(world.payload("c:sub:undo:1"), json!({"content": "db-1"}));
    world.ok("c:sub:undo:1", &json!({"undone": true}));
    assert_eq!(world.chain("c:sub").status, Status::Completed);
    assert_eq!(world.payload("c:b:1"), json!({"content": true}));
}

#[test]
fn the_failure_of_a_chain_within_is_a_failure_of_its_step() {
    let (above, below) = with_sub();
    let mut world = World::with(&above, &[below]);
    world.fail("c:sub:undo:1");
    assert_eq!(world.status(), "failed");
    assert_eq!(
        world
            .chain("c")
            .failure
            .map(|failure| failure.message)
            .as_deref(),
        Some("step \"sub\": chain c:sub is failed: step \"undo\": errcode 40003")
    );
}

#[test]
fn what_runs_below_ends_with_what_is_above() {
    let (above, below) = with_sub();
    let mut world = World::with(&above, &[below]);
    world
        .change("c", |body, now| {
            cancel(body, Some("wrong build"), Some("lena"), now)
        })
        .expect("cancelled");
    assert_eq!(
        (world.status(), world.chain("c:sub").status),
        ("cancelled", Status::Cancelled)
    );
    assert_eq!(world.open(), [""; 0], "what nobody has begun is called off");
}

#[test]
fn ids_stay_within_their_length_however_deep_chains_are() {
    let name = "x".repeat(40);
    let sub = |chain: &str, of: &str| json!({"name": chain, "steps": [step(&name, &json!({"sub_chain": of}))]});
    let last = json!({"name": "e", "steps": [send(&name)]});
    let mut world = World::with(
        &sub("a", "b"),
        &[sub("b", "c"), sub("c", "d"), sub("d", "e"), last],
    );
    let open = world
        .open()
        .first()
        .map(|id| (*id).to_owned())
        .expect("an action");
    assert!(open.len() <= 128 && open.starts_with("c~"), "{open}");
    world.settle(&open, executed(&json!({"deep": 1})));
    world.run();
    assert_eq!(world.status(), "completed");
}

#[test]
fn a_chain_below_whose_row_is_damaged_fails_its_step() {
    let (above, below) = with_sub();
    let mut world = World::with(&above, &[below]);
    world.damaged.insert(chain_name("c:sub"));
    world.poke(&chain_name("c"));
    world.run();
    assert_eq!(world.status(), "failed");
    let failure = world.chain("c").failure.expect("a failure");
    assert_eq!(
        (&*failure.code, &*failure.message),
        (
            "UNREADABLE",
            "step \"sub\": the row of chain c:sub in the store is damaged, and what became of it is not known"
        )
    );
}

#[test]
fn a_chain_below_goes_on_where_the_row_above_is_damaged() {
    let (above, below) = with_sub();
    let mut world = World::with(&above, &[below]);
    world.damaged.insert(chain_name("c"));
    world.poke(&chain_name("c:sub"));
    world.run();
    assert_eq!(world.open(), ["c:sub:undo:1"], "it may be wanted");
    world
        .change("c:sub", |body, now| cancel(body, None, None, now))
        .expect("cancelled");
    assert_eq!(world.chain("c:sub").status, Status::Cancelled);
}
