//! Templates and profiles as the published clients ask for them, and what they read of the answers; and the fields of an action beside its payload.

use acteon_fakes::webhook::Receiver;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::LOG;
use crate::support::{Gateway, action};

const OF: &str = "namespace=incidents&tenant=acme";

/// Checks that fields are there.
fn has(value: &Value, fields: &[&str]) {
    for field in fields {
        assert!(value.get(field).is_some(), "{field}: {value}");
    }
}

/// Makes, shows, lists, changes and deletes a document.
async fn each_call(gateway: &Gateway, path: &str, list: &str, body: &Value, change: &Value) {
    let made = gateway.post(path, body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    has(
        &made.body,
        &[
            "id",
            "name",
            "namespace",
            "tenant",
            "created_at",
            "updated_at",
            "description",
            "labels",
        ],
    );
    assert_eq!(gateway.post(path, body).await.status, StatusCode::CONFLICT);
    let id = made.body["id"].as_str().expect("an id");
    let one = format!("{path}/{id}");
    for query in [String::new(), format!("?{OF}")] {
        let shown = gateway.get(&format!("{one}{query}")).await;
        assert_eq!((shown.status, &shown.body), (StatusCode::OK, &made.body));
        let listed = gateway.get(&format!("{path}{query}")).await.body;
        assert_eq!(
            (&listed["count"], &listed[list][0]),
            (&json!(1), &made.body)
        );
    }
    let changed = gateway.put(&one, change).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
    assert_eq!(
        (&changed.body["id"], &changed.body["description"]),
        (&made.body["id"], &json!("changed"))
    );
    let deleted = gateway.delete(&format!("{one}?{OF}")).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT, "{}", deleted.body);
    for gone in [
        gateway.get(&one).await,
        gateway.delete(&one).await,
        gateway.put(&one, change).await,
    ] {
        assert_eq!(gone.status, StatusCode::NOT_FOUND, "{}", gone.body);
        has(&gone.body, &["error", "code", "message", "retryable"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_made_shown_changed_and_deleted() {
    let gateway = Gateway::start(LOG).await;
    let template = json!({ "name": "text", "namespace": "incidents", "tenant": "acme", "content": "{{ host }}", "description": "d", "labels": { "team": "pay" } });
    let change = json!({ "namespace": "incidents", "tenant": "acme", "content": "{{ host }}!", "description": "changed", "labels": { "team": "pay" } });
    each_call(&gateway, "/v1/templates", "templates", &template, &change).await;
    gateway.post("/v1/templates", &template).await;
    let fields = json!({ "content": "inline {{ x }}", "html_body": { "$ref": "text" } });
    let profile = json!({ "name": "alert", "namespace": "incidents", "tenant": "acme", "fields": fields, "description": "d", "labels": { "team": "pay" } });
    let change = json!({ "namespace": "incidents", "tenant": "acme", "fields": fields, "description": "changed" });
    each_call(
        &gateway,
        "/v1/templates/profiles",
        "profiles",
        &profile,
        &change,
    )
    .await;
    gateway.post("/v1/templates/profiles", &profile).await;
    let asked = json!({ "profile": "alert", "namespace": "incidents", "tenant": "acme", "payload": { "x": 7, "host": "db-1" } });
    let rendered = gateway.post("/v1/templates/render", &asked).await;
    let expected = json!({ "rendered": { "content": "inline 7", "html_body": "db-1" } });
    assert_eq!((rendered.status, rendered.body), (StatusCode::OK, expected));
    let reloaded = gateway
        .try_send(reqwest::Method::POST, "/v1/templates/reload", None, None)
        .await
        .expect("an answer");
    assert_eq!(reloaded.status, StatusCode::OK, "{}", reloaded.body);
    let mut posted = action("a", "log", &json!({ "x": 7, "host": "db-1" }));
    posted["template"] = json!("alert");
    assert!(gateway.dispatch(&posted).await["Executed"].is_object());
}

/// An action with every field that a client can set beside its payload.
fn with_all() -> Value {
    let mut posted = action("a", "hook", &json!({ "content": "checkout is down" }));
    for (field, value) in json!({
        "dedup_key": "checkout-5xx", "status": "firing", "fingerprint": "fp1", "starts_at": null, "ends_at": null, "template": null,
        "attachments": [{ "id": "a1", "name": "Graph", "filename": "g.png", "content_type": "image/png", "data_base64": "iVBORw0KGgo=" }],
        "signature": "c2lnbmVk", "signer_id": "ci", "kid": "k1", "trace_context": { "traceparent": "00-1-2-01" },
    })
    .as_object()
    .expect("fields")
    {
        posted[field] = value.clone();
    }
    posted
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_is_taken_with_every_field() {
    let hook = Receiver::start(|_| (200, "{}".to_owned()))
        .await
        .expect("a receiver");
    let lines = format!(
        "{LOG}[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{}\"\n",
        hook.url()
    );
    let gateway = Gateway::start(&lines).await;
    let posted = with_all();
    assert!(gateway.dispatch(&posted).await["Executed"].is_object());
    assert!(
        gateway.dispatch(&posted).await["Executed"].is_object(),
        "the same again"
    );
    let requests = hook.requests();
    assert_eq!(requests.len(), 1);
    for field in ["attachments", "signature", "signer_id", "kid"] {
        assert_eq!(requests[0].body[field], posted[field], "{field}");
    }
    let mut other = posted.clone();
    other["attachments"][0]["data_base64"] = json!("iVBORw0KGgp=");
    let refused = gateway.post("/v1/dispatch", &other).await;
    assert_eq!(
        refused.status,
        StatusCode::CONFLICT,
        "another file is another request: {}",
        refused.body
    );
    let shown = gateway.get("/v1/actions/a").await.body;
    let file = &shown["action"]["attachments"][0];
    assert_eq!(
        (&file["filename"], file.get("data_base64")),
        (&json!("g.png"), None),
        "{shown}"
    );
    let mut other = action("b", "log", &json!({}));
    other["signer_id"] = json!("else");
    gateway.dispatch(&other).await;
    for (filter, count) in [
        ("signer_id=ci", 1),
        ("kid=k1", 1),
        ("signer_id=ci&kid=k2", 0),
        ("signer_id=c", 0),
    ] {
        let page = gateway.get(&format!("/v1/audit?{filter}")).await.body;
        let records = page["records"].as_array().expect("records");
        assert_eq!(records.len(), count, "{filter}: {page}");
        for record in records {
            assert_eq!(
                (&record["signature"], &record["signer_id"], &record["kid"]),
                (&json!("c2lnbmVk"), &json!("ci"), &json!("k1"))
            );
        }
    }
    // Clients that set nothing send these.
    let mut empty = action("c", "log", &json!({}));
    for (field, value) in [
        ("attachments", json!([])),
        ("signature", Value::Null),
        ("signer_id", Value::Null),
        ("kid", Value::Null),
    ] {
        empty[field] = value;
    }
    assert!(gateway.dispatch(&empty).await["Executed"].is_object());
}

#[tokio::test(flavor = "multi_thread")]
async fn attachments_are_limited_and_told_by_their_fields() {
    let gateway = Gateway::start(LOG).await;
    let file =
        json!({ "filename": "g.png", "content_type": "image/png", "data_base64": "iVBORw0KGgo=" });
    let with = |field: &str, value: Value| {
        let mut file = file.clone();
        file[field] = value;
        json!([file])
    };
    for (attachments, field) in [
        (json!([{}]), "attachments[0].filename"),
        (with("data_base64", json!("iVBORw0KGgo")), ""),
        (
            with("data_base64", json!("iVBORw0KG")),
            "attachments[0].data_base64",
        ),
        (
            with("data_base64", json!("iVBO\nRw0KGgo=")),
            "attachments[0].data_base64",
        ),
        (
            with("data_base64", json!("aW1n=")),
            "attachments[0].data_base64",
        ),
        (with("size", json!(5)), "attachments[0].size"),
        (Value::Array(vec![file.clone(); 11]), "attachments"),
        (json!("x"), "attachments"),
    ] {
        let mut posted = action("a", "log", &json!({}));
        posted["attachments"] = attachments.clone();
        let answer = gateway.post("/v1/dispatch", &posted).await;
        let told = answer.body["fields"][0]["field"].as_str().unwrap_or("");
        assert_eq!(told, field, "{attachments}: {}", answer.body);
        let expected = if field.is_empty() {
            StatusCode::OK
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        };
        assert_eq!(answer.status, expected, "{}", answer.body);
    }
}
