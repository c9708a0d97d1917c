//! Ids: where a caller gives none, and where a caller is told one.

use reqwest::header::HeaderMap;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{Gateway, action};

const LOG: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";

async fn post(gateway: &Gateway, path: &str, body: &Value, keys: &[&str]) -> Response {
    let mut headers = HeaderMap::new();
    for key in keys {
        headers.append("idempotency-key", key.parse().expect("a value"));
    }
    let request = reqwest::Client::new()
        .post(format!("{}{path}", gateway.base()))
        .headers(headers);
    request
        .header("content-type", "application/json")
        .body(body.to_string())
        .send()
        .await
        .expect("an answer")
}

async fn json_of(answer: Response) -> Value {
    serde_json::from_str(&answer.text().await.expect("text")).expect("JSON")
}

fn without_id() -> Value {
    let mut body = action("x", "log", &json!({}));
    body.as_object_mut().expect("an object").remove("id");
    body
}

fn told(answer: &Response) -> Option<String> {
    answer
        .headers()
        .get("acteon-action-id")
        .and_then(|id| id.to_str().ok())
        .map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_a_batch_makes_the_ids_of_its_items() {
    let gateway = Gateway::start(LOG).await;
    let batch = json!([without_id(), action("own", "log", &json!({})), without_id()]);
    for _ in 0..2 {
        let answer = post(&gateway, "/v1/dispatch/batch", &batch, &["k1"]).await;
        assert_eq!(answer.status(), StatusCode::OK);
    }
    let rows = gateway.get("/v1/audit?limit=10").await.body["records"]
        .as_array()
        .expect("rows")
        .clone();
    let mut ids: Vec<&str> = rows
        .iter()
        .filter_map(|row| row["action_id"].as_str())
        .collect();
    ids.sort_unstable();
    assert_eq!(
        ids,
        ["k1:0", "k1:2", "own"],
        "sent twice, and nothing is there twice"
    );
    for (path, body) in [
        ("/v1/dispatch", &without_id()),
        ("/v1/dispatch/batch", &batch),
    ] {
        let answer = post(&gateway, path, body, &["k2", "k3"]).await;
        let (status, body) = (answer.status(), json_of(answer).await);
        assert_eq!(
            (status, body["code"].as_str()),
            (StatusCode::BAD_REQUEST, Some("INVALID_HEADER")),
            "{path}: {body}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_about_one_action_tells_its_id() {
    let gateway = Gateway::start(LOG).await;
    let made = told(&post(&gateway, "/v1/dispatch", &without_id(), &[]).await)
        .expect("the id that the server made");
    let view = gateway.get(&format!("/v1/actions/{made}")).await;
    assert_eq!(
        (view.status, view.body["action"]["id"].as_str()),
        (StatusCode::OK, Some(made.as_str()))
    );
    for path in ["actions", "audit"] {
        let answer = reqwest::get(format!("{}/v1/{path}/{made}", gateway.base()))
            .await
            .expect("an answer");
        assert_eq!(told(&answer).as_deref(), Some(made.as_str()), "{path}");
    }
    let dry = post(
        &gateway,
        "/v1/dispatch?dry_run=true",
        &action("dry", "log", &json!({})),
        &[],
    )
    .await;
    assert_eq!(told(&dry).as_deref(), Some("dry"));
    let other = action(&made, "log", &json!({ "another": "request" }));
    let conflict = post(&gateway, "/v1/dispatch", &other, &[]).await;
    assert_eq!(
        (conflict.status(), told(&conflict).as_deref()),
        (StatusCode::CONFLICT, Some(made.as_str()))
    );
    assert_eq!(json_of(conflict).await["action_id"], made.as_str());
    let item = json_of(post(&gateway, "/v1/dispatch/batch", &json!([other]), &[]).await).await;
    assert_eq!(
        (
            item[0]["error"]["code"].as_str(),
            item[0]["error"]["action_id"].as_str()
        ),
        (Some("ID_CONFLICT"), Some(made.as_str()))
    );
    let chinese = post(
        &gateway,
        "/v1/dispatch",
        &action("告警 1%", "log", &json!({})),
        &[],
    )
    .await;
    assert_eq!(
        told(&chinese).as_deref(),
        Some("%E5%91%8A%E8%AD%A6%201%25"),
        "percent-encoded, as in a path"
    );
}
