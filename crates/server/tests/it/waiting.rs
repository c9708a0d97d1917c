//! What callers hear of actions that go on, and of others' troubles.

use acteon_simulation::webhook::Receiver;
use reqwest::StatusCode;
use serde_json::json;

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
