//! Documents: how large, and written to the end.

use std::io::{Read as _, Write as _};
use std::path::Path;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{PROVIDERS, by, quota, silence, status};
use crate::support::{Gateway, PATIENCE, action, store_lines};

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_bounded_and_the_answer_names_the_field() {
    let gateway = Gateway::start(PROVIDERS).await;
    let long = "x".repeat(5000);
    let many: Value = (0..65)
        .map(|number| (format!("l{number}"), json!("x")))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let wide: Value = (0..10)
        .map(|number| (format!("l{number}"), json!("x".repeat(1000))))
        .collect::<serde_json::Map<_, _>>()
        .into();
    for (body, field) in [
        (json!({ "labels": { "a": long } }), "labels"),
        (json!({ "labels": { "x".repeat(200): "a" } }), "labels"),
        (json!({ "labels": many }), "labels"),
        (json!({ "labels": wide }), "labels"),
        (json!({ "description": long }), "description"),
    ] {
        let refused = gateway.post("/v1/quotas", &quota(&body)).await;
        let told = refused.body["fields"][0]["field"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert!(
            refused.status == StatusCode::UNPROCESSABLE_ENTITY && told.starts_with(field),
            "{field}: {}",
            refused.body
        );
    }
    let matchers: Value = (0..4)
        .map(|number| by(&format!("l{number}"), &"x".repeat(4000)))
        .collect();
    let refused = gateway.post("/v1/silences", &silence(&matchers)).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.body["fields"][0]["field"]),
        (422, &json!("matchers")),
        "{}",
        refused.body
    );
    let mut talkative = silence(&json!([by("a", "b")]));
    talkative["comment"] = json!(long);
    assert_eq!(
        gateway.post("/v1/silences", &talkative).await.body["fields"][0]["field"],
        "comment"
    );
    let wordy = json!({ "namespace": "incidents", "tenant": "acme", "name": "n", "description": "x".repeat(20_000), "time_ranges": [{ "months": [{ "start": 1, "end": 1 }] }] });
    assert_eq!(
        gateway.post("/v1/time-intervals", &wordy).await.body["fields"][0]["field"],
        "description"
    );
    assert_eq!(
        status(
            &gateway,
            Method::DELETE,
            "/v1/time-intervals/n/t/%00",
            &Value::Null
        )
        .await
            / 100,
        4
    );
    assert_eq!(gateway.get("/ready").await.body["status"], "ready");
}

/// Clients that post a change and leave, while the database is held up: what was written all the same is in force.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_that_left_wrote_is_in_force() {
    let folder = tempfile::tempdir().expect("a folder");
    if !store_lines(folder.path()).is_empty() {
        return;
    }
    let database = folder.path().join("acteon.db");
    let gateway = Gateway::start_in(folder, PROVIDERS).await;
    let ending = gateway
        .post("/v1/silences", &silence(&json!([by("ending", "yes")])))
        .await
        .body["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let holder = rusqlite::Connection::open(&database).expect("the database");
    holder.busy_timeout(PATIENCE).expect("set");
    holder.execute_batch("BEGIN IMMEDIATE").expect("held");
    for number in 0..8 {
        post_and_leave(
            gateway.base(),
            "POST",
            "/v1/silences",
            &silence(&json!([by("left", &number.to_string())])),
        );
    }
    post_and_leave(gateway.base(), "POST", "/v1/quotas", &quota(&json!({})));
    post_and_leave(
        gateway.base(),
        "PUT",
        &format!("/v1/silences/{ending}"),
        &json!({ "comment": "changed" }),
    );
    holder.execute_batch("COMMIT").expect("let go");
    // The writer takes turns: what was queued before this is done when this is.
    let last = gateway
        .post("/v1/silences", &silence(&json!([by("last", "one")])))
        .await;
    assert_eq!(last.status, StatusCode::CREATED, "{}", last.body);
    gateway
        .until("/v1/silences", |body| body["count"] == 10)
        .await;
    for number in 0..8 {
        let mut sent = action(&format!("a{number}"), "log", &json!({}));
        sent["metadata"] = json!({ "left": number.to_string() });
        let outcome = gateway.dispatch(&sent).await;
        assert!(outcome.get("Silenced").is_some(), "{number}: {outcome}");
    }
    gateway
        .until(&format!("/v1/silences/{ending}"), |body| {
            body["comment"] == "changed"
        })
        .await;
    gateway.until("/v1/quotas", |body| body["count"] == 1).await;
    assert_eq!(stored(&database), 11);
}

fn stored(database: &Path) -> i64 {
    let reader = rusqlite::Connection::open(database).expect("the database");
    reader
        .query_row("SELECT COUNT(*) FROM documents", [], |row| row.get(0))
        .expect("a count")
}

/// Sends a request, its body only once the server asks for it, and leaves when the body has gone.
fn post_and_leave(base: &str, method: &str, path: &str, body: &Value) {
    let address = base.trim_start_matches("http://");
    let body = body.to_string();
    let mut stream = std::net::TcpStream::connect(address).expect("a connection");
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("sent");
    let mut answer = [0; 25];
    stream.read_exact(&mut answer).expect("asked for the body");
    assert!(
        answer.starts_with(b"HTTP/1.1 100 Continue"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    stream.write_all(body.as_bytes()).expect("sent");
}
