//! People who decide on their phones, in a real browser.

use acteon_fakes::webhook::Receiver;
use serde_json::{Value, json};

use super::{asking, id_of, lines, message, path, pending, receiver, shown};
use crate::support::browser::Browser;
use crate::support::{Client, Gateway, PATIENCE, action, until};

/// Deploys wait for two people, the second of whom is asked by the first chain's own words.
const CHAIN: &str = r#"
chains:
  - name: deploy
    steps:
      - name: announce
        provider: log
        action_type: notify
        payload_template: {content: "deploying {{ origin.payload.build }}"}
      - name: ask
        approval:
          notify_provider: hook
          approvers: [lena, max]
          quorum: 2
          timeout_seconds: 600
          message: "Deploy {{ origin.payload.build }} to production?"
      - name: deploy
        provider: hook
        action_type: deploy
        payload_template: {build: "{{ origin.payload.build }}", approved_by: "{{ steps.ask.body.decided_by }}"}
rules:
  - {name: deploys, condition: 'action.payload.deploy == true', action: {type: chain, chain: deploy}}
"#;

/// Address of a link at this gateway.
pub(super) fn at(client: &Client, url: &Value) -> String {
    format!("{}{}", client.base(), path(url))
}

/// Texts that a page must show.
pub(super) async fn expect(browser: &Browser, texts: &[&str]) {
    let page = browser.text().await;
    for text in texts {
        assert!(page.contains(text), "{text:?} is not in:\n{page}");
    }
}

/// Messages that steps of chains sent through the hook.
fn deployed(hook: &Receiver) -> Vec<Value> {
    let bodies = hook.requests().into_iter().map(|request| request.body);
    bodies
        .filter(|body| body["action_type"] == "deploy")
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_let_a_chain_go_on_one_in_english_and_one_in_chinese() {
    let Some(english) = Browser::start("en-GB").await else {
        return;
    };
    let chinese = Browser::start("zh-CN").await.expect("a second one");
    let hook = receiver().await;
    let gateway = Gateway::with_rules(CHAIN, &lines(&hook)).await;
    let asked = action("a", "log", &json!({"deploy": true, "build": "v7 <b>"}));
    let outcome = gateway.dispatch(&asked).await;
    let chain = outcome["ChainStarted"]["chain_id"]
        .as_str()
        .unwrap_or_else(|| panic!("{outcome}"));
    let id = format!("{chain}:ask");

    let lena = message(&hook, &id, "lena", 0).await;
    english.open(&at(&gateway, &lena["url"])).await;
    expect(
        &english,
        &[
            "Waiting for a decision",
            "Deploy v7 <b> to production?",
            "deploy / ask",
            "You decide as",
            "lena",
            "Approvals still needed\n2",
            "Nothing happens until you press a button.",
        ],
    )
    .await;
    english.picture("approval-en").await;
    assert_eq!(shown(&gateway, &id).await["status"], "pending");
    english.write("textarea", "looks good").await;
    english.tap("button.approve").await;
    expect(&english, &["Your decision is recorded.", "looks good"]).await;
    assert!(!english.has("button").await, "one person decides once");
    english.picture("approval-decided-en").await;
    assert_eq!(deployed(&hook).len(), 0, "one of two");

    let max = message(&hook, &id, "max", 0).await;
    chinese.open(&at(&gateway, &max["url"])).await;
    expect(
        &chinese,
        &[
            "等待审批",
            "Deploy v7 <b> to production?",
            "lena",
            "looks good",
            "还需同意人数\n1",
        ],
    )
    .await;
    chinese.picture("approval-zh").await;
    chinese.prefer("dark").await;
    chinese.picture("approval-dark-zh").await;
    chinese.tap("button.approve").await;
    expect(&chinese, &["您的审批意见已记录。", "已通过"]).await;

    until("the next step was not sent", PATIENCE, async || {
        !deployed(&hook).is_empty()
    })
    .await;
    let sent = &deployed(&hook)[0]["payload"];
    assert_eq!(sent["build"], "v7 <b>", "{sent}");
    gateway
        .until(
            &format!("/v1/chains/{chain}?namespace=incidents&tenant=acme"),
            |found| found["status"] == "completed",
        )
        .await;
    // Both links are used.
    english.open(&at(&gateway, &lena["url"])).await;
    expect(&english, &["Approved"]).await;
    assert!(!english.has("button").await);
    chinese.open(&at(&gateway, &max["reject_url"])).await;
    assert!(!chinese.has("button").await);
    english.close().await;
    chinese.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_decide_by_opens_the_page_and_decides_nothing_by_itself() {
    let Some(browser) = Browser::start("en").await else {
        return;
    };
    let (gateway, hook) = asking("approvers: [lena], comment: required").await;
    let id = id_of(&pending(&gateway, "a").await);
    let lena = message(&hook, &id, "lena", 0).await;
    browser.open(&at(&gateway, &lena["reject_url"])).await;
    assert_eq!(shown(&gateway, &id).await["status"], "pending");
    browser.tap("header a").await;
    expect(&browser, &["等待审批", "审批意见（必填）"]).await;
    browser.tap("header a").await;
    browser.write("textarea", "not on a Friday").await;
    browser.tap("button.reject").await;
    expect(&browser, &["Rejected", "not on a Friday"]).await;
    let approval = shown(&gateway, &id).await;
    assert_eq!(
        (
            &approval["status"],
            &approval["decided_by"],
            &approval["comment"]
        ),
        (
            &json!("rejected"),
            &json!("lena"),
            &json!("not on a Friday")
        )
    );
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_link_cannot_do_is_said_on_the_phone() {
    let Some(browser) = Browser::start("en").await else {
        return;
    };
    let (gateway, hook) = asking("approvers: [lena, max]").await;
    let (id, other) = (
        id_of(&pending(&gateway, "a").await),
        id_of(&pending(&gateway, "b").await),
    );
    let lena = at(&gateway, &message(&hook, &id, "lena", 0).await["url"]);
    let no_link = "This link does not work here.";
    browser
        .open(&lena.replace("person=lena", "person=max"))
        .await;
    expect(&browser, &[no_link]).await;
    browser.picture("approval-forged-en").await;
    browser.open(&lena.replace(&id, &other)).await;
    expect(&browser, &[no_link]).await;
    browser.open(&lena.replace("/acme/", "/globex/")).await;
    expect(&browser, &[no_link]).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_over_says_so() {
    let Some(browser) = Browser::start("zh-CN").await else {
        return;
    };
    let (gateway, _hook) = asking("timeout_seconds: 1").await;
    let asked = pending(&gateway, "a").await;
    gateway
        .until(&path(&asked["approve_url"]), |body| {
            body["code"] == "NOT_FOUND"
        })
        .await;
    browser.open(&at(&gateway, &asked["approve_url"])).await;
    expect(&browser, &["此链接已过期"]).await;
    browser.picture("approval-over-zh").await;
    browser.close().await;
}
