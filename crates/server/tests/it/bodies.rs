//! What a body says is heeded or refused, never passed over.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Client, Gateway, action};

const CONFIGURATION: &str =
    "circuit_breaker.enabled = true\n[[providers]]\nname = \"log\"\ntype = \"log\"\n";

fn silence() -> Value {
    json!({ "namespace": "incidents", "tenant": "acme", "matchers": [{ "name": "no", "value": "no" }], "duration_seconds": 600 })
}

fn quota() -> Value {
    json!({ "namespace": "incidents", "tenant": "acme", "max_actions": 100, "window": "daily", "overage_behavior": "warn" })
}

fn interval() -> Value {
    json!({ "namespace": "incidents", "tenant": "acme", "name": "nights", "time_ranges": [{ "months": [{ "start": 1, "end": 1 }] }] })
}

async fn make(client: &Client, path: &str, body: &Value) -> String {
    let made = client.post(path, body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    format!(
        "{path}/{}",
        made.body["id"].as_str().unwrap_or("incidents/acme/nights")
    )
}

/// A gateway with one action, one dead letter, and one of each policy; and the paths of those.
async fn furnished() -> (Gateway, [String; 3]) {
    let gateway = Gateway::start(CONFIGURATION).await;
    gateway.dispatch(&action("a", "log", &json!({}))).await;
    gateway.dispatch(&action("dead", "nope", &json!({}))).await;
    let paths = [
        make(&gateway, "/v1/silences", &silence()).await,
        make(&gateway, "/v1/quotas", &quota()).await,
        make(&gateway, "/v1/time-intervals", &interval()).await,
    ];
    (gateway, paths)
}

/// Everything that the requests below could change.
async fn seen(client: &Client, paths: &[String]) -> Vec<Value> {
    let mut seen = Vec::new();
    for path in [
        "/v1/audit?limit=100",
        "/v1/dlq",
        "/admin/circuit-breakers",
        "/v1/rules",
    ]
    .into_iter()
    .chain(paths.iter().map(String::as_str))
    {
        seen.push(client.get(path).await.body);
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_refused_where_none_is_taken() {
    let (gateway, policies) = furnished().await;
    let posts = [
        "/v1/audit/replay?provider=log",
        "/v1/audit/a/replay",
        "/v1/dlq/drain",
        "/v1/dlq/replay?all=true",
        "/v1/dlq/dead/replay",
        "/admin/circuit-breakers/log/trip",
        "/admin/circuit-breakers/log/reset",
        "/admin/lanes/log/reset",
        "/admin/reload",
    ];
    let mut requests: Vec<(Method, &str)> =
        posts.into_iter().map(|path| (Method::POST, path)).collect();
    requests.extend(
        policies
            .iter()
            .map(String::as_str)
            .chain(["/v1/dlq/dead"])
            .map(|path| (Method::DELETE, path)),
    );
    let before = seen(&gateway, &policies).await;
    for (method, path) in &requests {
        for body in [
            r#"{"tenant":"zzz","limit":1}"#,
            "[]",
            "0",
            "{",
            "what a form sends",
        ] {
            let answer = gateway
                .try_send(method.clone(), path, Some(body.into()), None)
                .await
                .expect("an answer");
            assert_eq!(
                answer.status,
                StatusCode::UNPROCESSABLE_ENTITY,
                "{method} {path} {body}: {}",
                answer.body
            );
            let message = answer.body["message"].as_str().expect("a message");
            assert!(
                message.contains("takes no body") && message.contains("query"),
                "{message}"
            );
        }
        assert_eq!(seen(&gateway, &policies).await, before, "{method} {path}");
    }
    let untyped = reqwest::Client::new()
        .post(format!("{}/v1/rules/reload", gateway.base()))
        .body(r#"{"directory":"/elsewhere"}"#);
    assert_eq!(
        untyped.send().await.expect("an answer").status(),
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    );
    // What says nothing is none.
    for body in ["", " \n", "{}", " { } ", "null"] {
        let answer = gateway
            .try_send(
                Method::POST,
                "/v1/dlq/replay?tenant=zzz",
                Some(body.into()),
                None,
            )
            .await
            .expect("an answer");
        assert_eq!(answer.status, StatusCode::OK, "{body:?}: {}", answer.body);
    }
    for (method, path) in requests.iter().rev() {
        let answer = gateway
            .try_send(method.clone(), path, None, None)
            .await
            .expect("an answer");
        assert!(
            answer.status.is_success() || answer.status == StatusCode::NOT_FOUND,
            "{method} {path}: {}",
            answer.body
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_names_another_tenant_changes_nobodys_policy() {
    let (gateway, paths) = furnished().await;
    let changes = [
        json!({ "comment": "changed" }),
        json!({ "max_actions": 7 }),
        json!({ "description": "changed" }),
    ];
    let before = seen(&gateway, &paths).await;
    for (path, change) in paths.iter().zip(&changes) {
        for (field, other) in [
            ("tenant", "zzz"),
            ("tenant", "acme.us"),
            ("namespace", "other"),
            ("tenant", "a\nb"),
        ] {
            let mut body = change.clone();
            body[field] = json!(other);
            let answer = gateway.put(path, &body).await;
            let is_refused =
                [StatusCode::NOT_FOUND, StatusCode::UNPROCESSABLE_ENTITY].contains(&answer.status);
            assert!(
                is_refused,
                "{path} {body}: {} {}",
                answer.status, answer.body
            );
        }
    }
    for path in &paths[..2] {
        let elsewhere = format!("{path}?tenant=zzz");
        assert_eq!(
            gateway.put(&elsewhere, &json!({})).await.status,
            StatusCode::NOT_FOUND,
            "{elsewhere}"
        );
        assert_eq!(
            gateway.get(&elsewhere).await.status,
            StatusCode::NOT_FOUND,
            "{elsewhere}"
        );
        assert_eq!(
            gateway.delete(&elsewhere).await.status,
            StatusCode::NOT_FOUND,
            "{elsewhere}"
        );
        let both = gateway.put(&elsewhere, &json!({ "tenant": "acme" })).await;
        assert_eq!(both.status, StatusCode::NOT_FOUND, "{}", both.body);
    }
    assert_eq!(
        gateway
            .put(&paths[2], &json!({ "name": "days" }))
            .await
            .status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(seen(&gateway, &paths).await, before, "nothing changed");
    for (path, change) in paths.iter().zip(&changes) {
        let mut body = change.clone();
        (body["namespace"], body["tenant"]) = (json!("incidents"), json!("acme"));
        let answer = gateway.put(path, &body).await;
        assert_eq!(
            answer.status,
            StatusCode::OK,
            "who repeats its own is heard: {path} {}",
            answer.body
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_have_names_and_no_places() {
    let (gateway, paths) = furnished().await;
    let before = seen(&gateway, &paths).await;
    let matcher = json!({ "name": "a", "value": "b" });
    let cases = [
        (
            Method::POST,
            "/v1/silences",
            json!(["incidents", "acme", [matcher], null, null, 60, "c", null]),
        ),
        (
            Method::POST,
            "/v1/silences/preview",
            json!(["incidents", "acme", [matcher], null, null, 60, "c", null]),
        ),
        (
            Method::POST,
            "/v1/quotas",
            json!([
                "incidents",
                "us",
                null,
                null,
                false,
                5,
                "daily",
                "block",
                null,
                null,
                true
            ]),
        ),
        (
            Method::POST,
            "/v1/rules/evaluate",
            json!(["incidents", "acme", "log", "x", {}]),
        ),
        (Method::POST, "/v1/rules/reload", json!([null])),
        (Method::PUT, "/v1/rules/x/enabled", json!([true])),
        (Method::PUT, &paths[0], json!([null, "changed", null, null])),
        (
            Method::PUT,
            &paths[1],
            json!([7, null, null, null, null, null, null, null]),
        ),
        (Method::PUT, &paths[2], json!([])),
        (Method::PUT, &paths[0], json!("text")),
    ];
    for (method, path, body) in cases {
        let answer = gateway
            .try_send(method, path, Some(body.to_string()), None)
            .await
            .expect("an answer");
        assert_eq!(
            answer.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{path} {body}: {}",
            answer.body
        );
        let message = answer.body["message"].as_str().expect("a message");
        assert!(
            message.contains("must be a JSON object"),
            "{path} {body}: {message}"
        );
    }
    let mut by_place = silence();
    by_place["matchers"] = json!([["team", "pay"]]);
    let answer = gateway.post("/v1/silences", &by_place).await;
    assert_eq!(
        answer.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        answer.body
    );
    for broken in ["[1", "", "[}"] {
        let answer = gateway
            .try_send(Method::POST, "/v1/silences", Some(broken.into()), None)
            .await
            .expect("an answer");
        assert_eq!(
            answer.status,
            StatusCode::BAD_REQUEST,
            "{broken}: {}",
            answer.body
        );
    }
    assert_eq!(seen(&gateway, &paths).await, before, "nothing changed");
}
