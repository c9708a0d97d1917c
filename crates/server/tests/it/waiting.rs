//! What callers hear of actions that go on, and of others' troubles.

use acteon_fakes::webhook::Receiver;
use reqwest::StatusCode;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use crate::hostile::stop::held_call;
use crate::support::{Gateway, Process, action};

fn hook(url: &str, more: &str) -> String {
    format!("{more}\n[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{url}\"\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_whose_wait_is_over_hears_of_the_calls_that_failed() {
    let receiver = Receiver::start(|_| (408, String::new()))
        .await
        .expect("a receiver");
    let gateway = Gateway::start(&hook(&receiver.url(), "retry.max_retries = 10")).await;
    let answer = gateway
        .post_preferring("/v1/dispatch", &action("a", "hook", &json!({})), "wait=2")
        .await;
    let scheduled = &answer.body["Scheduled"];
    assert_eq!(
        (answer.status, &scheduled["last_error"]["code"]),
        (StatusCode::ACCEPTED, &json!("CONNECTION")),
        "{}",
        answer.body
    );
    assert!(scheduled["attempts"].as_u64() > Some(0), "{scheduled}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_hears_when_a_paused_lane_opens_again() {
    let receiver = Receiver::start(|_| (429, String::new()))
        .await
        .expect("a receiver");
    let gateway = Gateway::start(&hook(&receiver.url(), "")).await;
    gateway.dispatch(&action("a", "hook", &json!({}))).await;
    // By then it is paused for some seconds.
    let view = gateway
        .until("/v1/actions/a", |view| view["attempts"].as_u64() >= Some(3))
        .await;
    let opens = view["next_attempt_at"].as_str().expect("a time").to_owned();
    for (id, prefer) in [
        ("b", "respond-async"),
        ("c", "wait=1"),
        ("b", "respond-async"),
        ("c", "wait=1"),
    ] {
        let answer = gateway
            .post_preferring("/v1/dispatch", &action(id, "hook", &json!({})), prefer)
            .await;
        let scheduled = &answer.body["Scheduled"];
        assert_eq!(
            scheduled["last_error"]["code"], "RATE_LIMITED",
            "{id}: {}",
            answer.body
        );
        // RFC 3339 in UTC: as text, later is greater.
        let told = scheduled["scheduled_for"].as_str().expect("a time");
        assert!(
            told[..19] >= opens[..19],
            "{id}: told {told}, opens at {opens}"
        );
        // Whoever looks hears the same, also of one that waits in memory.
        let view = gateway.get(&format!("/v1/actions/{id}")).await.body;
        let shown = &view["outcome"]["Scheduled"];
        let seen = shown["scheduled_for"].as_str().expect("a time");
        assert!(
            seen[..19] >= opens[..19] && view["next_attempt_at"] == seen,
            "{id}: {view}, opens at {opens}"
        );
        assert_eq!(shown["last_error"]["code"], "RATE_LIMITED", "{id}: {view}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_hears_what_anothers_action_failed_with() {
    let receiver = Receiver::start(|_| (500, "the word is xyzzy".into()))
        .await
        .expect("a receiver");
    let breaker = "retry.max_retries = 0\nretry.delays_seconds = [600]\n[circuit_breaker]\nenabled = true\nfailure_threshold = 1";
    let gateway = Gateway::start(&hook(&receiver.url(), breaker)).await;
    let first = gateway.dispatch(&action("a", "hook", &json!({}))).await;
    let own = first["Scheduled"]["last_error"]["message"]
        .as_str()
        .expect("a message")
        .to_owned();
    let mut other = action("b", "hook", &json!({}));
    other["tenant"] = json!("globex");
    let second = gateway.dispatch(&other).await;
    let told = second["Scheduled"]["last_error"].clone();
    assert_eq!(told["code"], "CIRCUIT_OPEN");
    let message = told["message"].as_str().expect("a message");
    assert!(
        !message.contains(&own) && !message.contains("the last time"),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_call_that_tries_a_breaker_out_is_not_held_up_by_it() {
    let service = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let url = format!("http://{}/", service.local_addr().expect("an address"));
    let breaker = "retry.max_retries = 0\nretry.delays_seconds = [600]\n\
        [circuit_breaker]\nenabled = true\nfailure_threshold = 1\nrecovery_timeout_seconds = 1";
    let gateway = Gateway::start(&hook(&url, breaker)).await;
    let client = (*gateway).clone();
    let first =
        tokio::spawn(async move { client.dispatch(&action("first", "hook", &json!({}))).await });
    let mut failed = held_call(&service).await;
    failed
        .write_all(b"HTTP/1.1 500 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        .await
        .expect("answered");
    assert!(first.await.expect("no panic")["Scheduled"]["last_error"].is_object());
    let told = gateway
        .post_preferring(
            "/v1/dispatch",
            &action("trial", "hook", &json!({})),
            "respond-async",
        )
        .await
        .body;
    assert_eq!(
        told["Scheduled"]["last_error"]["code"], "CIRCUIT_OPEN",
        "{told}"
    );
    let _trial = held_call(&service).await;
    let view = gateway.get("/v1/actions/trial").await.body;
    assert!(
        view["outcome"]["Scheduled"]["action_id"] == "trial"
            && view["outcome"]["Scheduled"]["last_error"].is_null(),
        "{view}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_provider_names_a_near_one_and_no_others() {
    let gateway =
        Gateway::start("[[providers]]\nname = \"wechat-ops\"\ntype = \"log\"\n[[providers]]\nname = \"hidden\"\ntype = \"log\"\n").await;
    let message = |outcome: &serde_json::Value| {
        outcome["Failed"]["message"]
            .as_str()
            .expect("a message")
            .to_owned()
    };
    let near = message(
        &gateway
            .dispatch(&action("a", "wechat-op", &json!({})))
            .await,
    );
    assert!(
        near.contains("did you mean \"wechat-ops\"?") && !near.contains("hidden"),
        "{near}"
    );
    let far = message(&gateway.dispatch(&action("b", "mail", &json!({}))).await);
    assert!(
        !far.contains("wechat-ops") && !far.contains("hidden"),
        "{far}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_that_is_used_up_is_told_of_once_a_window() {
    let folder = tempfile::tempdir().expect("a folder");
    let providers = "[[providers]]\nname = \"log\"\ntype = \"log\"\n[[providers]]\nname = \"spare\"\ntype = \"log\"\n";
    let process = Process::start(folder.path(), providers, &[("RUST_LOG", "info")]);
    let client = process.client();
    let quota = json!({ "namespace": "incidents", "tenant": "acme", "max_actions": 1, "window": "daily",
        "overage_behavior": "notify:spare" });
    assert_eq!(
        client.post("/v1/quotas", &quota).await.status,
        StatusCode::CREATED
    );
    for number in 0..20 {
        client
            .dispatch(&action(&format!("a{number}"), "log", &json!({})))
            .await;
    }
    client
        .until("/v1/audit?provider=spare", |page| page["total"] == 1)
        .await;
    process.kill();
    let log = std::fs::read_to_string(folder.path().join("log.txt")).expect("a log");
    assert_eq!(
        log.lines()
            .filter(|line| line.contains("over its quota") || line.contains("a quota is used up"))
            .count(),
        1,
        "{log}"
    );
}
