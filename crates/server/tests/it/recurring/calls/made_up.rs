//! Occurrences that are made up for: what was sent, what is hidden, and what a rule delays.

use acteon_fakes::webhook::Receiver;
use serde_json::{Value, json};

use crate::auth;
use crate::recurring::{LOG, daily, faults, made};
use crate::support::{Answer, Client, Gateway};

const REDACT: &str = "[audit]\nredact = [\"payload.pin\", \"metadata.token\"]\n";

/// Makes up for the occurrences of so many days of March.
async fn made_up(client: &Client, id: &str, days: u32) -> Value {
    let end = format!("2026-03-0{days}T12:00:00Z");
    let span = json!({ "start": "2026-03-01T00:00:00Z", "end": end });
    let path = format!("/v1/recurring/{id}/backfill");
    let answer = client.post(&path, &span).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.body["occurrences"], days, "{}", answer.body);
    answer.body["results"].clone()
}

async fn changed(client: &Client, id: &str, payload: &Value) {
    let path = format!("/v1/recurring/{id}");
    let answer: Answer = client.put(&path, &json!({ "payload": payload })).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_rule_delays_is_charged_when_it_goes() {
    let rules =
        "rules: [{name: later, condition: 'true', action: {type: schedule, delay_seconds: 1}}]";
    let gateway = Gateway::with_rules(rules, LOG).await;
    let quota = json!({ "namespace": "incidents", "tenant": "acme", "max_actions": 1, "window": "daily", "overage_behavior": "block" });
    let quota = gateway.post("/v1/quotas", &quota).await;
    assert_eq!(quota.status, 201, "{}", quota.body);
    let id = made(&gateway, &json!({})).await;
    let results = made_up(&gateway, &id, 2).await;
    let mut outcomes = Vec::new();
    for result in results.as_array().expect("results") {
        assert_eq!(result["outcome"], "scheduled", "{results}");
        let action = result["action_id"].as_str().expect("an id");
        let over = gateway
            .until(&format!("/v1/audit/{action}"), |record| {
                record["state"] != "open"
            })
            .await;
        outcomes.push(over["outcome"].as_str().expect("a word").to_owned());
    }
    outcomes.sort();
    assert_eq!(outcomes, ["executed", "quota_exceeded"]);
    let quota = quota.body["id"].as_str().expect("an id");
    let usage = gateway.get(&format!("/v1/quotas/{quota}/usage")).await;
    assert_eq!(usage.body["used"], 1, "{}", usage.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_answers_with_what_became_of_it_whatever_is_sent_now() {
    let callers = [("root", "admin", "*"), ("acme-ops", "operator", "acme")];
    let (gateway, path) = auth::start(&callers).await;
    let auth = format!("auth.enabled = true\nauth.config_path = {path:?}\n");
    let gateway = gateway.restart(&format!("{auth}{REDACT}{LOG}")).await;
    let (root, ops) = (gateway.with_key("root"), gateway.with_key("acme-ops"));
    let id = made(&root, &json!({ "payload": { "pin": "4711" } })).await;
    made_up(&root, &id, 1).await;
    let sent = format!("/v1/actions/rec:{id}:1772326800");
    root.until(&sent, |body| body["state"] == "done").await;
    let mut told = Vec::new();
    for guess in ["4710", "4711"] {
        changed(&ops, &id, &json!({ "pin": guess })).await;
        told.push(made_up(&ops, &id, 1).await);
    }
    assert_eq!(told[0][0]["outcome"], "executed", "{told:?}");
    assert_eq!(told[0], told[1], "no guess is told from another");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_service_repeated_of_what_is_hidden_stays_hidden() {
    let receiver = Receiver::start(|request| (400, request.body.to_string()))
        .await
        .expect("a receiver");
    let hook = format!(
        "[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{}\"\n",
        receiver.url()
    );
    let gateway = Gateway::start(&format!("{REDACT}{hook}")).await;
    let hidden = json!({ "provider": "hook", "payload": { "pin": "s3cret" } });
    let id = made(&gateway, &hidden).await;
    made_up(&gateway, &id, 1).await;
    let sent = format!("/v1/actions/rec:{id}:1772326800");
    gateway.until(&sent, |body| body["state"] == "dead").await;
    changed(&gateway, &id, &json!({ "pin": "other" })).await;
    let told = made_up(&gateway, &id, 1).await;
    assert_eq!(told[0]["outcome"], "failed", "{told}");
    assert!(!told.to_string().contains("s3cret"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_what_is_shown_is_not_made_with_what_stands_for_the_hidden() {
    let gateway = Gateway::start(&format!("{REDACT}{LOG}")).await;
    let hidden = json!({ "payload": { "pin": "s3cret" }, "metadata": { "token": "s3cret" } });
    let id = made(&gateway, &hidden).await;
    let shown = gateway.get(&format!("/v1/recurring/{id}")).await.body;
    for field in ["payload", "metadata"] {
        let mut copy = json!({});
        copy[field] = shown[field].clone();
        let told = faults(&gateway.post("/v1/recurring", &daily(&copy)).await);
        assert_eq!(told[0].0, field);
        assert!(told[0].1.contains("send what it is to say"), "{told:?}");
    }
    assert_eq!(gateway.get("/v1/recurring").await.body["count"], 1);
}
