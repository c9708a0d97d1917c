//! Answers that are failures, and what is repeated.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};

use acteon_core::{Clock as _, Timestamp};
use acteon_fakes::webhook::{Receiver, Reply};
use serde_json::json;

use super::configuration;
use crate::support::{Gateway, action};

#[tokio::test(flavor = "multi_thread")]
async fn a_status_outside_2xx_is_a_failure_of_its_class() {
    let status = Arc::new(AtomicU16::new(200));
    let shared = Arc::clone(&status);
    let receiver = Receiver::start(move |_| (shared.load(Ordering::SeqCst), "no JSON".into()))
        .await
        .expect("a receiver");
    let gateway = Gateway::start(&configuration(&receiver.url(), "")).await;
    let outcome = gateway.dispatch(&action("ok", "hook", &json!({}))).await;
    assert_eq!(outcome["Executed"]["body"], json!({ "status_code": 200 }));
    for (code, kind, attempts) in [
        (400, "EXECUTION_FAILED", 1),
        (302, "EXECUTION_FAILED", 1),
        (401, "CONFIGURATION", 1),
        (403, "CONFIGURATION", 1),
        (500, "CONNECTION", 1),
        (502, "CONNECTION", 1),
        (503, "CONNECTION", 1),
        (504, "CONNECTION", 1),
        (408, "CONNECTION", 4),
        (429, "RATE_LIMITED", 1),
    ] {
        status.store(code, Ordering::SeqCst);
        let failed = gateway
            .final_outcome(&action(&format!("s{code}"), "hook", &json!({})))
            .await["Failed"]
            .clone();
        assert_eq!(
            (failed["code"].as_str(), failed["attempts"].as_u64()),
            (Some(kind), Some(attempts)),
            "{code}: {failed}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovered_webhook_gets_what_was_put_off() {
    let calls = Arc::new(AtomicUsize::new(0));
    let shared = Arc::clone(&calls);
    let answer = move |_: &_| {
        (
            if shared.fetch_add(1, Ordering::SeqCst) < 2 {
                408
            } else {
                200
            },
            String::new(),
        )
    };
    let receiver = Receiver::start(answer).await.expect("a receiver");
    let durable = configuration(&receiver.url(), "").replace(
        "retry.durable = false",
        "retry.max_retries = 1\nretry.delays_seconds = [1]",
    );
    let gateway = Gateway::start(&durable).await;
    let sent = action("a", "hook", &json!({}));
    assert!(gateway.dispatch(&sent).await.get("Scheduled").is_some());
    assert_eq!(
        gateway.final_outcome(&sent).await["Executed"]["status"],
        "success"
    );
    let view = gateway.get("/v1/actions/a").await.body;
    assert_eq!(
        (
            view["attempts"].as_u64(),
            view["possible_duplicate"].as_bool()
        ),
        (Some(3), Some(false))
    );
}

/// Answers of a webhook that takes what it gets, and says `status` all the same.
async fn takes_and_answers(status: u16, retry_after: Option<String>) -> Receiver {
    let answer = move |_: &_| Reply {
        status,
        body: String::new(),
        retry_after: retry_after.clone(),
    };
    Receiver::start(answer).await.expect("a receiver")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_5xx_may_have_arrived_and_is_repeated_as_is_set() {
    let later = "retry.max_retries = 3\nretry.delays_seconds = [1]";
    for (more, status, retry_after, requests, marked) in [
        ("retry = \"never\"", 500, None, 1, true),
        ("retry = \"never\"", 503, None, 1, true),
    ] {
        let receiver = takes_and_answers(status, retry_after).await;
        let gateway = Gateway::start(
            &configuration(&receiver.url(), more).replace("retry.durable = false", later),
        )
        .await;
        let failed = gateway
            .final_outcome(&action("a", "hook", &json!({})))
            .await["Failed"]
            .clone();
        assert_eq!(
            (failed["code"].as_str(), failed["retryable"].as_bool()),
            (Some("CONNECTION"), Some(true)),
            "{more} {status}: {failed}"
        );
        assert_eq!(receiver.requests().len(), requests, "{more} {status}");
        assert_eq!(
            gateway.get("/v1/actions/a").await.body["possible_duplicate"],
            marked,
            "{more} {status}"
        );
    }
    for (more, status) in [("", 504), ("", 503), ("retry = \"safe\"", 500)] {
        let receiver = takes_and_answers(status, None).await;
        let gateway = Gateway::start(
            &configuration(&receiver.url(), more)
                .replace("retry.durable = false", "retry.delays_seconds = [60]"),
        )
        .await;
        let scheduled =
            gateway.dispatch(&action("a", "hook", &json!({}))).await["Scheduled"].clone();
        assert_eq!(
            (scheduled["attempts"].as_u64(), receiver.requests().len()),
            (Some(1), 1),
            "{more} {status}: {scheduled}"
        );
        assert_eq!(
            gateway.get("/v1/actions/a").await.body["possible_duplicate"],
            true,
            "{more} {status}"
        );
    }
    let receiver = takes_and_answers(500, None).await;
    let gateway = Gateway::start(&configuration(&receiver.url(), "retry = \"5xx\"")).await;
    let failed = gateway
        .final_outcome(&action("a", "hook", &json!({})))
        .await["Failed"]
        .clone();
    assert_eq!(
        (failed["attempts"].as_u64(), receiver.requests().len()),
        (Some(4), 4),
        "{failed}"
    );
    assert_eq!(
        gateway.get("/v1/actions/a").await.body["possible_duplicate"],
        true,
        "what may be a copy is marked"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_asks_to_wait_is_left_alone_so_long() {
    let in_seconds = |seconds: u64| {
        let now = std::time::SystemTime::UNIX_EPOCH
            + std::time::Duration::from_millis(
                acteon_core::SystemClock::new().now().as_millis() as u64
            );
        httpdate::fmt_http_date(now + std::time::Duration::from_secs(seconds))
    };
    for (status, code) in [
        (503, "CONNECTION"),
        (408, "CONNECTION"),
        (429, "RATE_LIMITED"),
    ] {
        for retry_after in ["90".to_owned(), "89.5".to_owned(), in_seconds(100)] {
            let receiver = takes_and_answers(status, Some(retry_after.clone())).await;
            let durable = "retry.delays_seconds = [1]";
            let gateway = Gateway::start(
                &configuration(&receiver.url(), "").replace("retry.durable = false", durable),
            )
            .await;
            let before = acteon_core::SystemClock::new().now();
            let scheduled =
                gateway.dispatch(&action("a", "hook", &json!({}))).await["Scheduled"].clone();
            assert_eq!(
                scheduled["last_error"]["code"], code,
                "{status} {retry_after}: {scheduled}"
            );
            let due = scheduled["scheduled_for"]
                .as_str()
                .and_then(Timestamp::parse)
                .expect("an instant")
                .since(before);
            // A date is counted from when it was written, and a busy machine takes a while to get there.
            assert!(
                (60..110).contains(&due.as_secs()),
                "{status} {retry_after}: {due:?}"
            );
            assert_eq!(receiver.requests().len(), 1, "{status} {retry_after}");
            assert_eq!(
                gateway.get("/v1/actions/a").await.body["possible_duplicate"],
                false
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_not_made_in_time_is_no_send() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a listener");
    let url = format!("https://{}/hook", silent.local_addr().expect("an address"));
    let lines = configuration(&url, "timeout_seconds = 1").replace(
        "retry.durable = false",
        "retry.durable = false\nretry.max_retries = 1",
    );
    let gateway = Gateway::start(&lines).await;
    let failed = gateway
        .final_outcome(&action("a", "hook", &json!({})))
        .await["Failed"]
        .clone();
    assert_eq!(
        (failed["code"].as_str(), failed["attempts"].as_u64()),
        (Some("CONNECTION"), Some(2)),
        "{failed}"
    );
    assert_eq!(
        gateway.get("/v1/actions/a").await.body["possible_duplicate"],
        false
    );
}
