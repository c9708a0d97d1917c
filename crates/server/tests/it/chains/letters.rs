//! Dead letters of executions that failed: what started them is sent again as it was.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{counting, define, providers, sends, starts, until_it_is, with_chains};
use crate::support::Client;

/// Replays the dead letter of an execution; its outcome.
async fn replay(client: &Client, chain: &str) -> Value {
    let path = format!("/v1/dlq/{chain}:dead_letter:1/replay");
    client.post(&path, &json!({})).await.body
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_profile_rendered_is_not_rendered_again_and_hides_what_is_redacted() {
    let receiver = counting().await;
    let failing = json!({ "name": "calls", "steps": [sends("tell", &json!({ "text": "{{ origin.payload.who.name }}" }))] });
    let lines = format!(
        "audit.redact = [\"payload.phone\"]\n{}",
        providers(&receiver)
    );
    let gateway = with_chains(&lines, std::slice::from_ref(&failing)).await;
    let profile = json!({"namespace": "incidents", "tenant": "acme", "name": "call",
        "fields": {"content": "*{{ content }}*: {{ phone }}"}});
    let made = gateway.post("/v1/templates/profiles", &profile).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let payload = json!({ "content": "call", "phone": "S2CRET-555" });
    let mut posted = starts("a", "calls", &payload);
    posted["template"] = json!("call");
    let outcome = gateway.dispatch(&posted).await;
    let mut chain = outcome["ChainStarted"]["chain_id"].clone();
    // Once more fails too: its letter is of a replay.
    for _ in 0..2 {
        let id = chain.as_str().expect("an id");
        until_it_is(&gateway, id, "failed").await;
        let letters = gateway.get("/v1/dlq").await.body;
        let text = letters.to_string();
        assert!(
            text.contains("*call*: [redacted]") && !text.contains("S2CRET"),
            "{letters}"
        );
        let replayed = replay(&gateway, id).await;
        chain = replayed["outcome"]["ChainStarted"]["chain_id"].clone();
        let new_id = replayed["new_action_id"].as_str().expect("an id");
        let record = gateway.get(&format!("/v1/actions/{new_id}")).await.body;
        assert!(!record.to_string().contains("S2CRET"), "{record}");
    }
    until_it_is(&gateway, chain.as_str().expect("an id"), "failed").await;
    let id = made.body["id"].as_str().expect("an id");
    let gone = gateway
        .delete(&format!("/v1/templates/profiles/{id}"))
        .await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    let mut mended = failing;
    mended["steps"][0]["payload_template"] = json!({ "text": "{{ origin.payload.content }}" });
    define(&gateway, &mended).await;
    let replayed = replay(&gateway, chain.as_str().expect("an id")).await;
    let again = replayed["outcome"]["ChainStarted"]["chain_id"].clone();
    until_it_is(&gateway, again.as_str().expect("an id"), "completed").await;
    let sent = receiver.requests().pop().expect("a request");
    assert_eq!(sent.body["payload"]["text"], "*call*: S2CRET-555");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_starts_no_chain_any_more_goes_with_its_attachments() {
    let receiver = counting().await;
    let failing = json!({ "name": "draws", "steps": [sends("tell", &json!({ "text": "{{ origin.payload.who.name }}" }))] });
    let gateway = with_chains(&providers(&receiver), &[failing]).await;
    let mut posted = starts("a", "draws", &json!({ "content": "see the graph" }));
    posted["provider"] = json!("hook");
    posted["attachments"] = json!([{ "id": "a1", "name": "Graph", "filename": "g.png", "content_type": "image/png", "data_base64": "iVBORw0KGgo=" }]);
    let outcome = gateway.dispatch(&posted).await;
    let first = outcome["ChainStarted"]["chain_id"].as_str().expect("an id");
    until_it_is(&gateway, first, "failed").await;
    // Also when it started the chain once more in between.
    let replayed = replay(&gateway, first).await;
    let chain = replayed["outcome"]["ChainStarted"]["chain_id"].clone();
    let chain = chain.as_str().expect("an id");
    until_it_is(&gateway, chain, "failed").await;
    gateway.write_rules("rules: []");
    let reloaded = gateway.post("/v1/rules/reload", &json!({})).await;
    assert_eq!(reloaded.status, StatusCode::OK, "{}", reloaded.body);
    let replayed = replay(&gateway, chain).await;
    assert!(replayed["outcome"]["Executed"].is_object(), "{replayed}");
    let sent = receiver.requests().pop().expect("a request");
    assert_eq!(sent.body["attachments"], posted["attachments"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_of_a_caller_keeps_no_profile_from_being_rendered() {
    let receiver = counting().await;
    let gateway = with_chains(&providers(&receiver), &[]).await;
    let profile = json!({"namespace": "incidents", "tenant": "acme", "name": "call",
        "fields": {"content": "*{{ content }}*"}});
    let made = gateway.post("/v1/templates/profiles", &profile).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let mut posted = crate::support::action("a", "hook", &json!({ "content": "x" }));
    posted["template"] = json!("call");
    posted["metadata"] =
        json!({ "rendered_by": "call", "sent_for": "approval:x:action", "replayed_from": "b" });
    gateway.dispatch(&posted).await;
    let sent = receiver.requests().pop().expect("a request");
    assert_eq!(sent.body["payload"]["content"], "*x*");
}
