//! Posting actions: ids, repeats, waiting for the outcome.

use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{DOWN, LOG, hello};
use crate::support::{Gateway, action};

#[tokio::test(flavor = "multi_thread")]
async fn an_action_is_executed_and_can_be_looked_at() {
    let gateway = Gateway::start(LOG).await;
    assert_eq!(
        gateway.dispatch(&hello("a")).await,
        json!({ "Executed": { "status": "success", "body": { "logged": true }, "headers": {} } })
    );
    let view = gateway
        .get("/v1/actions/a?namespace=incidents&tenant=acme")
        .await
        .body;
    assert_eq!(
        (
            view["state"].as_str(),
            view["attempts"].as_u64(),
            view["origin"].as_str()
        ),
        (Some("done"), Some(1), Some("api"))
    );
    assert_eq!(view["history"][0]["provider"], "log");
    assert_eq!(view["action"]["payload"], json!({ "content": "hello" }));
    assert_eq!(
        gateway.get("/v1/actions/a?tenant=other").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_and_a_time_are_made_where_none_are_given() {
    let gateway = Gateway::start(LOG).await;
    let body = json!({ "namespace": "n", "tenant": "t", "provider": "log", "action_type": "x", "payload": {} });
    let answer = gateway
        .post_preferring("/v1/dispatch", &body, "respond-async")
        .await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let id = answer.body["Scheduled"]["action_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let view = gateway.get(&format!("/v1/actions/{id}")).await.body;
    assert!(
        view["action"]["created_at"]
            .as_str()
            .is_some_and(|time| time.ends_with('Z')),
        "{view}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_id_answers_the_first_outcome_and_another_body_is_a_conflict() {
    let gateway = Gateway::start(LOG).await;
    let first = gateway.dispatch(&hello("a")).await;
    let mut again = hello("a");
    again["created_at"] = json!("2026-01-01T00:00:00Z");
    assert_eq!(gateway.dispatch(&again).await, first);
    let outcomes = join_all((0..50).map(|_| async { gateway.dispatch(&hello("b")).await })).await;
    assert!(outcomes.iter().all(|outcome| outcome == &outcomes[0]));
    let metrics = gateway.get("/metrics").await.body;
    assert!(metrics.as_str().is_some_and(|text| text.contains("acteon_provider_requests_total{provider=\"log\"} 2")), "{metrics}");
    let conflict = gateway
        .post(
            "/v1/dispatch",
            &action("a", "log", &json!({ "content": "other" })),
        )
        .await;
    assert_eq!(
        (conflict.status, conflict.body["code"].as_str()),
        (StatusCode::CONFLICT, Some("ID_CONFLICT")),
        "{}",
        conflict.body
    );
    let told = conflict.body["message"].as_str().expect("a message");
    assert!(
        told.contains("with another payload")
            && !told.contains("hello")
            && !told.contains("other\""),
        "{told}"
    );
    let mut renamed = hello("a");
    renamed["dedup_key"] = json!("k");
    let conflict = gateway.post("/v1/dispatch", &renamed).await.body;
    assert!(
        conflict["message"]
            .as_str()
            .is_some_and(|told| told.contains("with another dedup_key")),
        "{conflict}"
    );
    let mut elsewhere = hello("a");
    elsewhere["tenant"] = json!("globex");
    gateway.dispatch(&elsewhere).await;
    assert_eq!(
        gateway.get("/v1/actions/a").await.status,
        StatusCode::CONFLICT,
        "two tenants have it"
    );
    assert_eq!(
        gateway.post("/v1/audit/a/replay", &Value::Null).await.body["code"],
        "AMBIGUOUS_ID",
        "nor is it known which to send again"
    );
    assert_eq!(
        gateway.get("/v1/actions/a?tenant=globex").await.status,
        StatusCode::OK
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn outcomes_and_ids_survive_a_restart() {
    let gateway = Gateway::start(LOG).await;
    let first = gateway.dispatch(&hello("a")).await;
    let gateway = gateway.restart(LOG).await;
    assert_eq!(gateway.dispatch(&hello("a")).await, first);
    let none = "acteon_provider_requests_total{provider=\"log\"} 0\n";
    assert_eq!(
        gateway
            .get("/metrics")
            .await
            .body
            .as_str()
            .map(|text| text.contains(none)),
        Some(true)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_follows_the_prefer_header() {
    let gateway = Gateway::start(&format!("retry.max_retries = 0\n{LOG}{DOWN}")).await;
    let down = |id| action(id, "down", &json!({}));
    let answer = gateway
        .post_preferring("/v1/dispatch", &down("a"), "wait=10")
        .await;
    let scheduled = &answer.body["Scheduled"];
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(
        (
            scheduled["action_id"].as_str(),
            scheduled["attempts"].as_u64()
        ),
        (Some("a"), Some(1)),
        "{}",
        answer.body
    );
    assert_eq!(scheduled["last_error"]["code"], "CONNECTION");
    let answer = gateway.post("/v1/dispatch", &down("b")).await;
    assert_eq!(
        answer.status,
        StatusCode::OK,
        "without the header always 200"
    );
    assert!(answer.body.get("Scheduled").is_some());
    let answer = gateway
        .post_preferring("/v1/dispatch", &hello("c"), "wait=10")
        .await;
    assert_eq!(answer.status, StatusCode::OK, "an outcome in time is 200");
    let view = gateway.get("/v1/actions/a").await.body;
    assert_eq!(
        (
            view["state"].as_str(),
            view["outcome"]["Scheduled"]["attempts"].as_u64()
        ),
        (Some("open"), Some(1)),
        "{view}"
    );
    assert!(view["next_attempt_at"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_is_the_id_where_the_body_has_none() {
    let gateway = Gateway::start(LOG).await;
    let body = json!({ "namespace": "n", "tenant": "t", "provider": "log", "action_type": "x", "payload": {} });
    let send = || {
        let request = reqwest::Client::new()
            .post(format!("{}/v1/dispatch", gateway.base()))
            .header("idempotency-key", "key-1");
        request
            .header("content-type", "application/json")
            .body(body.to_string())
            .send()
    };
    assert!(send().await.expect("an answer").status().is_success());
    assert!(send().await.expect("an answer").status().is_success());
    assert_eq!(gateway.get("/v1/actions/key-1").await.body["attempts"], 1);
}
