//! What is told of failures, and what is redacted.

use crate::support::Client;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{PROVIDERS, by, silence, with_keys};
use crate::support::action;

/// A service may repeat what it was sent, for whichever tenant.
#[tokio::test(flavor = "multi_thread")]
async fn what_calls_failed_with_is_told_to_those_who_may_use_them_for_all() {
    let hook = "retry.max_retries = 0\nretry.durable = false\n[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:9/\"\n";
    let gateway = with_keys(hook).await;
    let (root, eyes) = (gateway.with_key("root"), gateway.with_key("eyes"));
    root.dispatch(&action("a", "hook", &json!({}))).await;
    let told = async |client: &Client| {
        (
            client.get("/v1/providers/health").await.body,
            client.get("/ready").await.body.to_string(),
        )
    };
    let (health, ready) = told(&root).await;
    assert!(
        health["providers"][0]["last_error"].is_string() && ready.contains("no connection"),
        "{health} {ready}"
    );
    let (health, ready) = told(&eyes).await;
    assert!(
        health["providers"][0]
            .get("last_error")
            .is_none_or(Value::is_null),
        "{health}"
    );
    assert!(
        ready.contains("hook") && !ready.contains("no connection"),
        "{ready}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_redacted_is_told_by_nothing() {
    let redact = "audit.redact = [\"payload.password\", \"payload.users.*.phone\", \"metadata.token\", \"dedup_key\"]\n";
    let gateway = with_keys(&format!("{redact}{PROVIDERS}")).await;
    let root = gateway.with_key("root");
    let mut secret = action(
        "a",
        "log",
        &json!({ "password": "xyzzy", "users": [{ "phone": "555", "name": "li" }], "text": "hello" }),
    );
    (secret["metadata"], secret["dedup_key"]) = (
        json!({ "token": "t0ken", "team": "pay" }),
        json!("dedup-xyzzy"),
    );
    root.dispatch(&secret).await;
    for path in [
        "/v1/audit/a",
        "/v1/audit",
        "/v1/actions/a",
        "/v1/audit/export",
    ] {
        let shown = root.get(path).await.body.to_string();
        assert!(
            shown.contains("hello") || path.contains("actions"),
            "{path}: {shown}"
        );
        assert!(
            !["xyzzy", "555", "t0ken"]
                .iter()
                .any(|secret| shown.contains(secret)),
            "{path}: {shown}"
        );
    }
    for name in [
        "action.payload.password",
        "action.payload.users",
        "action.payload",
        "action.metadata",
        "token",
        "action.metadata.token",
        "action.dedup_key",
    ] {
        for op in ["equal", "not_equal", "regex", "not_regex"] {
            let body = silence(&json!([{ "name": name, "value": "x.*", "op": op }]));
            for (key, path) in [
                ("eyes", "/v1/silences/preview"),
                ("root", "/v1/silences/preview"),
                ("root", "/v1/silences"),
            ] {
                let answer = gateway.with_key(key).post(path, &body).await;
                let told = answer.body["message"].as_str().unwrap_or_default();
                assert_eq!(
                    answer.status,
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "{key} {path} {name}: {}",
                    answer.body
                );
                assert!(
                    told.contains("redacted") && told.contains("matchers[0]"),
                    "{told}"
                );
            }
        }
    }
    let found = gateway
        .with_key("eyes")
        .post(
            "/v1/silences/preview",
            &silence(&json!([
                by("team", "pay"),
                by("action.payload.text", "hello")
            ])),
        )
        .await;
    assert_eq!(found.body["matched"], 1, "{}", found.body);
}
