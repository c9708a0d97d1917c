//! What is told of chains and approvals, on the stream and of one chain.

use acteon_fakes::webhook::Receiver;
use serde_json::{Value, json};

use super::{Follower, Frame, LOG};
use crate::auth::auth_file;
use crate::support::{Gateway, action, with_rules_in};

const OF: &str = "namespace=incidents&tenant=acme";

const FILE: &str = r#"
chains:
  - name: deploy
    steps:
      - {name: tell, provider: log, action_type: told, payload_template: {content: "{{ origin.payload.secret }}"}}
      - {name: wait, wait_for_signal: {signal_name: done}}
rules:
  - {name: deploys, condition: {field: action.action_type, eq: deploy}, action: {type: chain, chain: deploy}}
  - {name: asks, condition: {field: action.action_type, eq: ask}, action: {type: request_approval, notify_provider: hook, timeout_seconds: 600}}
"#;

async fn receiver() -> Receiver {
    let answers = Receiver::start(|_| (200, "{}".to_owned()));
    answers.await.expect("a receiver")
}

fn lines(hook: &Receiver) -> String {
    format!(
        "{LOG}[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{}\"\n",
        hook.url()
    )
}

fn starts(id: &str, kind: &str) -> Value {
    let mut posted = action(id, "log", &json!({ "secret": "s3cr3t-word" }));
    posted["action_type"] = json!(kind);
    posted
}

async fn start(gateway: &Gateway, id: &str) -> String {
    let outcome = gateway.dispatch(&starts(id, "deploy")).await;
    let chain = outcome["ChainStarted"]["chain_id"].as_str();
    chain.expect("an id").to_owned()
}

/// Types of frames, with the step of those that are about one.
fn told(frames: &[Frame]) -> Vec<String> {
    let name = |frame: &Frame| match frame.data["step_name"].as_str() {
        Some(step) => format!("{} {step}", frame.event),
        None => frame.event.clone(),
    };
    frames.iter().map(name).collect()
}

/// Frames up to one of a type.
async fn up_to(follower: &mut Follower, last: &str) -> Vec<Frame> {
    let mut frames = Vec::new();
    loop {
        let frame = follower.next().await.expect("a frame");
        let is_last = frame.event == last;
        frames.push(frame);
        if is_last {
            return frames;
        }
    }
}

const WHOLE: [&str; 6] = [
    "chain_advanced tell",
    "action_dispatched",
    "chain_step_completed tell",
    "chain_advanced wait",
    "chain_step_completed wait",
    "chain_completed",
];

async fn signal(gateway: &Gateway, chain: &str) {
    let path = format!("/v1/executions/{chain}/signal/done");
    let sent = gateway
        .post(&path, &json!({ "payload": { "by": "s3cr3t-word" } }))
        .await;
    assert_eq!(sent.status, 200, "{}", sent.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_is_followed_on_the_stream_and_by_itself() {
    let hook = receiver().await;
    let gateway = Gateway::with_rules(FILE, &lines(&hook)).await;
    let mut all = Follower::start(&gateway, "/v1/stream").await;
    let chain = start(&gateway, "a").await;
    let other = start(&gateway, "b").await;
    let mut of_chain = Follower::start(&gateway, &format!("/v1/stream?chain_id={chain}")).await;
    let waits = format!("/v1/chains/{chain}");
    gateway
        .until(&waits, |chain| chain["status"] == "waiting_signal")
        .await;
    let mut one = Follower::start(&gateway, &format!("/v1/subscribe/chain/{chain}?{OF}")).await;
    signal(&gateway, &chain).await;
    let frames = up_to(&mut one, "subscription_end").await;
    assert_eq!(one.next().await, None);
    let end = frames.last().expect("the end");
    assert_eq!(end.data, json!({ "chain_id": chain }));
    // What was sent before is in the audit trail, and comes only to who was quicker than the stream.
    let of_itself: Vec<&str> = WHOLE
        .iter()
        .copied()
        .filter(|told| *told != "action_dispatched")
        .collect();
    let mut shown = told(&frames[..frames.len() - 1]);
    shown.retain(|told| *told != "action_dispatched");
    assert_eq!(shown, of_itself);
    let frames = up_to(&mut all, "chain_completed").await;
    let own: Vec<Frame> = frames
        .iter()
        .filter(|frame| {
            let data = &frame.data;
            data["chain_id"] == *chain || frame.action_id().starts_with(&chain)
        })
        .cloned()
        .collect();
    assert_eq!(told(&own), WHOLE);
    for frame in &frames {
        let text = frame.data.to_string();
        assert!(!text.contains("s3cr3t-word"), "{text}");
        for field in [
            "id",
            "timestamp",
            "type",
            "namespace",
            "tenant",
            "provider",
            "action_type",
            "action_id",
        ] {
            assert!(frame.data[field].is_string(), "{field}: {text}");
        }
        assert_eq!(
            (frame.id.as_deref(), frame.event.as_str()),
            (
                frame.data["id"].as_str(),
                frame.data["type"].as_str().expect("a type")
            )
        );
    }
    let last = frames.last().expect("the last");
    assert_eq!(
        (
            &last.data["status"],
            &last.data["chain_name"],
            &last.data["action_id"]
        ),
        (&json!("completed"), &json!("deploy"), &json!("a"))
    );
    let of_it = up_to(&mut of_chain, "chain_completed").await;
    assert!(
        of_it.iter().all(|frame| frame.data["chain_id"] != *other),
        "{of_it:?}"
    );
    // Who comes back behind the first event gets the others, each once.
    let mut back = Follower::from(&gateway, "/v1/stream", frames[0].id.as_deref()).await;
    assert_eq!(up_to(&mut back, "chain_completed").await, frames[1..]);
    // Of one that is over all is told at once, or the end alone.
    for (more, count) in [("", of_itself.len()), ("&include_history=false", 0)] {
        let path = format!("/v1/subscribe/chain/{chain}?{OF}{more}");
        let mut late = Follower::start(&gateway, &path).await;
        let frames = up_to(&mut late, "subscription_end").await;
        assert_eq!(frames.len(), count + 1, "{frames:?}");
        assert_eq!(late.next().await, None);
    }
    let unknown = gateway.get("/v1/subscribe/chain/none").await;
    assert_eq!(unknown.status, 404, "{}", unknown.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn approvals_are_told_of_when_people_are_asked_and_when_they_decided() {
    let hook = receiver().await;
    let gateway = Gateway::with_rules(FILE, &lines(&hook)).await;
    let types = ["approval_required", "approval_resolved"];
    let mut follower = Follower::start(&gateway, "/v1/stream").await;
    let outcome = gateway.dispatch(&starts("a", "ask")).await;
    let id = outcome["PendingApproval"]["approval_id"].clone();
    let asked = up_to(&mut follower, types[0]).await.pop().expect("a frame");
    assert_eq!(
        (
            &asked.data["approval_id"],
            &asked.data["status"],
            asked.action_id()
        ),
        (&id, &json!("pending"), "a")
    );
    let decide = format!("/v1/approvals/{}/decide", id.as_str().expect("an id"));
    let decided = gateway
        .post(
            &decide,
            &json!({ "decision": "reject", "comment": "s3cr3t-word" }),
        )
        .await;
    assert_eq!(decided.status, 200, "{}", decided.body);
    let over = up_to(&mut follower, types[1]).await.pop().expect("a frame");
    assert_eq!(
        (&over.data["approval_id"], &over.data["status"]),
        (&id, &json!("rejected"))
    );
    for frame in [asked, over] {
        assert!(!frame.data.to_string().contains("s3cr3t-word"), "{frame:?}");
    }
}

/// Whose grants do not cover the action that started a chain is told nothing of it.
#[tokio::test(flavor = "multi_thread")]
async fn chains_are_told_to_those_whose_grants_cover_them() {
    let hook = receiver().await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("auth.toml");
    let callers = [
        ("root", "admin", "*"),
        ("acme-ops", "operator", "acme"),
        ("globex-ops", "operator", "globex"),
    ];
    std::fs::write(&path, auth_file(&callers)).expect("written");
    let lines = format!(
        "auth.enabled = true\nauth.config_path = {:?}\n{}",
        path.display().to_string(),
        lines(&hook)
    );
    let lines = with_rules_in(&folder, FILE, &lines);
    let gateway = Gateway::start_in(folder, &lines).await;
    let (acme, globex) = (gateway.with_key("acme-ops"), gateway.with_key("globex-ops"));
    let mut own = Follower::start(&acme, "/v1/stream").await;
    let mut others = Follower::start(&globex, "/v1/stream").await;
    let outcome = acme.dispatch(&starts("a", "deploy")).await;
    let chain = outcome["ChainStarted"]["chain_id"].as_str().expect("an id");
    up_to(&mut own, "chain_step_completed").await;
    let mut of_globex = starts("b", "deploy");
    of_globex["tenant"] = json!("globex");
    globex.dispatch(&of_globex).await;
    let frames = up_to(&mut others, "chain_step_completed").await;
    for frame in &frames {
        assert_eq!(frame.data["tenant"], "globex", "{frame:?}");
    }
    for path in ["", "?tenant=acme"] {
        let refused = globex
            .get(&format!("/v1/subscribe/chain/{chain}{path}"))
            .await;
        assert_eq!(refused.status, 404, "{}", refused.body);
    }
}
