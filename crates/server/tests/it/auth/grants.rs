//! What callers are shown, by their grants.

use reqwest::StatusCode;
#[cfg(feature = "wechat")]
use serde_json::Value;
use serde_json::json;

#[cfg(feature = "wechat")]
use super::auth_file;
use super::{CALLERS, start};
#[cfg(feature = "wechat")]
use crate::support::Gateway;
use crate::support::action;

#[tokio::test(flavor = "multi_thread")]
async fn lists_show_only_what_is_granted_and_the_journal_knows_the_caller() {
    let (gateway, _) = start(&CALLERS).await;
    let acme = gateway.with_key("acme-ops");
    acme.dispatch(&action("a", "log", &json!({}))).await;
    let record = acme.get("/v1/audit/a").await.body;
    assert_eq!(
        (&record["caller_id"], &record["auth_method"]),
        (&json!("acme-ops"), &json!("api_key"))
    );
    acme.dispatch(&action("b", "nope", &json!({}))).await;
    let globex = gateway.with_key("globex-ops");
    for path in ["/v1/audit", "/v1/dlq", "/v1/audit?tenant=acme"] {
        assert!(
            !globex.get(path).await.body.to_string().contains("acme"),
            "{path}"
        );
    }
    assert_eq!(globex.get("/v1/dlq/stats").await.body["count"], 0);
    assert_eq!(globex.get("/v1/audit/export").await.body, json!(""));
    let batch = json!([action("c", "log", &json!({})), { "namespace": "n", "tenant": "globex", "provider": "log", "action_type": "x", "payload": {} }]);
    let refused = acme.post("/v1/dispatch/batch", &batch).await;
    assert_eq!(
        (refused.status, refused.body["code"].as_str()),
        (StatusCode::FORBIDDEN, Some("FORBIDDEN")),
        "one refuses the whole"
    );
    assert!(refused.body["message"].as_str().is_some_and(|text| {
        text.starts_with("forbidden: no grant covers tenant=globex namespace=n")
    }));
    assert_eq!(acme.get("/v1/audit/c").await.status, StatusCode::NOT_FOUND);
    let per_caller = json!({ "namespace": "incidents", "tenant": "acme", "per_principal": true, "max_actions": 1, "window": "daily", "overage_behavior": "block" });
    acme.post("/v1/quotas", &per_caller).await;
    let root = gateway.with_key("root");
    assert!(
        acme.dispatch(&action("d", "log", &json!({})))
            .await
            .get("Executed")
            .is_some()
    );
    assert!(
        acme.dispatch(&action("e", "log", &json!({})))
            .await
            .get("QuotaExceeded")
            .is_some()
    );
    assert!(
        root.dispatch(&action("f", "log", &json!({})))
            .await
            .get("Executed")
            .is_some(),
        "each caller is counted apart"
    );
}

#[cfg(feature = "wechat")]
#[tokio::test(flavor = "multi_thread")]
async fn what_a_service_said_is_for_those_who_may_do_everything_through_all_of_its_lane() {
    use acteon_fakes::wecom::{Call, Fault};
    let wecom = crate::wechat::local_wecom(crate::wechat::unlimited()).await;
    wecom.fault(
        Call::Send,
        Fault::Json(json!({ "errcode": 45009, "errmsg": "canary of acme" }).to_string()),
        None,
    );
    let folder = tempfile::tempdir().expect("a folder");
    let half = auth_file(&[("half", "viewer", "*")]) + "providers = [\"wechat-ops\"]\n";
    std::fs::write(folder.path().join("auth.toml"), auth_file(&CALLERS) + &half).expect("written");
    let one = crate::wechat::configuration(&wecom, "");
    let other = one.replace("wechat-ops", "wechat-dev");
    let path = folder.path().join("auth.toml").display().to_string();
    let gateway = Gateway::start_in(
        folder,
        &format!("auth.enabled = true\nauth.config_path = {path:?}\n{one}{other}"),
    )
    .await;
    let root = gateway.with_key("root");
    assert!(
        root.dispatch(&action(
            "a",
            "wechat-ops",
            &json!({ "touser": "@all", "content": "x" })
        ))
        .await
        .get("Scheduled")
        .is_some()
    );
    let lanes = root
        .until("/admin/lanes", |body| body.to_string().contains("canary"))
        .await;
    assert!(
        root.get("/v1/providers/health")
            .await
            .body
            .to_string()
            .contains("canary"),
        "who may do everything is told"
    );
    for key in ["acme-eyes", "globex-ops", "half"] {
        let other = gateway.with_key(key);
        let shown = other.get("/admin/lanes").await.body;
        assert_eq!(
            (&shown["lanes"][0]["name"], &shown["lanes"][0]["reason"]),
            (&lanes["lanes"][0]["name"], &Value::Null),
            "{key}"
        );
        for path in ["/admin/lanes", "/v1/providers/health"] {
            let body = other.get(path).await.body["lanes"].to_string();
            assert!(!body.contains("canary"), "{key} {path}: {body}");
        }
        for provider in other.get("/v1/providers/health").await.body["providers"]
            .as_array()
            .expect("a list")
        {
            let is_theirs = key == "half" && provider["provider"] == "wechat-ops";
            assert!(provider["lane"]["reason"].is_null(), "{key}: {provider}");
            assert!(
                is_theirs || !provider.to_string().contains("canary"),
                "{key}: {provider}"
            );
        }
    }
}
