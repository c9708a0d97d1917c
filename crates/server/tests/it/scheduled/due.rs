//! What a scheduled action meets when its time has come.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use acteon_fakes::webhook::Receiver;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{LOG, OF, got, hook, listed, patch, receiver, with};
use crate::support::Gateway;

async fn quota(gateway: &Gateway, more: &Value) -> String {
    let mut body = json!({ "namespace": "incidents", "tenant": "acme", "max_actions": 1, "window": "daily", "overage_behavior": "block" });
    for (key, value) in more.as_object().expect("an object") {
        body[key] = value.clone();
    }
    let made = gateway.post("/v1/quotas", &body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    made.body["id"].as_str().expect("an id").to_owned()
}

async fn used(gateway: &Gateway, id: &str) -> Value {
    gateway.get(&format!("/v1/quotas/{id}/usage")).await.body["used"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn quotas_are_charged_when_it_goes() {
    let gateway = Gateway::start(LOG).await;
    let id = quota(&gateway, &json!({})).await;
    let delayed = |id: &str| with(id, "log", &json!({ "delay_seconds": 1 }));
    for name in ["a", "b"] {
        let answer = gateway.dispatch(&delayed(name)).await;
        assert!(answer.get("Scheduled").is_some(), "{answer}");
    }
    assert_eq!(used(&gateway, &id).await, 0, "none has gone");
    let mut outcomes = Vec::new();
    for name in ["a", "b"] {
        let record = gateway
            .until(&format!("/v1/audit/{name}?{OF}"), |record| {
                record["state"] != "open"
            })
            .await;
        outcomes.push(record["outcome"].as_str().expect("a word").to_owned());
    }
    outcomes.sort();
    assert_eq!(outcomes, ["executed", "quota_exceeded"]);
    assert_eq!(used(&gateway, &id).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_that_degrades_sends_it_another_way() {
    let (receiver, spare) = (receiver().await, receiver().await);
    let providers = hook(&receiver) + &hook(&spare).replace("\"hook\"", "\"spare\"");
    let gateway = Gateway::start(&providers).await;
    let degrade = json!({ "overage_behavior": { "degrade": { "fallback_provider": "spare" } }, "provider": "hook" });
    quota(&gateway, &degrade).await;
    for name in ["a", "b"] {
        gateway
            .dispatch(&with(name, "hook", &json!({ "delay_seconds": 1 })))
            .await;
    }
    for name in ["a", "b"] {
        let path = format!("/v1/audit/{name}?{OF}");
        gateway
            .until(&path, |record| record["state"] == "done")
            .await;
    }
    assert_eq!((receiver.requests().len(), spare.requests().len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silence_made_meanwhile_holds_it_back_and_nothing_is_charged() {
    let gateway = Gateway::start(LOG).await;
    let id = quota(&gateway, &json!({})).await;
    gateway
        .dispatch(&with("s", "log", &json!({ "delay_seconds": 1 })))
        .await;
    let silence = json!({ "namespace": "incidents", "tenant": "acme", "duration_seconds": 600, "comment": "x",
        "matchers": [{ "name": "action.provider", "value": "log" }] });
    let made = gateway.post("/v1/silences", &silence).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    // One made while a silence holds waits as well: it may be over by then.
    let answer = gateway
        .dispatch(&with("t", "log", &json!({ "delay_seconds": 86_400 })))
        .await;
    assert!(answer.get("Scheduled").is_some(), "{answer}");
    let record = gateway
        .until(&format!("/v1/audit/s?{OF}"), |record| {
            record["state"] != "open"
        })
        .await;
    assert_eq!(record["outcome"], "silenced", "{record}");
    assert_eq!(used(&gateway, &id).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn they_go_in_the_order_of_their_instants() {
    let receiver = receiver().await;
    let gateway = Gateway::start(&(hook(&receiver) + "max_concurrency = 1\n")).await;
    for (name, delay) in [("c", 3), ("a", 1), ("b", 2), ("d", 86_400)] {
        gateway
            .dispatch(&with(name, "hook", &json!({ "delay_seconds": delay })))
            .await;
    }
    assert_eq!(listed(&gateway).await, ["a", "b", "c", "d"]);
    gateway
        .until(&format!("/v1/audit/c?{OF}"), |record| {
            record["state"] == "done"
        })
        .await;
    assert_eq!(got(&receiver), ["a", "b", "c"]);
    // One that is moved to an instant that is past goes now.
    let past = json!({ "scheduled_at": "2020-01-01T00:00:00Z" });
    let moved = patch(&gateway, &format!("/v1/scheduled/d?{OF}"), &past).await;
    assert_eq!(moved.status, StatusCode::OK, "{}", moved.body);
    gateway
        .until(&format!("/v1/audit/d?{OF}"), |record| {
            record["state"] == "done"
        })
        .await;
    assert_eq!(got(&receiver), ["a", "b", "c", "d"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_down_when_it_is_due_gets_it_once() {
    let status = Arc::new(AtomicU16::new(503));
    let shared = Arc::clone(&status);
    let receiver = Receiver::start(move |_| (shared.load(Ordering::SeqCst), String::new()))
        .await
        .expect("a receiver");
    let gateway = Gateway::start(&(hook(&receiver) + "[retry]\ndelays_seconds = [1]\n")).await;
    let action = with("down", "hook", &json!({ "delay_seconds": 1 }));
    gateway.dispatch(&action).await;
    crate::support::until("it is tried", crate::support::PATIENCE, async || {
        !receiver.requests().is_empty()
    })
    .await;
    let begun = gateway.delete(&format!("/v1/scheduled/down?{OF}")).await;
    assert_eq!(begun.status, StatusCode::CONFLICT, "{}", begun.body);
    status.store(200, Ordering::SeqCst);
    let outcome = gateway.final_outcome(&action).await;
    assert!(outcome.get("Executed").is_some(), "{outcome}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_takes_no_room_from_what_goes_now() {
    let gateway = Gateway::start(&format!("server.max_open_actions = 2\n{LOG}")).await;
    for number in 0..5 {
        let action = with(
            &format!("w{number}"),
            "log",
            &json!({ "delay_seconds": 86_400 }),
        );
        let answer = gateway.dispatch(&action).await;
        assert!(answer.get("Scheduled").is_some(), "{answer}");
    }
    let now = gateway.dispatch(&with("now", "log", &json!({}))).await;
    assert!(now.get("Executed").is_some(), "{now}");
    let gateway = gateway
        .restart(&format!("server.max_open_actions = 2\n{LOG}"))
        .await;
    let now = gateway.dispatch(&with("then", "log", &json!({}))).await;
    assert!(now.get("Executed").is_some(), "{now}");
    assert_eq!(listed(&gateway).await.len(), 5, "they outlive a restart");
}
