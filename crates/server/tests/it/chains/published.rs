//! Chains and executions as the published clients ask for them, and what they read of the answers.

use acteon_fakes::webhook::Receiver;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{OF, counting, providers, starting, starts, until_it_is};
use crate::support::{Answer, Gateway};

const DEFINITIONS: &str = "/v1/chains/definitions";

/// Providers of the definitions below.
const OTHERS: &str = "[[providers]]\nname = \"wechat-ops\"\ntype = \"log\"\n[[providers]]\nname = \"email\"\ntype = \"log\"\n";

fn rollback() -> Value {
    json!({ "name": "rollback", "steps": [{ "name": "back", "provider": "log", "action_type": "notify", "payload_template": { "n": 1 } }] })
}

/// A definition with every kind of step and every field, as clients write it: what a step of another kind sends is empty.
fn every_kind() -> Value {
    json!({ "name": "deploy", "version": 1, "timeout_seconds": 3600, "on_failure": "abort",
        "on_cancel": { "provider": "wechat-ops", "action_type": "notify" },
        "steps": [
            { "name": "announce", "provider": "wechat-ops", "action_type": "notify", "payload_template": { "content": "Deploy {{origin.payload.build}}" },
              "on_failure": "skip", "delay_seconds": null, "retry": { "max_retries": 2, "backoff_ms": 1000, "strategy": "exponential", "jitter_ms": 200 },
              "branches": [{ "field": "body.errcode", "operator": "eq", "value": 0, "target": "wait" }], "default_next": "page" },
            { "name": "wait", "provider": "", "action_type": "", "payload_template": {},
              "wait_for_signal": { "signal_name": "approved", "timeout_seconds": 900, "on_timeout": "page" } },
            { "name": "pause", "provider": "", "action_type": "", "payload_template": {}, "timer": { "duration_seconds": 60 } },
            { "name": "fan", "provider": "", "action_type": "", "payload_template": {}, "parallel": { "join": "all", "on_failure": "fail_fast",
              "timeout_seconds": 30, "max_concurrency": 4,
              "steps": [{ "name": "a", "provider": "email", "action_type": "m", "payload_template": {} }] } },
            { "name": "sub", "provider": "", "action_type": "", "payload_template": {}, "sub_chain": "rollback" },
            { "name": "page", "provider": "wechat-ops", "action_type": "notify", "payload_template": { "content": "no answer: {{prev.body}}" } },
        ] })
}

/// Sends, and waits for a signal.
fn waits() -> Value {
    json!({ "name": "waits", "steps": [
        { "name": "tell", "provider": "hook", "action_type": "notify", "payload_template": {}, "default_next": "wait" },
        { "name": "wait", "provider": "", "action_type": "", "payload_template": {}, "wait_for_signal": { "signal_name": "go" } },
    ] })
}

/// A gateway with the providers, and what `hook` sends to.
async fn gateway() -> (Gateway, Receiver) {
    let receiver = counting().await;
    let lines = format!("{}{OTHERS}", providers(&receiver));
    (Gateway::with_rules("rules: []", &lines).await, receiver)
}

async fn put(gateway: &Gateway, definition: &Value) -> Answer {
    let name = definition["name"].as_str().expect("a name");
    gateway
        .put(&format!("{DEFINITIONS}/{name}"), definition)
        .await
}

/// Checks that fields are there.
fn has(value: &Value, fields: &[&str]) {
    for field in fields {
        assert!(value.get(field).is_some(), "{field}: {value}");
    }
}

/// Checks that all of `expected` that is not null or empty stands in `found`.
fn shows(found: &Value, expected: &Value, path: &str) {
    match expected {
        Value::Object(members) => {
            for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
                shows(&found[name], value, &format!("{path}.{name}"));
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                shows(&found[at], item, &format!("{path}[{at}]"));
            }
        }
        _ => assert_eq!(found, expected, "{path}"),
    }
}

fn is_refusal(answer: &Answer, status: StatusCode) {
    assert_eq!(answer.status, status, "{}", answer.body);
    has(&answer.body, &["error", "code", "message", "retryable"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn definitions_of_every_kind_are_written_and_shown() {
    let (gateway, _hook) = gateway().await;
    for definition in [rollback(), every_kind()] {
        let written = put(&gateway, &definition).await;
        assert_eq!(written.status, StatusCode::OK, "{}", written.body);
        let name = definition["name"].as_str().expect("a name");
        let shown = gateway.get(&format!("{DEFINITIONS}/{name}")).await;
        assert_eq!((shown.status, &shown.body), (StatusCode::OK, &written.body));
        shows(&shown.body, &definition, name);
        for step in shown.body["steps"].as_array().expect("steps") {
            has(
                step,
                &["name", "provider", "action_type", "payload_template"],
            );
        }
    }
    let listed = gateway.get(DEFINITIONS).await.body;
    let expected = json!({ "name": "deploy", "steps_count": 6, "has_branches": true, "has_parallel": true, "has_sub_chains": true,
        "on_failure": "abort", "timeout_seconds": 3600 });
    shows(&listed["definitions"][0], &expected, "deploy");
    let dag = gateway.get(&format!("{DEFINITIONS}/deploy/dag")).await.body;
    has(&dag, &["chain_name", "nodes", "edges", "execution_path"]);
    for node in dag["nodes"].as_array().expect("nodes") {
        has(node, &["name", "node_type"]);
    }
    for edge in dag["edges"].as_array().expect("edges") {
        has(edge, &["source", "target", "on_execution_path"]);
    }
    shows(
        &dag["nodes"][3],
        &json!({ "parallel_join": "all", "parallel_children": [{ "name": "a" }] }),
        "fan",
    );
    shows(
        &dag["nodes"][4],
        &json!({ "sub_chain_name": "rollback" }),
        "sub",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_of_definitions_are_what_clients_read() {
    let (gateway, _hook) = gateway().await;
    let renamed = gateway
        .put(&format!("{DEFINITIONS}/other"), &rollback())
        .await;
    is_refusal(&renamed, StatusCode::BAD_REQUEST);
    let wrong = put(&gateway, &json!({ "name": "wrong", "steps": [] })).await;
    is_refusal(&wrong, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body["details"][0].is_string(), "{}", wrong.body);
    let path = format!("{DEFINITIONS}/rollback");
    is_refusal(&gateway.get(&path).await, StatusCode::NOT_FOUND);
    is_refusal(&gateway.delete(&path).await, StatusCode::NOT_FOUND);
    put(&gateway, &rollback()).await;
    put(&gateway, &every_kind()).await;
    is_refusal(&gateway.delete(&path).await, StatusCode::CONFLICT);
    let deleted = gateway.delete(&format!("{DEFINITIONS}/deploy")).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    assert_eq!(gateway.delete(&path).await.status, StatusCode::NO_CONTENT);
}

/// An execution that waits for its signal.
async fn waiting() -> (Gateway, String, Receiver) {
    let (gateway, hook) = gateway().await;
    put(&gateway, &waits()).await;
    gateway.write_rules(&starting(&["waits"]));
    gateway.post("/v1/rules/reload", &json!({})).await;
    let outcome = gateway.dispatch(&starts("a", "waits", &json!({}))).await;
    let started = &outcome["ChainStarted"];
    let expected = json!({ "chain_name": "waits", "total_steps": 2, "first_step": "tell" });
    shows(started, &expected, "ChainStarted");
    let id = started["chain_id"].as_str().expect("an id").to_owned();
    until_it_is(&gateway, &id, "waiting_signal").await;
    (gateway, id, hook)
}

const SUMMARY: [&str; 7] = [
    "chain_id",
    "chain_name",
    "status",
    "current_step",
    "total_steps",
    "started_at",
    "updated_at",
];

#[tokio::test(flavor = "multi_thread")]
async fn executions_are_listed_shown_and_cancelled() {
    let (gateway, id, _hook) = waiting().await;
    for filter in [
        "",
        "&status=waiting_signal",
        "&status=waiting_signal&limit=10",
    ] {
        let listed = gateway.get(&format!("/v1/chains?{OF}{filter}")).await.body;
        assert_eq!(listed["chains"][0]["chain_id"], id, "{listed}");
        has(&listed["chains"][0], &SUMMARY);
    }
    let none = gateway
        .get(&format!("/v1/chains?{OF}&status=completed"))
        .await
        .body;
    assert_eq!(none["chains"], json!([]));
    let path = format!("/v1/chains/{id}");
    let shown = gateway.get(&format!("{path}?{OF}")).await.body;
    has(&shown, &SUMMARY);
    has(
        &shown,
        &[
            "namespace",
            "tenant",
            "expires_at",
            "execution_path",
            "child_chain_ids",
            "steps",
        ],
    );
    for (step, name, provider) in [(0, "tell", "hook"), (1, "wait", "")] {
        let step = &shown["steps"][step];
        has(
            step,
            &[
                "name",
                "provider",
                "status",
                "response_body",
                "error",
                "completed_at",
                "max_retries",
            ],
        );
        assert_eq!(
            (&step["name"], &step["provider"]),
            (&json!(name), &json!(provider))
        );
    }
    let wish = json!({ "namespace": "incidents", "tenant": "acme", "reason": "no more", "cancelled_by": "ops" });
    let cancelled = gateway.post(&format!("{path}/cancel"), &wish).await;
    assert_eq!(cancelled.status, StatusCode::OK, "{}", cancelled.body);
    has(&cancelled.body, &SUMMARY);
    let expected =
        json!({ "status": "cancelled", "cancel_reason": "no more", "cancelled_by": "ops" });
    shows(&cancelled.body, &expected, "cancelled");
    is_refusal(
        &gateway.post(&format!("{path}/cancel"), &wish).await,
        StatusCode::CONFLICT,
    );
    is_refusal(
        &gateway.post("/v1/chains/none/cancel", &wish).await,
        StatusCode::NOT_FOUND,
    );
    for rest in ["", "/history", "/dag"] {
        let gone = gateway.get(&format!("/v1/chains/none{rest}?{OF}")).await;
        is_refusal(&gone, StatusCode::NOT_FOUND);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn history_and_graph_have_what_clients_read() {
    let (gateway, id, _hook) = waiting().await;
    let path = format!("/v1/chains/{id}");
    let history = gateway.get(&format!("{path}/history?{OF}")).await.body;
    has(&history, &["chain_id", "chain_name", "status", "steps"]);
    has(
        &history["steps"][0],
        &[
            "name",
            "step_index",
            "current_attempt",
            "max_retries",
            "attempts",
        ],
    );
    has(
        &history["steps"][0]["attempts"][0],
        &[
            "attempt",
            "started_at",
            "completed_at",
            "success",
            "duration_ms",
        ],
    );
    let dag = gateway.get(&format!("{path}/dag?{OF}")).await.body;
    has(
        &dag,
        &[
            "chain_name",
            "chain_id",
            "status",
            "nodes",
            "edges",
            "execution_path",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn executions_are_found_signalled_labelled_and_done_over() {
    let (gateway, id, _hook) = waiting().await;
    let which = json!({ "namespace": "incidents", "tenant": "acme" });
    let with = |more: &Value| {
        let mut body = which.clone();
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        body
    };
    let path = format!("/v1/executions/{id}");
    let labelled = with(&json!({ "attributes": { "ticket": "OPS-1" } }));
    let put = gateway.put(&format!("{path}/attributes"), &labelled).await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.body);
    let query = format!(
        "{OF}&chain_name=waits&status=waiting_signal&started_after=2020-01-01T00:00:00Z&started_before=2099-01-01T00:00:00Z&attr=ticket=OPS-1&limit=5"
    );
    let listed = gateway.get(&format!("/v1/executions?{query}")).await.body;
    assert_eq!(listed["executions"][0]["execution_id"], id, "{listed}");
    let shown = gateway.get(&format!("{path}?{OF}")).await.body;
    has(
        &shown,
        &[
            "execution_id",
            "chain_name",
            "status",
            "started_at",
            "updated_at",
            "attributes",
        ],
    );
    let history = gateway.get(&format!("{path}/history?{OF}")).await.body;
    has(&history, &["execution_id", "events"]);
    for event in history["events"].as_array().expect("events") {
        has(event, &["event_id", "timestamp", "event_type"]);
    }
    let signal = with(&json!({ "payload": { "by": "zhangsan" } }));
    let sent = gateway.post(&format!("{path}/signal/go"), &signal).await;
    let expected = json!({ "execution_id": id, "signal_name": "go", "status": "delivered" });
    assert_eq!((sent.status, &sent.body), (StatusCode::OK, &expected));
    until_it_is(&gateway, &id, "completed").await;
    is_refusal(
        &gateway.post(&format!("{path}/signal/go"), &which).await,
        StatusCode::CONFLICT,
    );
    is_refusal(
        &gateway.post("/v1/executions/none/signal/go", &which).await,
        StatusCode::NOT_FOUND,
    );
    let over = gateway.post(&format!("{path}/reset"), &which).await;
    assert_eq!(over.status, StatusCode::CREATED, "{}", over.body);
    assert_ne!(over.body["execution_id"], id);
}

/// The audit trail has what started an execution, and what its steps sent.
#[tokio::test(flavor = "multi_thread")]
async fn the_audit_trail_is_filtered_by_chain() {
    let (gateway, id, _hook) = waiting().await;
    gateway
        .dispatch(&crate::support::action("other", "log", &json!({})))
        .await;
    let page = gateway
        .get(&format!("/v1/audit?{OF}&chain_id={id}"))
        .await
        .body;
    let ids = |page: &Value| -> Vec<String> {
        let records = page["records"].as_array().expect("records");
        let ids = records.iter().map(|record| {
            assert_eq!(record["chain_id"], id, "{record}");
            record["action_id"].as_str().expect("an id").to_owned()
        });
        ids.collect()
    };
    assert_eq!(ids(&page), [format!("{id}:tell:1"), "a".to_owned()]);
    assert_eq!(page["total"], 2, "{page}");
    let first = gateway
        .get(&format!("/v1/audit?chain_id={id}&limit=1"))
        .await
        .body;
    assert_eq!(ids(&first), [format!("{id}:tell:1")]);
    let cursor = first["next_cursor"].as_str().expect("a cursor");
    let rest = gateway
        .get(&format!("/v1/audit?chain_id={id}&limit=1&cursor={cursor}"))
        .await
        .body;
    assert_eq!(
        (ids(&rest), &rest["next_cursor"]),
        (vec!["a".to_owned()], &json!(null))
    );
    for (filter, count) in [
        ("&outcome=chain_started", 1),
        ("&provider=hook", 1),
        ("&provider=email", 0),
        ("&from=2099-01-01T00:00:00Z", 0),
        ("&tenant=globex", 0),
    ] {
        let page = gateway
            .get(&format!("/v1/audit?chain_id={id}{filter}"))
            .await
            .body;
        assert_eq!(page["total"], count, "{filter}: {page}");
    }
    let none = gateway.get("/v1/audit?chain_id=none").await;
    assert_eq!(
        (none.status, &none.body["records"]),
        (StatusCode::OK, &json!([]))
    );
}
