//! Approvals that somebody cannot decide about, or not any more, on the phone of who tries, in a real browser.

use acteon_core::Timestamp;
use acteon_crypto::LinkKeys;
use serde_json::{Value, json};

use super::calls::with_keys_behind;
use super::phone::{at, expect};
use super::{asking, deploy, id_of, message, path, pending, shown};
use crate::support::browser::Browser;

/// Key that signs the links of this file's gateways.
pub(super) const KEY: &str = "abababababababababababababababababababababababababababababababab";

/// Link of a person whom nobody told, as the gateway itself would write it.
pub(super) fn own_link(approval: &Value, person: &str) -> String {
    let text = |key: &str| approval[key].as_str().expect("a text");
    let end = Timestamp::parse(text("expires_at")).expect("a time");
    let end = end.as_millis() / 1000;
    let mut message = "acteon-approval-link\n".to_owned();
    for part in [
        text("namespace"),
        text("tenant"),
        text("id"),
        "open",
        person,
    ] {
        message = format!("{message}{}:{part}\n", part.len());
    }
    let keys = LinkKeys::of([("k0", KEY)]).expect("a key");
    let signature = keys.sign(format!("{message}{end}").as_bytes());
    format!(
        "/v1/approvals/{}/{}/{}?person={person}&expires_at={end}&kid=&sig={}",
        text("namespace"),
        text("tenant"),
        text("id"),
        signature.expect("a signature")
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asked_sees_why_they_cannot_decide() {
    for (language, own, named, barred) in [
        (
            "en",
            "You asked for this yourself",
            "Only the people who were asked can decide",
            "They asked for this",
        ),
        (
            "zh-CN",
            "这是您本人提交的申请",
            "只有被指定的审批人可以审批",
            "对方是申请人",
        ),
    ] {
        let Some(browser) = Browser::start(language).await else {
            return;
        };
        let keys = "approvers: [\"principal:acme-ops\", lena], separate: true";
        let key = format!("server.approval_secret = \"{KEY}\"");
        let (gateway, hook) = with_keys_behind(&key, keys, "").await;
        let ops = gateway.with_key("acme-ops");
        let asked = ops.dispatch(&deploy("a")).await["PendingApproval"].clone();
        let id = id_of(&asked);
        // The link that who asks is answered with, and one that would be theirs.
        browser.open(&at(&gateway, &asked["approve_url"])).await;
        expect(&browser, &[named]).await;
        assert!(!browser.has("button").await);
        let approval = shown(&ops, &id).await;
        let link = own_link(&approval, "principal:acme-ops");
        browser.open(&format!("{}{link}", gateway.base())).await;
        expect(&browser, &[own]).await;
        assert!(!browser.has("button").await);
        browser.picture(&format!("requester-{language}")).await;
        // Nobody passes it on to them either.
        let lena = message(&hook, &id, "lena", 0).await;
        browser.open(&at(&gateway, &lena["url"])).await;
        browser.unfold("section summary").await;
        browser.write("#to", "principal:acme-ops").await;
        browser.tap("button.delegate").await;
        expect(&browser, &[barred]).await;
        assert_eq!(shown(&ops, &id).await["decisions"], json!([]));
        browser.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_time_alone_decided_is_said() {
    let Some(english) = Browser::start("en").await else {
        return;
    };
    let chinese = Browser::start("zh-CN").await.expect("a second one");
    for (on_timeout, status, in_english, in_chinese) in [
        (
            "reject",
            "expired",
            "The time to decide is over; nothing was sent",
            "审批已超时，未发送任何内容",
        ),
        (
            "approve",
            "approved",
            "Nobody decided in time, which counts as approved here",
            "无人在截止时间前审批，按规则视为同意",
        ),
    ] {
        let keys = format!("approvers: [lena], timeout_seconds: 8, on_timeout: {on_timeout}");
        let (gateway, hook) = asking(&keys).await;
        let id = id_of(&pending(&gateway, "a").await);
        let lena = message(&hook, &id, "lena", 0).await;
        let approval = format!("/v1/approvals/{id}");
        gateway
            .until(&approval, |body| body["status"] == status)
            .await;
        // The link may outlive its approval by the rest of a second.
        gateway
            .until(&path(&lena["url"]), |body| body["code"] == "NOT_FOUND")
            .await;
        english.open(&at(&gateway, &lena["url"])).await;
        expect(&english, &["This link is over", in_english]).await;
        english.picture(&format!("timeout-{on_timeout}-en")).await;
        chinese.open(&at(&gateway, &lena["approval_url"])).await;
        expect(&chinese, &["此链接已过期", in_chinese]).await;
        chinese.picture(&format!("timeout-{on_timeout}-zh")).await;
        assert!(!english.has("button").await && !chinese.has("button").await);
    }
    english.close().await;
    chinese.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_was_used_and_one_that_is_none_decide_nothing() {
    for (language, decided, too_late, forged) in [
        (
            "en",
            "You have decided already",
            "Rejected",
            "This link does not work here",
        ),
        ("zh-CN", "您已审批", "已拒绝", "此链接在这里无效"),
    ] {
        let Some(browser) = Browser::start(language).await else {
            return;
        };
        let (gateway, hook) = asking("approvers: [lena, max, nora], quorum: 2").await;
        let id = id_of(&pending(&gateway, "a").await);
        let lena = message(&hook, &id, "lena", 0).await;
        let url = at(&gateway, &lena["url"]);
        browser.open(&url).await;
        browser.tap("button.approve").await;
        browser.open(&url).await;
        expect(&browser, &[decided]).await;
        assert!(!browser.has("button").await);
        browser.picture(&format!("used-{language}")).await;
        // Two have it open; who is later is told so.
        let late = Browser::start(language).await.expect("a second one");
        let nora = message(&hook, &id, "nora", 0).await;
        late.open(&at(&gateway, &nora["url"])).await;
        let max = message(&hook, &id, "max", 0).await;
        browser.open(&at(&gateway, &max["url"])).await;
        browser.tap("button.reject").await;
        late.tap("button.approve").await;
        expect(&late, &[too_late]).await;
        late.picture(&format!("late-{language}")).await;
        let found = shown(&gateway, &id).await;
        assert_eq!(found["decisions"].as_array().map(Vec::len), Some(2));
        for wrong in [
            url.replace("person=lena", "person=max"),
            url.replace("/acme/", "/globex/"),
            format!("{}{}", &url[..url.len() - 64], "0".repeat(64)),
            url.replacen('?', "/delegate?", 1)
                .replace("person=lena", "person=nora"),
        ] {
            browser.open(&wrong).await;
            expect(&browser, &[forged]).await;
        }
        browser.close().await;
        late.close().await;
    }
}
