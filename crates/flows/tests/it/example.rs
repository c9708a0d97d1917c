//! The example of the wire format's page, read and run.

use serde_json::{Value, json};

use crate::world::{World, executed, send, with};

/// What the wire format's page shows, with an approval.
pub(crate) fn example() -> Value {
    let empty = json!({"provider": "", "action_type": "", "payload_template": {}});
    let step = |name: &str, keys: &Value| with(with(json!({"name": name}), &empty), keys);
    json!({
        "name": "deploy", "version": 1, "timeout_seconds": 3600, "on_failure": "abort",
        "on_cancel": {"provider": "wechat-ops", "action_type": "notify"},
        "steps": [
            {
                "name": "announce", "provider": "wechat-ops", "action_type": "notify",
                "payload_template": {"content": "Deploy {{origin.payload.build}}"},
                "on_failure": "skip", "delay_seconds": null,
                "retry": {"max_retries": 2, "backoff_ms": 1000, "strategy": "exponential", "jitter_ms": 200},
                "branches": [{"field": "body.errcode", "operator": "eq", "value": 0, "target": "wait"}],
                "default_next": "page"
            },
            step("wait", &json!({"wait_for_signal": {"signal_name": "approved", "timeout_seconds": 900, "on_timeout": "page"}})),
            step("pause", &json!({"timer": {"duration_seconds": 60}})),
            step("fan", &json!({"parallel": {"join": "all", "on_failure": "fail_fast", "timeout_seconds": 30, "max_concurrency": 4, "steps": [
                {"name": "a", "provider": "email", "action_type": "m", "payload_template": {}}
            ]}})),
            step("sub", &json!({"sub_chain": "rollback"})),
            step("ask", &json!({"approval": {
                "approvers": ["lena", "zhang"], "quorum": 2, "timeout_seconds": 600, "on_timeout": "reject", "notify_provider": "wechat-ops",
                "remind_every_seconds": 60, "escalate_to": ["boss"], "escalate_after_seconds": 300, "separate": true,
                "message": "Deploy {{ origin.payload.build }}?"
            }})),
            {"name": "page", "provider": "wechat-ops", "action_type": "notify", "payload_template": {"content": "no answer: {{prev.body}}"}}
        ]
    })
}

fn world() -> World {
    let rollback = json!({"name": "rollback", "steps": [send("undo")]});
    World::with(&example(), &[rollback])
}

#[test]
fn it_pages_when_nobody_answers() {
    let mut world = world();
    assert_eq!(
        world.payload("c:announce:1"),
        json!({"content": "Deploy 7"})
    );
    world.ok("c:announce:1", &json!({"errcode": 0}));
    world.pass(900);
    assert_eq!(world.open(), ["c:page:1"]);
    assert_eq!(world.payload("c:page:1"), json!({"content": "no answer: "}));
}

#[test]
fn it_pages_when_nothing_could_be_announced() {
    let mut world = world();
    for attempt in 1..=3 {
        world.fail(&format!("c:announce:{attempt}"));
        world.pass(10);
    }
    assert_eq!(world.open(), ["c:page:1"]);
}

#[test]
fn it_goes_all_its_way() {
    let mut world = world();
    world.ok("c:announce:1", &json!({"errcode": 0}));
    world
        .hear("c", "approved", &json!({"by": "lena"}))
        .expect("heard");
    world.pass(60);
    world.ok("c:a:1", &json!({}));
    world.ok("c:sub:undo:1", &json!({"undone": true}));
    world.decide("c:ask", "approved");
    world.settle("c:page:1", executed(&json!({})));
    world.run();
    assert_eq!(world.status(), "completed");
}
