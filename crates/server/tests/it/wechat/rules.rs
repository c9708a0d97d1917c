//! Rule integration: reroutes, silences, quotas and dedup keys on a named WeChat Work provider, counted on the wire.

use acteon_fakes::wecom::LocalWecom;
use serde_json::{Value, json};

use super::{configuration, local_wecom, text, unlimited};
use crate::support::{Gateway, action};

const LOG: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";
const RULES: &str = r#"
rules:
  - {name: critical-to-wechat, priority: 1, condition: 'action.payload.severity == "critical"', action: {type: reroute, target_provider: wechat-ops}}
  - {name: once, priority: 2, condition: 'has(action.dedup_key)', action: {type: deduplicate, ttl_seconds: 600}}
"#;

/// Messages that arrived, and the bytes of all that were posted.
fn wire(wecom: &LocalWecom) -> (u64, u64) {
    wecom.world(|world| (world.counts().messages, world.counts().bytes))
}

async fn start() -> (LocalWecom, Gateway) {
    let wecom = local_wecom(unlimited()).await;
    let gateway = Gateway::with_rules(
        RULES,
        &configuration(&wecom, &format!("wechat.default_touser = \"@all\"\n{LOG}")),
    )
    .await;
    (wecom, gateway)
}

fn of_severity(id: &str, severity: &str) -> Value {
    action(
        id,
        "log",
        &json!({ "severity": severity, "content": "checkout-api is down" }),
    )
}

/// An action for the log that the rules reroute to WeChat Work.
fn critical(id: &str) -> Value {
    of_severity(id, "critical")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_sends_what_is_critical_and_nothing_else() {
    let (wecom, gateway) = start().await;
    assert!(
        gateway
            .dispatch(&of_severity("a", "warning"))
            .await
            .get("Executed")
            .is_some()
    );
    assert_eq!(wire(&wecom), (0, 0), "a warning stays with the log");
    let rerouted = gateway.dispatch(&critical("b")).await["Rerouted"].clone();
    assert_eq!(
        (
            rerouted["new_provider"].as_str(),
            rerouted["response"]["body"]["errcode"].as_i64()
        ),
        (Some("wechat-ops"), Some(0))
    );
    assert_eq!(wire(&wecom).0, 1);
    let record = gateway.get("/v1/audit/b").await.body;
    assert_eq!(
        (
            &record["provider"],
            &record["provider_used"],
            &record["matched_rule"]
        ),
        (
            &json!("log"),
            &json!("wechat-ops"),
            &json!("critical-to-wechat")
        )
    );
    assert!(
        record["outcome_details"]["response"]["body"]["msgid"].is_string(),
        "{record}"
    );
}

/// The silence names the provider that the rule reroutes to.
#[tokio::test(flavor = "multi_thread")]
async fn not_a_byte_leaves_during_a_silence_of_the_target() {
    let (wecom, gateway) = start().await;
    assert!(
        gateway
            .dispatch(&critical("b"))
            .await
            .get("Rerouted")
            .is_some()
    );
    let after_one = wire(&wecom);
    assert_eq!(after_one.0, 1);
    let silence = json!({ "namespace": "incidents", "tenant": "acme", "matchers": [{ "name": "action.provider", "value": "wechat-ops" }], "duration_seconds": 600 });
    let silence = gateway.post("/v1/silences", &silence).await.body["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let silenced = gateway.dispatch(&critical("c")).await;
    assert_eq!(
        silenced,
        json!({ "Silenced": { "silence_id": silence, "matched_rule": "critical-to-wechat" } })
    );
    assert!(gateway.dispatch(&text("d")).await.get("Silenced").is_some());
    assert_eq!(
        wire(&wecom),
        after_one,
        "not a byte leaves during a silence"
    );
}

/// The quota is the target's, whoever was asked for.
#[tokio::test(flavor = "multi_thread")]
async fn a_quota_of_the_target_holds_back_what_is_rerouted_to_it() {
    let (wecom, gateway) = start().await;
    let quota = json!({ "namespace": "incidents", "tenant": "acme", "provider": "wechat-ops", "max_actions": 2, "window": "daily", "overage_behavior": "block" });
    let made = gateway.post("/v1/quotas", &quota).await;
    assert!(made.body["id"].is_string(), "{}", made.body);
    assert!(
        gateway
            .dispatch(&critical("e"))
            .await
            .get("Rerouted")
            .is_some()
    );
    assert!(gateway.dispatch(&text("f")).await.get("Executed").is_some());
    let after_two = wire(&wecom);
    for id in ["g", "h"] {
        assert_eq!(
            gateway.dispatch(&critical(id)).await["QuotaExceeded"]["limit"],
            2
        );
        assert_eq!(
            gateway.dispatch(&text(&format!("{id}-asked"))).await["QuotaExceeded"]["limit"],
            2
        );
    }
    let mut other_tenant = text("i");
    other_tenant["tenant"] = json!("globex");
    assert!(
        gateway
            .dispatch(&other_tenant)
            .await
            .get("Executed")
            .is_some(),
        "a quota is one tenant's"
    );
    assert_eq!((after_two.0, wire(&wecom).0), (2, 3));
}

fn keyed(id: &str) -> Value {
    let mut keyed = text(id);
    keyed["dedup_key"] = json!("checkout-5xx");
    keyed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dedup_key_that_is_held_lets_no_other_leave() {
    let (wecom, gateway) = start().await;
    assert!(
        gateway
            .dispatch(&keyed("j"))
            .await
            .get("Executed")
            .is_some()
    );
    let after_one = wire(&wecom);
    for id in ["k", "l", "m"] {
        assert_eq!(gateway.dispatch(&keyed(id)).await, json!("Deduplicated"));
    }
    assert_eq!((after_one.0, wire(&wecom)), (1, after_one));
}
