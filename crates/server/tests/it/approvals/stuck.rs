//! Approvals that cannot go on by themselves, or cannot be read.

use serde_json::json;

use super::page::browse;
use super::{deploy, follow, id_of, lines, message, path, pending, receiver, rule, told};
use crate::auth::auth_file;
use crate::support::{Client, Gateway, store_lines, with_rules_in};

/// Changes rows of the embedded store behind the gateway's back, and starts it again.
async fn meddled(gateway: Gateway, changes: &[&str], lines: &str) -> Option<Gateway> {
    let folder = gateway.stop_and_keep().await;
    if !store_lines(folder.path()).is_empty() {
        return None;
    }
    let database = rusqlite::Connection::open(folder.path().join("acteon.db")).expect("it opens");
    for change in changes {
        assert_eq!(database.execute(change, []).expect("it is changed"), 1);
    }
    drop(database);
    Some(Gateway::start_in(folder, lines).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_stuck_goes_on_although_its_chain_is_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = "chains: [{name: gate, steps: [{name: ask, approval: {approvers: [lena]}}]}]\nrules:\n  - {name: gates, condition: 'action.payload.deploy == true', action: {type: chain, chain: gate}}\n";
    let lines = with_rules_in(&folder, rules, super::LOG);
    let gateway = Gateway::start_in(folder, &lines).await;
    let started = gateway.dispatch(&deploy("a")).await;
    let chain = started["ChainStarted"]["chain_id"].as_str();
    let id = format!("{}:ask", chain.unwrap_or_else(|| panic!("{started}")));
    let found = format!("/v1/approvals/{id}");
    gateway
        .until(&found, |body| body["status"] == "pending")
        .await;
    let changes = [
        "UPDATE flows SET status = 'cancelled', due_at = NULL, is_over = 1 WHERE kind = 'chain'",
        "UPDATE flows SET status = 'stuck', due_at = NULL WHERE kind = 'approval'",
    ];
    let Some(gateway) = meddled(gateway, &changes, &lines).await else {
        return;
    };
    assert_eq!(gateway.get(&found).await.body["status"], "stuck");
    let cancelled = gateway.post(&format!("{found}/cancel"), &json!({})).await;
    assert_eq!(
        (cancelled.status.as_u16(), &cancelled.body["code"]),
        (409, &json!("STUCK")),
        "{}",
        cancelled.body
    );
    gateway
        .until(&found, |body| body["status"] == "cancelled")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_cannot_be_read_is_ended_for_everybody_and_told_to_few() {
    let hook = receiver().await;
    let folder = tempfile::tempdir().expect("a folder");
    let keys = folder.path().join("auth.toml");
    let callers = auth_file(&[("root", "admin", "*"), ("half", "operator", "*")]);
    std::fs::write(&keys, callers + "providers = [\"log\"]\n").expect("written");
    let lines = format!(
        "auth.enabled = true\nauth.config_path = {:?}\n{}",
        keys.display().to_string(),
        lines(&hook)
    );
    let lines = with_rules_in(&folder, &rule("approvers: [lena, max]"), &lines);
    let gateway = Gateway::start_in(folder, &lines).await;
    let root = gateway.with_key("root");
    let id = id_of(&pending(&root, "a").await);
    let lena = message(&hook, &id, "lena", 0).await;
    message(&hook, &id, "max", 0).await;
    // A message that waits for the end of a silence.
    let silence = json!({"namespace": "incidents", "tenant": "acme", "duration_seconds": 8, "comment": "hush",
        "matchers": [{"name": "action.action_type", "value": "approval_notification"}]});
    assert_eq!(root.post("/v1/silences", &silence).await.status, 201);
    let found = format!("/v1/approvals/{id}");
    let reminded = root.post(&format!("{found}/remind"), &json!(null)).await;
    assert_eq!(reminded.status, 200, "{}", reminded.body);
    let notice = format!("/v1/actions/approval:{id}:1:0");
    root.until(&notice, |body| {
        body["outcome"]["Scheduled"]["last_error"]["code"] == "SILENCED"
    })
    .await;

    let spoil = "UPDATE flows SET body = '{\"v\":1,\"status\":\"approved\"}', status = 'stuck', due_at = NULL WHERE kind = 'approval'";
    let Some(gateway) = meddled(gateway, &[spoil], &lines).await else {
        return;
    };
    let (root, half) = (gateway.with_key("root"), gateway.with_key("half"));
    let code = async |client: &Client| {
        let answer = client.get(&found).await;
        (answer.status.as_u16(), answer.body["code"].clone())
    };
    assert_eq!(code(&root).await, (500, json!("UNREADABLE")));
    assert_eq!(code(&half).await, (404, json!("NOT_FOUND")));
    let open = path(&lena["url"]);
    for (language, said) in [
        ("en", "It cannot go on by itself"),
        ("zh", "流程无法自动继续"),
    ] {
        let (status, page) = browse(&gateway, &open, language).await;
        assert!(status == 500 && page.contains(said), "{status} {page}");
    }
    let cancel = format!("{found}/cancel");
    let cancelled = half.post(&cancel, &json!({})).await;
    assert_eq!(cancelled.status, 404, "{}", cancelled.body);
    let cancelled = root.post(&cancel, &json!({})).await;
    assert_eq!(
        (cancelled.status.as_u16(), &cancelled.body["status"]),
        (200, &json!("cancelled")),
        "{}",
        cancelled.body
    );
    // From then on it is over, whatever its body says.
    let again = root.post(&cancel, &json!({})).await;
    assert_eq!(again.status, 410, "{}", again.body);
    let (status, late) = follow(&gateway, &lena["approval_url"]).await;
    assert_eq!(status, 410, "{late}");
    let (status, page) = browse(&gateway, &open, "en").await;
    assert!(
        status == 410 && page.contains("Cancelled; it needs no decision any more"),
        "{status} {page}"
    );
    root.until(&notice, |body| body["outcome"]["Cancelled"].is_object())
        .await;
    assert_eq!(told(&hook, &id, "lena").len(), 1);
}
