//! The whole loop: an action starts a chain, whose step asks by a card; a thumb taps it on a phone, and the chain goes on.

use serde_json::{Value, json};

use super::cards::{arrived, call_back, lines, says};
use crate::support::browser::Browser;
use crate::support::{Gateway, action};
use crate::wechat::{local_wecom, unlimited};

/// Chain that restarts a service once somebody approved, and says so.
const RULES: &str = r#"
rules:
  - {name: restarts, condition: 'action.action_type == "restart"', action: {type: chain, chain: restart}}
chains:
  - name: restart
    steps:
      - name: ask
        approval: {notify_provider: wechat-ops, approvers: [lisi, zhang], timeout_seconds: 600, message: "Restart {{ origin.payload.host }}?"}
      - {name: restart, provider: log, action_type: run, payload_template: {host: "{{ origin.payload.host }}", by: "{{ prev.body.decided_by }}"}}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_tap_on_a_phone_lets_a_chain_go_on_and_changes_every_card() {
    let Some(browser) = Browser::start("zh-CN").await else {
        return;
    };
    let wecom = local_wecom(unlimited()).await;
    let gateway = Gateway::with_rules(RULES, &lines(&wecom, "")).await;
    call_back(&wecom, gateway.base());
    let mut posted = action("a", "log", &json!({"host": "db-1"}));
    posted["action_type"] = json!("restart");
    let outcome = gateway.dispatch(&posted).await;
    let chain = outcome["ChainStarted"]["chain_id"].as_str();
    let chain = chain.unwrap_or_else(|| panic!("{outcome}")).to_owned();
    let id = format!("{chain}:ask");
    // Ids of cards have no colons.
    let of_card = id.replace(':', "@3A");
    arrived(&wecom, &of_card, "lisi").await;
    arrived(&wecom, &of_card, "zhangsan").await;
    browser.visit(&format!("{}/#zhangsan", wecom.url())).await;
    let asks = browser.until_text("Restart db-1?").await;
    assert!(asks.contains("同意") && asks.contains("截止时间"), "{asks}");
    browser.picture("card-asks").await;
    browser.click(".press").await;
    browser.until_text("已同意：Zhang San").await;
    browser.picture("card-says").await;
    says(&wecom, &of_card, "lisi", "Approved by Zhang San").await;
    let path = format!("/v1/chains/{chain}");
    let over: Value = gateway
        .until(&path, |found| found["status"] == "completed")
        .await;
    assert_eq!(over["status"], "completed", "{over}");
    let sent = gateway.get(&format!("/v1/actions/{chain}:restart:1")).await;
    assert_eq!(
        sent.body["action"]["payload"],
        json!({"host": "db-1", "by": "zhang"}),
        "{}",
        sent.body
    );
    let found = gateway.get(&format!("/v1/approvals/{id}")).await.body;
    assert_eq!(found["decisions"][0]["way"], "card", "{found}");
    browser.close().await;
}
