//! In which order actions of one provider go that had to wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use acteon_fakes::webhook::{Receiver, Reply};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Gateway, PATIENCE, action};

/// A webhook that takes one call at a time.
fn hook(url: &str, more: &str) -> String {
    format!(
        "{more}\n[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{url}\"\nmax_concurrency = 1\n"
    )
}

/// A webhook that has enough for some seconds at the first call, and takes all others.
async fn busy_at_first() -> Receiver {
    let calls = AtomicUsize::new(0);
    let answer = move |_: &_| match calls.fetch_add(1, Ordering::SeqCst) {
        0 => Reply {
            status: 429,
            body: String::new(),
            retry_after: Some("4".into()),
        },
        _ => Reply::from((200, String::new())),
    };
    Receiver::start(answer).await.expect("a receiver")
}

fn prioritized(id: &str, priority: &str) -> Value {
    let mut action = action(
        id,
        "hook",
        &json!({ "severity": if priority == "critical" { "critical" } else { "info" } }),
    );
    if ["high", "normal", "low"].contains(&priority) {
        action["priority"] = json!(priority);
    }
    action
}

/// The ids that arrived after the first call, in their order, once there are so many.
async fn arrived(receiver: &Receiver, count: usize) -> Vec<String> {
    let give_up = tokio::time::Instant::now() + PATIENCE;
    while receiver.requests().len() <= count {
        assert!(
            tokio::time::Instant::now() < give_up,
            "{} of {count} arrived",
            receiver.requests().len()
        );
        tokio::task::yield_now().await;
    }
    receiver
        .requests()
        .iter()
        .skip(1)
        .map(|request| request.body["id"].as_str().expect("an id").to_owned())
        .collect()
}

async fn post(gateway: &Gateway, action: &Value) {
    let answer = gateway
        .post_preferring("/v1/dispatch", action, "respond-async")
        .await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_high_priority_goes_before_what_waits_whether_its_sender_or_a_rule_says_so() {
    let receiver = busy_at_first().await;
    let rules = "rules: [{name: critical-first, condition: 'action.payload.severity == \"critical\"', action: {type: modify, priority: high}}]";
    let gateway = Gateway::with_rules(rules, &hook(&receiver.url(), "")).await;
    gateway.dispatch(&action("first", "hook", &json!({}))).await;
    for (id, priority) in [
        ("l0", "low"),
        ("n0", ""),
        ("l1", "low"),
        ("n1", "normal"),
        ("h0", "high"),
        ("h1", "critical"),
    ] {
        post(&gateway, &prioritized(id, priority)).await;
    }
    let arrived: Vec<String> = arrived(&receiver, 7)
        .await
        .into_iter()
        .filter(|id| id != "first")
        .collect();
    assert_eq!(arrived, ["h0", "h1", "n0", "n1", "l0", "l1"]);
    let of = |body: &Value| body["priority"].as_str().map(str::to_owned);
    for (id, priority) in [
        ("h0", "high"),
        ("h1", "high"),
        ("n0", "normal"),
        ("l1", "low"),
    ] {
        assert_eq!(
            of(&gateway.get(&format!("/v1/audit/{id}")).await.body).as_deref(),
            Some(priority),
            "{id}"
        );
        assert_eq!(
            of(&gateway.get(&format!("/v1/actions/{id}")).await.body).as_deref(),
            Some(priority),
            "{id}"
        );
    }
    let posted = gateway.get("/v1/actions/h1").await.body["action"].clone();
    assert_eq!(
        (&posted["priority"], &posted["payload"]),
        (&Value::Null, &json!({ "severity": "critical" })),
        "what was sent stays as it is"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_low_priority_has_its_turn_however_many_go_before_it() {
    let receiver = busy_at_first().await;
    let gateway = Gateway::start(&hook(&receiver.url(), "")).await;
    gateway.dispatch(&action("first", "hook", &json!({}))).await;
    post(&gateway, &prioritized("low", "low")).await;
    let high: Vec<Value> = (0..40)
        .map(|number| prioritized(&format!("h{number}"), "high"))
        .collect();
    let answer = gateway
        .post_preferring("/v1/dispatch/batch", &json!(high), "respond-async")
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    let arrived = arrived(&receiver, 42).await;
    let place = arrived
        .iter()
        .position(|id| id == "low")
        .expect("it arrived");
    assert!(
        (3..=16).contains(&place),
        "one turn in sixteen is of what is low: {arrived:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_that_is_no_priority_is_refused() {
    let gateway = Gateway::start(&hook("http://127.0.0.1:1/", "")).await;
    for wrong in [json!("urgent"), json!(1), json!("hihg")] {
        let mut action = action("a", "hook", &json!({}));
        action["priority"] = wrong.clone();
        let answer = gateway.post("/v1/dispatch", &action).await;
        assert_eq!(
            answer.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{wrong}: {}",
            answer.body
        );
        assert!(
            answer.body.to_string().contains("priority"),
            "{}",
            answer.body
        );
    }
    let mut expected = action("b", "hook", &json!({}));
    expected["priority"] = json!("urgent");
    let told = gateway
        .post("/v1/dispatch", &expected)
        .await
        .body
        .to_string();
    assert!(told.contains("must be one of high, normal, low"), "{told}");
}

/// A webhook that is out of order until it is told otherwise.
async fn out_of_order() -> (Receiver, Arc<AtomicBool>) {
    let works = Arc::new(AtomicBool::new(false));
    let shared = Arc::clone(&works);
    let answer = move |_: &_| {
        (
            if shared.load(Ordering::SeqCst) {
                200
            } else {
                408
            },
            String::new(),
        )
    };
    (Receiver::start(answer).await.expect("a receiver"), works)
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_outage_actions_arrive_as_they_were_accepted() {
    let (receiver, works) = out_of_order().await;
    let gateway = Gateway::start(&hook(
        &receiver.url(),
        "retry.max_retries = 0\nretry.delays_seconds = [10]",
    ))
    .await;
    let ids: Vec<String> = (0..8).map(|number| format!("r{number}")).collect();
    for id in &ids {
        post(&gateway, &action(id, "hook", &json!({}))).await;
    }
    for id in &ids {
        gateway
            .until(&format!("/v1/actions/{id}"), |view| {
                view["attempts"] == 1 && view["next_attempt_at"].is_string()
            })
            .await;
    }
    let before = receiver.requests().len();
    works.store(true, Ordering::SeqCst);
    for id in &ids {
        gateway
            .until(&format!("/v1/actions/{id}"), |view| {
                view["outcome"].get("Executed").is_some()
            })
            .await;
    }
    let arrived: Vec<String> = receiver.requests()[before..]
        .iter()
        .map(|request| request.body["id"].as_str().expect("an id").to_owned())
        .collect();
    assert_eq!(arrived, ids);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_how_long_to_wait_waits_through_attempts_that_come_in_that_time() {
    for (status, retries) in [
        (429, ""),
        (408, "retry.max_retries = 0\nretry.delays_seconds = [1]"),
    ] {
        let calls = AtomicUsize::new(0);
        let answer = move |_: &_| {
            (
                if calls.fetch_add(1, Ordering::SeqCst) == 0 {
                    status
                } else {
                    200
                },
                String::new(),
            )
        };
        let receiver = Receiver::start(answer).await.expect("a receiver");
        let gateway = Gateway::start(&hook(&receiver.url(), retries)).await;
        let answer = gateway
            .post_preferring("/v1/dispatch", &action("a", "hook", &json!({})), "wait=40")
            .await;
        assert_eq!(
            (answer.status, &answer.body["Executed"]["status"]),
            (StatusCode::OK, &json!("success")),
            "{status}: {}",
            answer.body
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_an_attempt_that_comes_later_than_that_nor_for_a_gateway_that_stops() {
    let receiver = Receiver::start(|_| (408, String::new()))
        .await
        .expect("a receiver");
    let began = tokio::time::Instant::now();
    let gateway = Gateway::start(&hook(
        &receiver.url(),
        "retry.max_retries = 0\nretry.delays_seconds = [59]",
    ))
    .await;
    let answer = gateway
        .post_preferring("/v1/dispatch", &action("a", "hook", &json!({})), "wait=40")
        .await;
    let scheduled = &answer.body["Scheduled"];
    assert_eq!(
        (answer.status, &scheduled["attempts"]),
        (StatusCode::ACCEPTED, &json!(1)),
        "{}",
        answer.body
    );
    // The next one is due within the wait.
    let client = (*gateway).clone();
    let waits = tokio::spawn(async move {
        client
            .post_preferring("/v1/dispatch", &action("b", "hook", &json!({})), "wait=60")
            .await
    });
    gateway
        .until("/v1/actions/b", |view| {
            view["attempts"] == 1 && view["next_attempt_at"].is_string()
        })
        .await;
    gateway.stop().await;
    let answer = waits.await.expect("an answer");
    assert_eq!(
        (answer.status, &answer.body["Scheduled"]["attempts"]),
        (StatusCode::ACCEPTED, &json!(1)),
        "{}",
        answer.body
    );
    assert!(
        began.elapsed() < Duration::from_secs(38),
        "{:?}",
        began.elapsed()
    );
}
