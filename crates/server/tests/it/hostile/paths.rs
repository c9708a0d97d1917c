//! Texts that no name can be, wherever a path or a query takes one.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::CONFIGURATION;
use crate::support::{Gateway, action};

/// Every route with a part that names something, with `BAD` in its place.
fn routes() -> Vec<(Method, &'static str, Option<Value>)> {
    let interval = json!({ "time_ranges": [] });
    vec![
        (Method::GET, "/v1/actions/BAD", None),
        (Method::GET, "/v1/audit/BAD", None),
        (Method::POST, "/v1/audit/BAD/replay", None),
        (Method::GET, "/v1/dlq/BAD", None),
        (Method::DELETE, "/v1/dlq/BAD", None),
        (Method::POST, "/v1/dlq/BAD/replay", None),
        (
            Method::PUT,
            "/v1/rules/BAD/enabled",
            Some(json!({ "enabled": false })),
        ),
        (Method::GET, "/v1/silences/BAD", None),
        (
            Method::PUT,
            "/v1/silences/BAD",
            Some(json!({ "comment": "x" })),
        ),
        (Method::DELETE, "/v1/silences/BAD", None),
        (Method::GET, "/v1/time-intervals/n/t/BAD", None),
        (Method::GET, "/v1/time-intervals/BAD/t/x", None),
        (
            Method::PUT,
            "/v1/time-intervals/n/t/BAD",
            Some(interval.clone()),
        ),
        (Method::PUT, "/v1/time-intervals/n/BAD/x", Some(interval)),
        (Method::DELETE, "/v1/time-intervals/n/t/BAD", None),
        (Method::DELETE, "/v1/time-intervals/BAD/t/x", None),
        (Method::GET, "/v1/quotas/BAD", None),
        (Method::GET, "/v1/quotas/BAD/usage", None),
        (
            Method::PUT,
            "/v1/quotas/BAD",
            Some(json!({ "description": "x" })),
        ),
        (Method::DELETE, "/v1/quotas/BAD", None),
        (Method::GET, "/v1/quotas/QUOTA/usage?principal=BAD", None),
        (Method::POST, "/admin/circuit-breakers/BAD/trip", None),
        (Method::POST, "/admin/circuit-breakers/BAD/reset", None),
        (Method::POST, "/admin/lanes/BAD/reset", None),
        (Method::GET, "/v1/audit?provider=BAD", None),
        (Method::GET, "/v1/audit?namespace=BAD", None),
        (Method::GET, "/v1/audit?caller_id=BAD", None),
        (Method::POST, "/v1/audit/replay?matched_rule=BAD", None),
        (Method::GET, "/v1/dlq?code=BAD", None),
        (Method::GET, "/v1/actions/a?tenant=BAD", None),
        (Method::GET, "/v1/quotas?principal=BAD", None),
        (Method::GET, "/v1/rules/coverage?namespace=BAD", None),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_name_can_be_is_refused_in_json_and_troubles_nobody() {
    let gateway = Gateway::start(CONFIGURATION).await;
    let quota = json!({ "namespace": "n", "tenant": "t", "per_principal": true, "max_actions": 9, "window": "daily", "overage_behavior": "warn" });
    let quota = gateway.post("/v1/quotas", &quota).await.body["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    for bad in ["%00", "a%00b", "%ff", "%C3%28", "%0a"] {
        for (method, path, body) in routes() {
            let path = path.replace("BAD", bad).replace("QUOTA", &quota);
            // A query's bytes that are no text are replaced, and then find nothing.
            let harmless =
                path.contains('?') && bad.contains('%') && !matches!(bad, "%00" | "a%00b" | "%0a");
            let answer = gateway
                .try_send(
                    method.clone(),
                    &path,
                    body.map(|body| body.to_string()),
                    None,
                )
                .await
                .expect("an answer");
            let refused = answer.status.is_client_error()
                && answer.body["code"].is_string()
                && answer.body["retryable"] == false;
            assert!(
                refused || harmless,
                "{method} {path}: {} {}",
                answer.status,
                answer.body
            );
        }
    }
    assert_eq!(
        gateway.get("/v1/actions/%ff").await.body["code"],
        "INVALID_PATH"
    );
    assert_eq!(
        gateway.get("/ready").await.body,
        json!({ "status": "ready" })
    );
    assert!(
        gateway
            .dispatch(&action("after", "log", &json!({})))
            .await
            .get("Executed")
            .is_some()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nul_in_any_text_of_a_body_is_refused_or_kept_harmless() {
    let gateway = Gateway::start(CONFIGURATION).await;
    let with = |field: &str, value: Value| {
        let mut action = action("nul", "log", &json!({ "content": "x" }));
        action[field] = value;
        action
    };
    for field in [
        "id",
        "namespace",
        "tenant",
        "provider",
        "action_type",
        "dedup_key",
        "status",
        "fingerprint",
    ] {
        let answer = gateway
            .post("/v1/dispatch", &with(field, json!("a\u{0}b")))
            .await;
        assert_eq!(
            (answer.status, &answer.body["fields"][0]["field"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)),
            "{}",
            answer.body
        );
    }
    for (field, value) in [
        ("payload", json!({ "content": "a\u{0}b", "\u{0}": "\u{0}" })),
        ("metadata", json!({ "a": "b\u{0}" })),
    ] {
        let mut action = with(field, value);
        action["id"] = json!(field);
        assert!(
            gateway.dispatch(&action).await.get("Executed").is_some(),
            "{field} is kept as it came"
        );
        assert_eq!(
            gateway.get(&format!("/v1/actions/{field}")).await.body["action"][field],
            action[field]
        );
    }
    let answer = gateway
        .post("/v1/dispatch", &with("metadata", json!({ "a\u{0}": "b" })))
        .await;
    assert_eq!(
        answer.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "no rule can name such a label: {}",
        answer.body
    );
    let silence = json!({ "namespace": "n", "tenant": "t", "matchers": [{ "name": "x", "value": "a\u{0}" }], "duration_seconds": 60, "comment": "\u{0}" });
    let quota = json!({ "namespace": "n", "tenant": "t", "max_actions": 9, "window": "daily", "overage_behavior": "warn", "description": "\u{0}", "labels": { "a": "\u{0}" } });
    let interval = json!({ "namespace": "n", "tenant": "t", "name": "a\u{0}", "time_ranges": [{ "months": [{ "start": 1, "end": 1 }] }] });
    for (path, body) in [
        ("/v1/silences", silence),
        ("/v1/quotas", quota),
        ("/v1/time-intervals", interval),
    ] {
        let answer = gateway.post(path, &body).await;
        assert!(
            answer.status == StatusCode::CREATED || answer.status.is_client_error(),
            "{path}: {} {}",
            answer.status,
            answer.body
        );
    }
    assert_eq!(
        gateway.get("/ready").await.body,
        json!({ "status": "ready" })
    );
}
