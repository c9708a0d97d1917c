//! Malformed dispatches: the right 4xx, a JSON body that names the field, and nothing stored.

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::support::Gateway;

const CONFIGURATION: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";

/// A well-formed action, with one field changed or taken out.
fn with(field: &str, value: &Value) -> String {
    let mut action = json!({ "id": "bad", "namespace": "n", "tenant": "t", "provider": "log", "action_type": "x", "payload": {} });
    match value {
        Value::Null => drop(
            action
                .as_object_mut()
                .and_then(|fields| fields.remove(field)),
        ),
        value => action[field] = value.clone(),
    }
    action.to_string()
}

/// What is sent, the status that is right, and what the message must name.
fn bodies() -> Vec<(String, u16, &'static str)> {
    let long = |length| json!("x".repeat(length));
    let mut cases: Vec<(String, u16, &'static str)> = Vec::new();
    for field in ["namespace", "tenant", "provider", "action_type"] {
        cases.extend([
            (with(field, &json!(null)), 422, field),
            (with(field, &json!(5)), 422, field),
            (with(field, &json!("")), 422, field),
            (with(field, &json!("a\nb")), 422, field),
            (with(field, &long(129)), 422, field),
        ]);
    }
    cases.extend([
        (with("id", &json!(7)), 422, "id"),
        (with("id", &json!(" a")), 422, "id"),
        (with("id", &long(200)), 422, "id"),
        (with("payload", &json!(null)), 422, "payload"),
        (with("metadata", &json!("x")), 422, "metadata"),
        (with("metadata", &json!({ "a": 5 })), 422, "metadata.a"),
        (with("metadata", &json!({ "labels": { "b": [] } })), 422, "metadata.labels.b"),
        (with("metadata", &json!({ "c": "x".repeat(5000) })), 422, "metadata.c"),
        (with("metadata", &Value::Object((0..65).map(|n| (format!("k{n}"), json!("v"))).collect())), 422, "metadata"),
        (with("dedup_key", &json!(1)), 422, "dedup_key"),
        (with("dedup_key", &long(5000)), 422, "dedup_key"),
        (with("status", &json!([])), 422, "status"),
        (with("fingerprint", &json!({})), 422, "fingerprint"),
        (with("created_at", &json!("yesterday")), 422, "created_at"),
        (with("created_at", &json!(1_700_000_000)), 422, "created_at"),
        (with("expires_at", &json!("2026-13-01T00:00:00Z")), 422, "expires_at"),
        (with("starts_at", &json!(true)), 422, "starts_at"),
        (with("ends_at", &json!("2026-01-31T09:00:00")), 422, "ends_at"),
        (with("template", &json!("t")), 422, "template"),
        (with("attachments", &json!([{ "id": "a" }])), 422, "attachments[0].filename"),
        (with("attachments", &json!([{ "filename": "a", "content_type": "b", "data_base64": "a b" }])), 422, "attachments[0].data_base64"),
        (with("signature", &json!(5)), 422, "signature"),
        (r#"{"namespace":"n","namespace":"m","tenant":"t","provider":"log","action_type":"x","payload":{}}"#.into(), 422, "namespace"),
        ("[]".into(), 422, "action"),
        ("\"text\"".into(), 422, "action"),
        ("null".into(), 422, "action"),
        ("5".into(), 422, "action"),
        (String::new(), 400, "JSON"),
        ("{".into(), 400, "JSON"),
        ("{}}".into(), 400, "JSON"),
        ("{'a':1}".into(), 400, "JSON"),
        (r#"{"namespace":"\ud800"}"#.into(), 422, "namespace"),
        (format!("{}{}", "[".repeat(100), "]".repeat(100)), 422, "nests"),
        (with("payload", &json!(1)).replace(":1", &format!(":{}{}", "[".repeat(70), "]".repeat(70))), 422, "nests"),
        (with("payload", &long(1_100_000)), 413, "longer"),
    ]);
    cases
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_dispatches_are_refused_and_nothing_is_stored() {
    let gateway = Gateway::start(CONFIGURATION).await;
    let cases = bodies();
    assert!(cases.len() >= 50, "{}", cases.len());
    for (body, status, named) in cases {
        let shown = &body[..body.floor_char_boundary(200)];
        let answer = gateway
            .try_send(
                reqwest::Method::POST,
                "/v1/dispatch",
                Some(body.clone()),
                None,
            )
            .await
            .expect("an answer");
        assert_eq!(answer.status.as_u16(), status, "{shown}: {}", answer.body);
        let message = answer.body["message"].as_str().unwrap_or_default();
        assert!(message.contains(named), "{shown}: {message}");
        assert_eq!(answer.body["error"], answer.body["message"]);
        assert_eq!(answer.body["retryable"], false);
        assert!(
            answer.body["code"]
                .as_str()
                .is_some_and(|code| !code.is_empty())
        );
    }
    assert_eq!(
        gateway.get("/v1/actions/bad").await.status,
        StatusCode::NOT_FOUND
    );
    let metrics = gateway.get("/metrics").await.body;
    assert!(
        metrics
            .as_str()
            .is_some_and(|text| text.contains("acteon_actions_dispatched_total 0")),
        "{metrics}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_wrong_around_the_body_are_refused_in_json() {
    let gateway = Gateway::start(CONFIGURATION).await;
    let url = |path: &str| format!("{}{path}", gateway.base());
    let (http, body) = (Client::new(), with("id", &json!("bad")));
    let json_post = |path: &str| {
        http.post(url(path))
            .header("content-type", "application/json")
    };
    let large_batch = format!("[{}]", vec!["{}"; 1001].join(","));
    let cases = [
        (http.post(url("/v1/dispatch")).body(body.clone()), 415),
        (
            http.post(url("/v1/dispatch"))
                .header("content-type", "text/plain")
                .body(body.clone()),
            415,
        ),
        (
            json_post("/v1/dispatch")
                .header("content-encoding", "gzip")
                .body(body.clone()),
            415,
        ),
        (
            json_post("/v1/dispatch").body(vec![b'{', b'"', 0xff, b'"', b'}']),
            400,
        ),
        (
            json_post("/v1/dispatch?dryrun=true").body(body.clone()),
            400,
        ),
        (
            json_post("/v1/dispatch?dry_run=maybe").body(body.clone()),
            400,
        ),
        (
            json_post("/v1/dispatch?dry_run=true&dry_run=true").body(body.clone()),
            400,
        ),
        (json_post("/v1/dispatch/batch").body("{}"), 422),
        (json_post("/v1/dispatch/batch").body(large_batch), 400),
        (http.get(url("/v1/dispatch")), 405),
        (http.get(url("/v1/nope")), 404),
        (http.get(url("/v1/dlq?limit=0")), 400),
        (http.get(url("/v1/dlq?cursor=x")), 400),
        (http.get(url("/v1/actions/bad?tenent=t")), 400),
        (http.get(url("/v1/actions/bad")), 404),
    ];
    for (request, status) in cases {
        let answer = request.send().await.expect("an answer");
        let (path, found) = (answer.url().clone(), answer.status().as_u16());
        let body: Value = answer.json().await.expect("a JSON body");
        assert_eq!(found, status, "{path}: {body}");
        for key in ["error", "code", "message", "retryable"] {
            assert!(body.get(key).is_some(), "{path}: {key} in {body}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_are_taken_flat_and_nested() {
    let gateway = Gateway::start(CONFIGURATION).await;
    let body: Value = serde_json::from_str(&with(
        "metadata",
        &json!({ "team": "pay", "labels": { "severity": "critical" } }),
    ))
    .expect("JSON");
    gateway.dispatch(&body).await;
    assert_eq!(
        gateway.get("/v1/actions/bad").await.body["action"]["metadata"],
        json!({ "severity": "critical", "team": "pay" })
    );
}
