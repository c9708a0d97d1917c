//! Providers that people must repair: a wrong secret, an address that is not trusted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use acteon_simulation::webhook::Receiver;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Gateway, action};

/// A webhook that answers with a status that can be changed.
async fn webhook(status: u16) -> (Receiver, Arc<AtomicU16>) {
    let status = Arc::new(AtomicU16::new(status));
    let shared = Arc::clone(&status);
    let receiver = Receiver::start(move |_| (shared.load(Ordering::SeqCst), String::new()))
        .await
        .expect("a receiver");
    (receiver, status)
}

fn hook(name: &str, receiver: &Receiver, more: &str) -> String {
    format!(
        "[[providers]]\nname = \"{name}\"\ntype = \"webhook\"\nurl = \"{}\"\nmax_concurrency = 1\n{more}\n",
        receiver.url()
    )
}

async fn post(gateway: &Gateway, id: &str) {
    let answer = gateway
        .post_preferring(
            "/v1/dispatch",
            &action(id, "hook", &json!({})),
            "respond-async",
        )
        .await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
}

fn ids(receiver: &Receiver, from: usize) -> Vec<String> {
    receiver
        .requests()
        .iter()
        .skip(from)
        .map(|request| request.body["id"].as_str().expect("an id").to_owned())
        .collect()
}

async fn used(gateway: &Gateway, quota: &Value) -> Option<u64> {
    let id = quota["id"].as_str().expect("an id");
    gateway.get(&format!("/v1/quotas/{id}/usage")).await.body["used"].as_u64()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fallback_takes_over_at_the_first_action_that_meets_it() {
    let ((hook_, status), (spare_, _)) = (webhook(403).await, webhook(200).await);
    let breakers =
        "circuit_breaker.enabled = true\ncircuit_breaker.fallbacks = { hook = \"spare\" }\n";
    let rules = "rules: [{name: marked, condition: 'true', action: {type: modify, changes: {seen: 'by rules'}}}]";
    let configuration = format!(
        "{breakers}{}{}",
        hook("hook", &hook_, ""),
        hook("spare", &spare_, "")
    );
    let gateway = Gateway::with_rules(rules, &configuration).await;
    let quota = json!({ "namespace": "incidents", "tenant": "acme", "max_actions": 9, "window": "daily", "overage_behavior": "block" });
    let of = async |provider: Option<&str>| {
        let mut quota = quota.clone();
        if let Some(provider) = provider {
            quota["provider"] = json!(provider);
        }
        gateway.post("/v1/quotas", &quota).await.body
    };
    let quotas = [
        of(None).await,
        of(Some("hook")).await,
        of(Some("spare")).await,
    ];
    let outcome = gateway
        .dispatch(&action("a", "hook", &json!({ "text": "x" })))
        .await;
    let rerouted = &outcome["Rerouted"];
    assert_eq!(
        (&rerouted["original_provider"], &rerouted["new_provider"]),
        (&json!("hook"), &json!("spare")),
        "{outcome}"
    );
    assert_eq!(
        spare_.requests()[0].body["payload"],
        json!({ "text": "x", "seen": "by rules" })
    );
    for (quota, expected) in quotas.iter().zip([1, 0, 1]) {
        assert_eq!(used(&gateway, quota).await, Some(expected), "{quota}");
    }
    assert!(
        gateway
            .dispatch(&action("b", "hook", &json!({})))
            .await
            .get("Rerouted")
            .is_some()
    );
    assert_eq!(
        (hook_.requests().len(), spare_.requests().len()),
        (1, 2),
        "the first is left alone"
    );
    let ready = gateway.get("/ready").await;
    assert_eq!(
        (ready.status, &ready.body["status"]),
        (StatusCode::OK, &json!("degraded")),
        "{}",
        ready.body
    );
    assert!(
        ready.body["reasons"]
            .to_string()
            .contains("provider hook: to be repaired: "),
        "{}",
        ready.body
    );
    let view = gateway.get("/v1/actions/a").await.body;
    assert_eq!(
        (
            &view["provider"],
            &view["attempts"],
            &view["history"][0]["to_repair"]
        ),
        (&json!("spare"), &json!(2), &json!(true)),
        "{view}"
    );
    // Mended, and told so.
    status.store(200, Ordering::SeqCst);
    assert_eq!(
        gateway
            .post("/admin/circuit-breakers/hook/reset", &json!(null))
            .await
            .status,
        StatusCode::OK
    );
    assert!(
        gateway
            .dispatch(&action("c", "hook", &json!({})))
            .await
            .get("Executed")
            .is_some()
    );
    gateway
        .until("/ready", |body| body["status"] == "ready")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_fallback_they_are_dead_letters_that_one_filter_finds() {
    let (receiver, status) = webhook(401).await;
    let gateway = Gateway::start(&hook("hook", &receiver, "")).await;
    for (id, answered, code) in [
        ("a", 401, "CONFIGURATION"),
        ("b", 403, "CONFIGURATION"),
        ("c", 407, "EXECUTION_FAILED"),
    ] {
        status.store(answered, Ordering::SeqCst);
        let failed = gateway.dispatch(&action(id, "hook", &json!({}))).await["Failed"].clone();
        assert_eq!(
            (&failed["code"], &failed["retryable"], &failed["attempts"]),
            (&json!(code), &json!(false), &json!(1)),
            "{answered}"
        );
    }
    status.store(404, Ordering::SeqCst);
    assert!(
        gateway
            .dispatch(&action("other", "hook", &json!({})))
            .await
            .get("Failed")
            .is_some()
    );
    let letters = gateway.get("/v1/dlq?class=to_repair").await.body;
    assert_eq!(
        (
            letters["count"].as_u64(),
            &letters["entries"][0]["failure_class"]
        ),
        (Some(3), &json!("to_repair")),
        "{letters}"
    );
    assert_eq!(
        gateway.get("/v1/dlq?class=to-repair").await.status,
        StatusCode::BAD_REQUEST
    );
    status.store(200, Ordering::SeqCst);
    let done = gateway
        .post("/v1/dlq/replay?class=to_repair", &json!(null))
        .await
        .body;
    assert_eq!(
        (&done["replayed"], &done["failed"]),
        (&json!(3), &json!(0)),
        "{done}"
    );
    assert_eq!(
        gateway.get("/v1/dlq").await.body["count"],
        1,
        "what was wrong with the action itself stays"
    );
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

#[cfg(feature = "wechat")]
#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_not_trusted_is_named_until_a_call_gets_through() {
    use acteon_simulation::wecom::{Call, Fault};

    let wecom = crate::wechat::local_wecom(crate::wechat::unlimited()).await;
    let gateway = Gateway::start(&crate::wechat::configuration(&wecom, "")).await;
    wecom.fault(Call::Send, Fault::Errcode(60020), Some(1));
    let failed = gateway.dispatch(&crate::wechat::text("a-1")).await["Failed"].clone();
    assert_eq!(
        (&failed["code"], &failed["retryable"]),
        (&json!("EXECUTION_FAILED"), &json!(false)),
        "{failed}"
    );
    assert_eq!(
        gateway.get("/v1/dlq?class=to_repair").await.body["count"],
        1
    );
    let ready = gateway.get("/ready").await.body;
    assert!(
        ready["reasons"].to_string().contains("to be repaired: ")
            && ready["reasons"].to_string().contains("trusted IPs"),
        "{ready}"
    );
    // What one member's message meets is no matter of the app.
    wecom.fault(Call::Send, Fault::Errcode(81013), Some(1));
    gateway.dispatch(&crate::wechat::text("a-2")).await;
    assert_eq!(
        gateway.get("/v1/dlq?class=to_repair").await.body["count"],
        1
    );
    gateway
        .until("/ready", |body| {
            !body["reasons"].to_string().contains("to be repaired")
        })
        .await;
}
