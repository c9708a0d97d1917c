//! Providers that people must repair: a wrong secret, an address that is not trusted.

mod held;

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use acteon_fakes::webhook::Receiver;
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

async fn used(gateway: &Gateway, quota: &Value) -> Option<u64> {
    let id = quota["id"].as_str().expect("an id");
    gateway.get(&format!("/v1/quotas/{id}/usage")).await.body["used"].as_u64()
}

/// A gateway whose provider "hook" answers 403 and has "spare" as its fallback: the receivers of
/// both, and the status of the first.
async fn with_a_fallback() -> (Gateway, Receiver, Receiver, Arc<AtomicU16>) {
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
    (gateway, hook_, spare_, status)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fallback_takes_over_at_the_first_action_that_meets_it() {
    let (gateway, hook_, spare_, _) = with_a_fallback().await;
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
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_to_be_repaired_is_told_until_it_is_mended() {
    let (gateway, _hook, _spare, status) = with_a_fallback().await;
    let outcome = gateway.dispatch(&action("a", "hook", &json!({}))).await;
    assert!(outcome.get("Rerouted").is_some(), "{outcome}");
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

#[cfg(feature = "wechat")]
#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_not_trusted_is_named_until_a_call_gets_through() {
    use acteon_fakes::wecom::{Call, Fault};

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

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_takes_nothing_degrades_readiness_until_something_gets_through() {
    let (receiver, status) = webhook(404).await;
    let gateway = Gateway::start(&hook("hook", &receiver, "")).await;
    let send = async |id: &str| gateway.dispatch(&action(id, "hook", &json!({}))).await;
    for number in 0..5 {
        assert_eq!(
            gateway.get("/ready").await.body,
            json!({ "status": "ready" }),
            "{number}"
        );
        assert_eq!(
            send(&format!("a-{number}")).await["Failed"]["code"],
            "EXECUTION_FAILED"
        );
    }
    let ready = gateway.get("/ready").await.body;
    assert!(
        ready["status"] == "degraded" && ready.to_string().contains("404"),
        "{ready}"
    );
    status.store(200, Ordering::SeqCst);
    send("b").await;
    assert_eq!(
        gateway.get("/ready").await.body,
        json!({ "status": "ready" })
    );
}

#[cfg(feature = "wechat")]
#[tokio::test(flavor = "multi_thread")]
async fn what_one_message_meets_says_nothing_of_the_provider() {
    use acteon_fakes::wecom::{Call, Fault};

    let wecom = crate::wechat::local_wecom(crate::wechat::unlimited()).await;
    let gateway = Gateway::start(&crate::wechat::configuration(&wecom, "")).await;
    // Unknown members, a request that is wrong, and a group that is gone.
    for code in [81013, 60111, 40058, 40050] {
        wecom.fault(Call::Send, Fault::Errcode(code), Some(1));
        let outcome = gateway
            .dispatch(&crate::wechat::text(&format!("a-{code}")))
            .await;
        assert_eq!(outcome["Failed"]["code"], "EXECUTION_FAILED", "{outcome}");
        assert_eq!(
            gateway.get("/ready").await.body,
            json!({ "status": "ready" }),
            "{code}"
        );
    }
    let health = gateway.get("/v1/providers/health").await.body["providers"][0].clone();
    assert!(
        health["failures"] == 4
            && health["last_error"]
                .as_str()
                .is_some_and(|error| error.contains("40050")),
        "{health}"
    );
}
