//! Webhooks, over the wire.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};

use acteon_simulation::webhook::Receiver;
use serde_json::json;

use crate::support::{Gateway, action};

fn configuration(url: &str, more: &str) -> String {
    format!("retry.durable = false\n[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{url}\"\n{more}\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_action_is_posted_with_the_configured_headers() {
    let receiver = Receiver::start(|_| (200, r#"{"ok":true}"#.into())).await.expect("a receiver");
    let gateway = Gateway::start(&configuration(&receiver.url(), "headers = { authorization = \"Bearer t0p\" }")).await;
    let outcome = gateway.dispatch(&action("a", "hook", &json!({ "n": 1 }))).await;
    assert_eq!(outcome["Executed"]["body"], json!({ "ok": true }));
    let request = receiver.requests().pop().expect("a request");
    assert_eq!((request.body["id"].as_str(), request.body["payload"]["n"].as_u64()), (Some("a"), Some(1)));
    assert_eq!(request.authorization.as_deref(), Some("Bearer t0p"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_outside_2xx_is_a_failure_of_its_class() {
    let status = Arc::new(AtomicU16::new(200));
    let shared = Arc::clone(&status);
    let receiver = Receiver::start(move |_| (shared.load(Ordering::SeqCst), "no JSON".into())).await.expect("a receiver");
    let gateway = Gateway::start(&configuration(&receiver.url(), "")).await;
    let outcome = gateway.dispatch(&action("ok", "hook", &json!({}))).await;
    assert_eq!(outcome["Executed"]["body"], json!({ "status_code": 200 }));
    for (code, kind, attempts) in [
        (400, "EXECUTION_FAILED", 1),
        (302, "EXECUTION_FAILED", 1),
        (401, "CONFIGURATION", 1),
        (403, "CONFIGURATION", 1),
        (500, "CONNECTION", 4),
        (408, "CONNECTION", 4),
        (429, "RATE_LIMITED", 1),
    ] {
        status.store(code, Ordering::SeqCst);
        let failed = gateway.final_outcome(&action(&format!("s{code}"), "hook", &json!({}))).await["Failed"].clone();
        assert_eq!((failed["code"].as_str(), failed["attempts"].as_u64()), (Some(kind), Some(attempts)), "{code}: {failed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovered_webhook_gets_what_was_put_off() {
    let calls = Arc::new(AtomicUsize::new(0));
    let shared = Arc::clone(&calls);
    let answer = move |_: &_| (if shared.fetch_add(1, Ordering::SeqCst) < 2 { 503 } else { 200 }, String::new());
    let receiver = Receiver::start(answer).await.expect("a receiver");
    let durable = configuration(&receiver.url(), "").replace("retry.durable = false", "retry.max_retries = 1\nretry.delays_seconds = [1]");
    let gateway = Gateway::start(&durable).await;
    let sent = action("a", "hook", &json!({}));
    assert!(gateway.dispatch(&sent).await.get("Scheduled").is_some());
    assert_eq!(gateway.final_outcome(&sent).await["Executed"]["status"], "success");
    let view = gateway.get("/v1/actions/a").await.body;
    assert_eq!((view["attempts"].as_u64(), view["possible_duplicate"].as_bool()), (Some(3), Some(false)));
}
