//! Recurring actions, with the bodies that published clients send, and what they read of the answers.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{LOG, assert_keys};
use crate::support::{Answer, Client, Gateway};

const OF: &str = "namespace=team&tenant=acme";

/// Fields of a row of the list that every client reads, without which one of them fails.
const TEXTS: [&str; 8] = [
    "id",
    "namespace",
    "tenant",
    "cron_expr",
    "timezone",
    "provider",
    "action_type",
    "created_at",
];

/// With nothing but the fields that clients always send.
fn least() -> Value {
    json!({ "namespace": "team", "tenant": "acme", "provider": "log", "action_type": "reminder", "payload": { "content": "standup" },
        "cron_expression": "0 9 * * MON-FRI" })
}

/// With every field that a client can set.
fn most() -> Value {
    let mut body = least();
    for (field, value) in json!({
        "name": "standup", "metadata": { "team": "payments" }, "timezone": "Asia/Shanghai", "end_date": "2099-12-31T23:59:59Z",
        "max_executions": 500, "description": "each working day", "dedup_key": "{{recurring_id}}-{{execution_time}}",
        "labels": { "kind": "standup" }, "overlap_policy": "skip",
    })
    .as_object()
    .expect("fields")
    {
        body[field] = value.clone();
    }
    body
}

/// As a client of Rust writes options that are not set.
fn with_nulls() -> Value {
    let mut body = least();
    for field in [
        "name",
        "timezone",
        "end_date",
        "max_executions",
        "description",
        "dedup_key",
        "metadata",
        "labels",
    ] {
        body[field] = Value::Null;
    }
    body
}

async fn made(gateway: &Gateway, body: &Value) -> String {
    let answer = gateway.post("/v1/recurring", body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    assert_eq!(answer.body["status"], "active", "{}", answer.body);
    assert!(answer.body["next_execution_at"].is_string());
    answer.body["id"].as_str().expect("an id").to_owned()
}

/// Checks what clients read of a recurring action in a list.
fn assert_row(row: &Value) {
    for field in TEXTS {
        assert!(row[field].is_string(), "{field}: {row}");
    }
    assert!(
        row["enabled"].is_boolean() && row["execution_count"].is_u64(),
        "{row}"
    );
    for field in ["next_execution_at", "description"] {
        let value = &row[field];
        assert!(value.is_null() || value.is_string(), "{field}: {row}");
    }
}

/// Checks what clients read of one of them: as in a list, and more.
fn assert_detail(body: &Value) {
    assert_row(body);
    assert!(
        body["updated_at"].is_string() && body["payload"].is_object(),
        "{body}"
    );
    for field in ["metadata", "labels"] {
        let texts = body[field].as_object().expect("an object");
        assert!(texts.values().all(Value::is_string), "{field}: {body}");
    }
    for field in ["last_executed_at", "ends_at", "dedup_key"] {
        let value = &body[field];
        assert!(value.is_null() || value.is_string(), "{field}: {body}");
    }
    let most = &body["max_executions"];
    assert!(most.is_null() || most.is_u64(), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_made_with_the_bodies_that_clients_send() {
    let gateway = Gateway::start(LOG).await;
    let created = gateway.post("/v1/recurring", &most()).await.body;
    assert_keys(&created, &["id", "name", "next_execution_at", "status"]);
    for body in [least(), with_nulls(), most()] {
        let id = made(&gateway, &body).await;
        let shown = gateway.get(&format!("/v1/recurring/{id}?{OF}")).await.body;
        assert_detail(&shown);
        for (sent, read) in [
            ("payload", "payload"),
            ("cron_expression", "cron_expr"),
            ("end_date", "ends_at"),
            ("max_executions", "max_executions"),
            ("dedup_key", "dedup_key"),
            ("description", "description"),
        ] {
            let wanted = match &body[sent] {
                Value::String(text) if sent == "end_date" => json!(text.replace('Z', ".000Z")),
                value => value.clone(),
            };
            assert_eq!(shown[read], wanted, "{sent}: {shown}");
        }
        let texts = |field: &str| body[field].as_object().cloned().unwrap_or_default();
        assert_eq!(shown["metadata"], json!(texts("metadata")), "{shown}");
        assert_eq!(shown["labels"], json!(texts("labels")), "{shown}");
    }
    // Some clients put labels of the action within its metadata.
    let mut nested = least();
    nested["metadata"] = json!({ "labels": { "team": "payments" } });
    let id = made(&gateway, &nested).await;
    let shown = gateway.get(&format!("/v1/recurring/{id}?{OF}")).await.body;
    assert_eq!(shown["metadata"], json!({ "team": "payments" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_listed_with_the_filters_that_clients_send() {
    let gateway = Gateway::start(LOG).await;
    for _ in 0..3 {
        made(&gateway, &least()).await;
    }
    for (filter, count) in [
        ("", 3),
        ("?namespace=team&tenant=acme", 3),
        (
            "?namespace=team&tenant=acme&status=active&limit=2&offset=0",
            2,
        ),
        (
            "?namespace=team&tenant=acme&status=active&limit=2&offset=2",
            1,
        ),
        ("?namespace=team&tenant=acme&status=paused", 0),
        ("?namespace=team&tenant=globex", 0),
    ] {
        let page = gateway.get(&format!("/v1/recurring{filter}")).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        // What published clients read, and where the page is full, what goes on behind it.
        let mut keys = vec!["recurring_actions", "count"];
        keys.extend((count == 2).then_some("next_cursor"));
        assert_keys(&page.body, &keys);
        let rows = page.body["recurring_actions"].as_array().expect("a list");
        assert_eq!(
            (rows.len(), &page.body["count"]),
            (count, &json!(count)),
            "{filter}"
        );
        rows.iter().for_each(assert_row);
    }
}

async fn send(client: &Client, method: Method, path: &str, body: Option<Value>) -> Answer {
    let body = body.map(|body| body.to_string());
    client
        .try_send(method, path, body, None)
        .await
        .expect("an answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_changed_paused_resumed_and_deleted_as_clients_do() {
    let gateway = Gateway::start(LOG).await;
    let id = made(&gateway, &most()).await;
    let path = format!("/v1/recurring/{id}");
    let which = json!({ "namespace": "team", "tenant": "acme" });
    let mut change = which.clone();
    for (field, value) in [
        ("name", json!("retro")),
        ("payload", json!({ "content": "retro" })),
        ("metadata", json!({ "team": "core" })),
        ("cron_expression", json!("30 16 * * FRI")),
        ("timezone", json!("Europe/Berlin")),
        ("end_date", json!("2098-01-01T00:00:00+08:00")),
        ("max_executions", json!(7)),
        ("description", json!("each Friday")),
        ("dedup_key", json!("{{recurring_id}}")),
        ("labels", json!({ "kind": "retro" })),
    ] {
        change[field] = value;
    }
    let changed = send(&gateway, Method::PUT, &path, Some(change)).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
    assert_detail(&changed.body);
    assert_eq!(
        (
            &changed.body["cron_expr"],
            &changed.body["ends_at"],
            &changed.body["labels"]
        ),
        (
            &json!("30 16 * * FRI"),
            &json!("2097-12-31T16:00:00.000Z"),
            &json!({ "kind": "retro" })
        )
    );
    for (word, enabled, next) in [("pause", false, false), ("resume", true, true)] {
        let path = format!("{path}/{word}");
        let done = send(&gateway, Method::POST, &path, Some(which.clone())).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.body);
        assert_detail(&done.body);
        assert_eq!(
            (
                &done.body["enabled"],
                done.body["next_execution_at"].is_string()
            ),
            (&json!(enabled), next)
        );
        let again = send(&gateway, Method::POST, &path, Some(which.clone())).await;
        assert_refusal(&again, StatusCode::CONFLICT);
    }
    let path = format!("{path}?{OF}");
    let deleted = send(&gateway, Method::DELETE, &path, None).await;
    assert_eq!(
        (deleted.status, &deleted.body),
        (StatusCode::NO_CONTENT, &json!(""))
    );
    for method in [Method::GET, Method::DELETE] {
        let gone = send(&gateway, method, &path, None).await;
        assert_refusal(&gone, StatusCode::NOT_FOUND);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_of_them_are_what_clients_read() {
    let gateway = Gateway::start(LOG).await;
    let mut wrong = least();
    wrong["cron_expression"] = json!("61 * * * *");
    let refused = send(&gateway, Method::POST, "/v1/recurring", Some(wrong)).await;
    assert_refusal(&refused, StatusCode::UNPROCESSABLE_ENTITY);
    for (method, path) in [
        (Method::PUT, "/v1/recurring/none"),
        (Method::POST, "/v1/recurring/none/pause"),
        (Method::POST, "/v1/recurring/none/resume"),
    ] {
        let which = json!({ "namespace": "team", "tenant": "acme" });
        let refused = send(&gateway, method, path, Some(which)).await;
        assert_refusal(&refused, StatusCode::NOT_FOUND);
    }
}

fn assert_refusal(answer: &Answer, status: StatusCode) {
    assert_eq!(answer.status, status, "{}", answer.body);
    for field in ["error", "code", "message"] {
        assert!(answer.body[field].is_string(), "{field}: {}", answer.body);
    }
    assert!(answer.body["retryable"].is_boolean(), "{}", answer.body);
}

/// A client of Rust reads each of them.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_missed_is_made_up_for_as_clients_do() {
    let gateway = Gateway::start(LOG).await;
    let id = made(&gateway, &least()).await;
    let span = json!({ "namespace": "team", "tenant": "acme", "start": "2026-03-02T00:00:00Z", "end": "2026-03-05T00:00:00Z" });
    let filled = gateway
        .post(&format!("/v1/recurring/{id}/backfill"), &span)
        .await;
    assert_eq!(filled.status, StatusCode::OK, "{}", filled.body);
    assert_keys(
        &filled.body,
        &["id", "occurrences", "dispatched", "results"],
    );
    assert_eq!(
        (&filled.body["occurrences"], &filled.body["dispatched"]),
        (&json!(3), &json!(3))
    );
    for result in filled.body["results"].as_array().expect("results") {
        assert!(
            result["occurrence"].is_string() && result["outcome"].is_string(),
            "{result}"
        );
    }
}
