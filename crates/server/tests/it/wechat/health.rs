//! Health checks: what they find, and how often they ask.

use acteon_fakes::wecom::{Call, Fault};
use serde_json::{Value, json};

use super::{configuration, configuration_at, local_wecom, text, unlimited};
use crate::support::Gateway;

async fn health(gateway: &Gateway) -> Value {
    gateway.get("/v1/providers/health").await.body["providers"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_app_is_asked_once_a_minute() {
    let wecom = local_wecom(unlimited()).await;
    let gateway = Gateway::start(&configuration(&wecom, "")).await;
    for _ in 0..10 {
        let found = health(&gateway).await;
        assert_eq!(
            (found["provider"].as_str(), found["healthy"].as_bool()),
            (Some("wechat-ops"), Some(true)),
            "{found}"
        );
        assert_eq!(found["circuit_breaker_state"], "closed");
    }
    gateway.dispatch(&text("a")).await;
    assert_eq!(
        (wecom.calls(Call::Gettoken), wecom.calls(Call::AgentGet)),
        (1, 1),
        "what it fetched is the token in use"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_finds_what_would_stop_a_send() {
    for (change, code, retryable, advice) in [
        ("secret", "CONFIGURATION", false, "Secret"),
        ("agent", "EXECUTION_FAILED", false, "agent_id"),
        ("address", "EXECUTION_FAILED", false, "trusted IPs"),
        ("busy", "CONNECTION", true, ""),
        ("disabled", "CONFIGURATION", false, ""),
    ] {
        let wecom = local_wecom(unlimited()).await;
        let gateway = Gateway::start(&configuration(&wecom, "")).await;
        match change {
            "secret" => wecom.world(|world| world.apps[0].secret = "other".into()),
            "agent" => wecom.fault(Call::AgentGet, Fault::Errcode(301_002), None),
            "address" => wecom.world(|world| world.apps[0].trusted_ips = Some(vec![])),
            "busy" => wecom.fault(Call::Gettoken, Fault::Errcode(-1), None),
            _ => wecom.fault(
                Call::AgentGet,
                Fault::Json(json!({ "errcode": 0, "agentid": 1_000_002, "close": 1 }).to_string()),
                None,
            ),
        }
        let found = health(&gateway).await;
        assert_eq!(found["healthy"], false, "{change}: {found}");
        assert_eq!(
            (found["code"].as_str(), found["retryable"].as_bool()),
            (Some(code), Some(retryable)),
            "{change}: {found}"
        );
        assert!(
            found["advice"]
                .as_str()
                .is_some_and(|text| text.contains(advice)),
            "{change}: {found}"
        );
        health(&gateway).await;
        assert_eq!(
            wecom.calls(Call::Gettoken),
            1,
            "{change}: a finding is shared for a minute"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_is_replaced_and_an_outage_is_a_connection() {
    let wecom = local_wecom(unlimited()).await;
    let gateway = Gateway::start(&configuration(&wecom, "")).await;
    gateway.dispatch(&text("a")).await;
    wecom.world(|world| world.revoke(1_000_002, 42001));
    assert_eq!(health(&gateway).await["healthy"], true);
    assert_eq!(wecom.calls(Call::Gettoken), 2);
    let gateway = Gateway::start(&configuration_at("http://127.0.0.1:9", "")).await;
    let found = health(&gateway).await;
    assert_eq!(
        (found["code"].as_str(), found["retryable"].as_bool()),
        (Some("CONNECTION"), Some(true)),
        "{found}"
    );
}
