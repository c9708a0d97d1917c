//! What is held until it is mended.

use std::sync::atomic::Ordering;

use acteon_fakes::webhook::Receiver;
use reqwest::StatusCode;
use serde_json::json;

use super::{hook, post, webhook};
use crate::support::{Gateway, action};

fn ids(receiver: &Receiver, from: usize) -> Vec<String> {
    receiver
        .requests()
        .iter()
        .skip(from)
        .map(|request| request.body["id"].as_str().expect("an id").to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_goes_when_a_person_says_that_it_is_mended() {
    let (receiver, status) = webhook(401).await;
    let gateway = Gateway::start(&hook("hook", &receiver, "on_repairable = \"hold\"")).await;
    let held = gateway.dispatch(&action("a", "hook", &json!({}))).await["Scheduled"].clone();
    assert_eq!(
        (&held["last_error"]["code"], &held["attempts"]),
        (&json!("CONFIGURATION"), &json!(1)),
        "{held}"
    );
    for id in ["b", "c"] {
        post(&gateway, id).await;
        gateway
            .until(&format!("/v1/actions/{id}"), |view| {
                view["attempts"] == 1 && view["next_attempt_at"].is_string()
            })
            .await;
    }
    assert_eq!(gateway.get("/v1/dlq").await.body["count"], 0);
    let metric = async |value: &str| {
        let line = format!("acteon_provider_to_repair{{provider=\"hook\"}} {value}\n");
        gateway
            .until("/metrics", |metrics| {
                metrics
                    .as_str()
                    .is_some_and(|metrics| metrics.contains(&line))
            })
            .await
    };
    metric("1").await;
    // Said too early: one is tried.
    assert_eq!(
        gateway
            .post("/admin/lanes/hook/reset", &json!(null))
            .await
            .status,
        StatusCode::OK
    );
    gateway
        .until("/v1/actions/a", |view| {
            view["attempts"] == 2 && view["next_attempt_at"].is_string()
        })
        .await;
    assert_eq!(ids(&receiver, 3), ["a"]);
    status.store(200, Ordering::SeqCst);
    assert_eq!(
        gateway
            .post("/admin/lanes/hook/reset", &json!(null))
            .await
            .status,
        StatusCode::OK
    );
    for id in ["a", "b", "c"] {
        gateway
            .until(&format!("/v1/actions/{id}"), |view| {
                view["outcome"].get("Executed").is_some()
            })
            .await;
    }
    assert_eq!(ids(&receiver, 4), ["a", "b", "c"]);
    metric("0").await;
    gateway
        .until("/ready", |body| body["status"] == "ready")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_goes_after_a_restart_that_mends_it() {
    let (receiver, status) = webhook(401).await;
    let configuration = format!(
        "retry.on_repairable = \"hold\"\n{}",
        hook("hook", &receiver, "")
    );
    let gateway = Gateway::start(&configuration).await;
    for id in ["a", "b"] {
        post(&gateway, id).await;
        gateway
            .until(&format!("/v1/actions/{id}"), |view| {
                view["attempts"] == 1 && view["next_attempt_at"].is_string()
            })
            .await;
    }
    let gateway = gateway.restart(&configuration).await;
    // The new process tries one, and knows what is wrong.
    gateway
        .until("/v1/actions/a", |view| {
            view["attempts"] == 2 && view["next_attempt_at"].is_string()
        })
        .await;
    let ready = gateway.get("/ready").await.body;
    assert!(
        ready["reasons"]
            .to_string()
            .contains("hook: to be repaired: "),
        "{ready}"
    );
    let health = gateway.get("/v1/providers/health").await.body["providers"][0].clone();
    assert_eq!(
        (&health["healthy"], &health["code"], &health["retryable"]),
        (&json!(false), &json!("CONFIGURATION"), &json!(false)),
        "{health}"
    );
    status.store(200, Ordering::SeqCst);
    let gateway = gateway.restart(&configuration).await;
    for id in ["a", "b"] {
        gateway
            .until(&format!("/v1/actions/{id}"), |view| {
                view["outcome"].get("Executed").is_some()
            })
            .await;
    }
    gateway
        .until("/v1/providers/health", |health| {
            health["providers"][0]["healthy"] == true
        })
        .await;
}
