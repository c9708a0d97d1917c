//! The wire format, where published clients and their peer's server disagree; and what is not built.

mod recurring;

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Gateway, action};

const LOG: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n[[providers]]\nname = \"email\"\ntype = \"log\"\n";

fn keys(value: &Value) -> BTreeSet<&str> {
    value
        .as_object()
        .map(|map| map.keys().map(String::as_str).collect())
        .unwrap_or_default()
}

fn assert_keys(value: &Value, expected: &[&str]) {
    assert_eq!(keys(value), expected.iter().copied().collect(), "{value}");
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_are_read_flat_and_nested() {
    let gateway =
        Gateway::with_rules("rules: [{name: r, condition: 'action.metadata.severity == \"critical\"', action: {type: suppress}}]", LOG)
            .await;
    for (id, metadata) in [
        ("a", json!({ "severity": "critical" })),
        ("b", json!({ "labels": { "severity": "critical" } })),
    ] {
        let mut labelled = action(id, "log", &json!({}));
        labelled["metadata"] = metadata;
        assert_eq!(
            gateway.dispatch(&labelled).await,
            json!({ "Suppressed": { "rule": "r" } })
        );
        assert_eq!(
            gateway.get(&format!("/v1/actions/{id}")).await.body["action"]["metadata"],
            json!({ "severity": "critical" })
        );
    }
}

/// Every refusal is one object with these four, also for a whole batch, and on routes of documents;
/// an item's error is an object.
#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_is_one_object() {
    let gateway = Gateway::start(LOG).await;
    for (method, path, body) in [
        (Method::POST, "/v1/dispatch", "{"),
        (Method::POST, "/v1/dispatch", "{}"),
        (Method::POST, "/v1/dispatch/batch", "{}"),
        (Method::POST, "/v1/silences", "{}"),
        (Method::POST, "/v1/quotas", "[]"),
        (Method::POST, "/v1/time-intervals", "{}"),
        (Method::PUT, "/v1/rules/nope/enabled", r#"{"enabled":true}"#),
        (Method::DELETE, "/v1/silences/nope", ""),
        (Method::GET, "/v1/quotas/nope/usage", ""),
        (Method::POST, "/v1/rules/evaluate", "{}"),
    ] {
        let body = Some(body.to_owned()).filter(|body| !body.is_empty());
        let answer = gateway
            .try_send(method, path, body, None)
            .await
            .expect("an answer");
        assert!(!answer.status.is_success());
        for key in ["code", "message", "retryable", "error"] {
            assert!(answer.body.get(key).is_some(), "{path}: {}", answer.body);
        }
    }
    let batch = gateway
        .post(
            "/v1/dispatch/batch",
            &json!([{}, action("c", "log", &json!({}))]),
        )
        .await
        .body;
    assert!(
        batch[0]["error"]["code"].is_string()
            && batch[0]["error"]["retryable"].is_boolean()
            && batch[1]["Executed"].is_object(),
        "{batch}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_reloaded_without_a_body() {
    let gateway = Gateway::with_rules("rules: []", LOG).await;
    let reloaded = gateway
        .try_send(Method::POST, "/v1/rules/reload", None, None)
        .await
        .expect("an answer")
        .body;
    assert_keys(&reloaded, &["loaded", "errors", "reloaded", "directory"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_of_a_breaker_is_always_there() {
    let gateway = Gateway::start(LOG).await;
    assert_eq!(
        gateway.get("/v1/providers/health").await.body["providers"][0]["circuit_breaker_state"],
        "closed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_and_overages_are_words_shorthands_and_objects() {
    let gateway = Gateway::start(LOG).await;
    for (given, window, overage, shown) in [
        (
            ("a", json!("hourly")),
            json!("hourly"),
            json!("block"),
            json!("block"),
        ),
        (
            ("b", json!("90")),
            json!({ "custom": { "seconds": 90 } }),
            json!("degrade:email"),
            json!({ "degrade": { "fallback_provider": "email" } }),
        ),
        (
            ("c", json!({ "custom": { "seconds": 60 } })),
            json!({ "custom": { "seconds": 60 } }),
            json!({ "notify": { "target": "email" } }),
            json!({ "notify": { "target": "email" } }),
        ),
    ] {
        let quota = json!({ "namespace": "n", "tenant": given.0, "max_actions": 1, "window": given.1, "overage_behavior": overage });
        let made = gateway.post("/v1/quotas", &quota).await.body;
        assert_eq!(
            (&made["window"], &made["overage_behavior"]),
            (&window, &shown)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn silences_have_the_fields_that_clients_index() {
    let gateway = Gateway::start(LOG).await;
    let silence = json!({ "namespace": "incidents", "tenant": "acme", "matchers": [{ "name": "severity", "value": "warn.*", "op": "regex" }],
        "starts_at": null, "ends_at": null, "duration_seconds": 7200, "comment": "canary" });
    let made = gateway.post("/v1/silences", &silence).await.body;
    assert_keys(
        &made,
        &[
            "id",
            "namespace",
            "tenant",
            "matchers",
            "starts_at",
            "ends_at",
            "created_by",
            "comment",
            "created_at",
            "updated_at",
            "active",
        ],
    );
    assert_eq!(
        (&made["matchers"], &made["active"]),
        (&silence["matchers"], &json!(true))
    );
    assert_keys(
        &gateway.get("/v1/silences").await.body,
        &["silences", "count"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn time_intervals_have_the_fields_that_clients_index() {
    let gateway = Gateway::start(LOG).await;
    let interval = json!({ "name": "working-hours", "namespace": "incidents", "tenant": "acme", "location": "Asia/Shanghai", "description": "office",
        "time_ranges": [{ "times": [{ "start": "09:00", "end": "18:00" }], "weekdays": [{ "start": 1, "end": 5 }],
            "days_of_month": [{ "start": 1, "end": -1 }], "months": [{ "start": 1, "end": 12 }], "years": [{ "start": 2026, "end": 2027 }] }] });
    let made = gateway.post("/v1/time-intervals", &interval).await.body;
    assert_keys(
        &made,
        &[
            "name",
            "namespace",
            "tenant",
            "location",
            "description",
            "time_ranges",
            "created_by",
            "created_at",
            "updated_at",
            "matches_now",
        ],
    );
    assert_keys(&made["time_ranges"][0]["times"][0], &["start", "end"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn quotas_have_the_fields_that_clients_index() {
    let gateway = Gateway::start(LOG).await;
    let quota = json!({ "namespace": "incidents", "tenant": "acme", "provider": "log", "principal": null, "per_principal": false,
        "max_actions": 1000, "window": "hourly", "overage_behavior": "block", "description": "d", "labels": {} });
    let made = gateway.post("/v1/quotas", &quota).await.body;
    assert_keys(
        &made,
        &[
            "id",
            "namespace",
            "tenant",
            "provider",
            "per_principal",
            "max_actions",
            "window",
            "overage_behavior",
            "enabled",
            "description",
            "created_at",
            "updated_at",
        ],
    );
    let usage = gateway
        .get(&format!(
            "/v1/quotas/{}/usage",
            made["id"].as_str().expect("an id")
        ))
        .await
        .body;
    assert_keys(
        &usage,
        &[
            "tenant",
            "namespace",
            "used",
            "limit",
            "remaining",
            "window",
            "resets_at",
            "overage_behavior",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_trail_has_the_fields_that_clients_index() {
    let gateway = Gateway::start(LOG).await;
    gateway.dispatch(&action("a", "log", &json!({}))).await;
    let page = gateway.get("/v1/audit").await.body;
    assert_keys(
        &page,
        &["records", "total", "total_is_capped", "limit", "offset"],
    );
    for key in [
        "id",
        "action_id",
        "chain_id",
        "namespace",
        "tenant",
        "provider",
        "action_type",
        "verdict",
        "matched_rule",
        "outcome",
        "action_payload",
        "verdict_details",
        "outcome_details",
        "metadata",
        "dispatched_at",
        "completed_at",
        "duration_ms",
        "expires_at",
        "caller_id",
        "auth_method",
        "record_hash",
        "previous_hash",
        "sequence_number",
        "signature",
        "signer_id",
        "kid",
        "canonical_hash",
    ] {
        assert!(page["records"][0].get(key).is_some(), "{key}: {page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_built_answers_404_in_json() {
    let gateway = Gateway::start(LOG).await;
    for (method, path) in [
        (Method::GET, "/v1/groups"),
        (Method::GET, "/v1/events"),
        (Method::GET, "/v1/subscribe/group/x"),
        (Method::GET, "/v1/analytics"),
        (Method::POST, "/v1/auth/login"),
        (Method::GET, "/admin/circuit-breakers"),
        (Method::GET, "/v1/plugins"),
        (Method::POST, "/v1/quotas/q/reload"),
        (Method::GET, "/nothing"),
    ] {
        let answer = gateway
            .try_send(method, path, None, None)
            .await
            .expect("an answer");
        assert_eq!(
            (answer.status, answer.body["code"].as_str()),
            (StatusCode::NOT_FOUND, Some("NOT_FOUND")),
            "{path}"
        );
        assert_keys(&answer.body, &["error", "code", "message", "retryable"]);
    }
}
