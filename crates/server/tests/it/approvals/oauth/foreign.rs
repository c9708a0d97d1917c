//! Links in the hands of others: forwarded, used by programs, opened in another browser.

use acteon_core::{Clock as _, SystemClock};
use acteon_crypto::LinkKeys;
use serde_json::json;

use super::browser::{Browser, Cookie};
use super::{asked, button, decisions, start};
use crate::approvals::path;
use crate::approvals::phone_ends::KEY;
use crate::support::Client;

/// What no page may show of the approval.
const DETAILS: [&str; 5] = ["build 7", "notify", "incidents", "acme", "zhangsan"];

/// Checks that a page says no more than that it is for somebody else.
fn says_nothing(page: &str) {
    for detail in DETAILS {
        assert!(!page.contains(detail), "{detail} is in {page}");
    }
    assert!(!page.contains("<button"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forwarded_link_shows_and_decides_nothing() {
    let (gateway, wecom) = start("approvers: [zhangsan, lisi]").await;
    let (id, link) = asked(&gateway, &wecom, "a").await;
    for (who, language, said) in [
        ("lisi", "en", "This link is for another person"),
        ("lisi", "zh-CN", "此链接属于其他人"),
        ("wangwu", "en", "This link is for another person"),
        ("@outsider", "zh-CN", "此链接属于其他人"),
    ] {
        let mut phone = Browser::new(&gateway);
        phone.language = language;
        let seen = phone.opens_as(&wecom, &link, who).await;
        assert_eq!(seen.status, 403, "{who}: {}", seen.text);
        assert!(seen.text.contains(said), "{}", seen.text);
        says_nothing(&seen.text);
        assert_eq!(phone.cookies.len(), 0, "{:?}", phone.cookies);
        // Their form is nobody's, and what they wrote is not lost.
        let approve = link.replacen('?', "/approve?", 1);
        let after = phone.post(&approve, "comment=mine+%3Cb%3E").await;
        assert_eq!(after.status, 403, "{}", after.text);
        assert!(
            after.text.contains("mine &lt;b&gt;") && after.text.contains("<a href=\"?person="),
            "{}",
            after.text
        );
        says_nothing(&after.text.replace("person=zhangsan", ""));
    }
    assert_eq!(decisions(&gateway, &id).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_are_told_what_to_do_instead() {
    let (gateway, wecom) = start("approvers: [zhangsan]").await;
    let (id, link) = asked(&gateway, &wecom, "a").await;
    let open = super::pending(&gateway, "b").await["approve_url"].clone();
    let open = open.as_str().expect("a link").to_owned();
    let links = [link.clone(), link.replacen('?', "/approve?", 1), open];
    let links = links.map(|link| path(&json!(link)).replacen("/gate", "", 1));
    let mut answers = Vec::new();
    for link in &links {
        answers.push(gateway.get(link).await);
    }
    for link in &links[1..] {
        answers.push(gateway.post(link, &json!({})).await);
    }
    for (change, body) in [
        ("delegate", json!({"to": "lisi"})),
        ("take-back", json!({})),
    ] {
        let link = links[0].replacen('?', &format!("/{change}?"), 1);
        answers.push(gateway.post(&link, &body).await);
    }
    for answer in answers {
        let told = (answer.status.as_u16(), answer.body["code"].as_str());
        assert_eq!(told, (403, Some("SIGN_IN_NEEDED")), "{}", answer.body);
        let said = answer.body["message"].as_str().expect("a message");
        assert!(said.contains("/decide"), "{said}");
    }
    assert_eq!(decisions(&gateway, &id).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_goes_on_in_another_browser() {
    let (gateway, wecom) = start("approvers: [zhangsan, lisi]").await;
    let (id, link) = asked(&gateway, &wecom, "a").await;
    let mut phone = Browser::new(&gateway);
    let back = phone.shows(&wecom, &link, "zhangsan").await;
    // One that began nothing, and one that began a sign-in of its own.
    let mut empty = Browser::new(&gateway);
    let mut other = Browser::new(&gateway);
    other.shows(&wecom, &link, "lisi").await;
    for browser in [&mut empty, &mut other] {
        let seen = browser.returns(&back).await;
        assert_eq!(seen.status, 400, "{}", seen.text);
        assert!(
            seen.text.contains("did not begin in this browser"),
            "{}",
            seen.text
        );
        assert_eq!(seen.referrer_policy, "no-referrer");
        let (_, query) = back.split_once('?').expect("a query");
        for part in query.split('&') {
            let (_, value) = part.split_once('=').expect("a pair");
            assert!(!seen.text.contains(value), "{part} is in {}", seen.text);
        }
        says_nothing(
            &seen
                .text
                .replace("person=zhangsan", "")
                .replace("incidents/acme", ""),
        );
        assert_eq!(browser.cookies.len(), 0, "{:?}", browser.cookies);
    }
    // The first is still good where it began.
    let seen = phone.returns(&back).await;
    assert_eq!(seen.status, 200, "{}", seen.text);
    assert_eq!(decisions(&gateway, &id).await, 0);
}

/// Cookie by which a browser is known, as the gateway itself would write it.
fn known(gateway: &Client, id: &str, userid: &str, until: i64) -> Cookie {
    let mut message = "acteon-signed-in\n".to_owned();
    for part in ["incidents", "acme", id, userid] {
        message = format!("{message}{}:{part}\n", part.len());
    }
    let keys = LinkKeys::of([("k0", KEY)]).expect("a key");
    let signature = keys.sign(format!("{message}{until}").as_bytes());
    assert!(!gateway.base().is_empty());
    Cookie {
        name: "acteon_signed_in".to_owned(),
        value: format!("{}.{until}.{userid}", signature.expect("a signature")),
        path: format!("/gate/v1/approvals/incidents/acme/{id}"),
        attributes: String::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_is_good_for_its_member_its_approval_and_its_time() {
    let (gateway, wecom) = start("approvers: [zhangsan, lisi]").await;
    let (id, link) = asked(&gateway, &wecom, "a").await;
    let (other, _) = asked(&gateway, &wecom, "b").await;
    let now = SystemClock::new().now().as_millis();
    let at = |mut cookie: Cookie| {
        cookie.path = format!("/gate/v1/approvals/incidents/acme/{id}");
        cookie
    };
    let good = known(&gateway, &id, "ZhangSan", now + 60_000);
    let mut changed = good.clone();
    changed.value = changed.value.replace("ZhangSan", "lisi");
    let mut longer = good.clone();
    longer.value = longer
        .value
        .replace(&format!("{}", now + 60_000), &format!("{}", now + 90_000));
    let over = known(&gateway, &id, "zhangsan", now - 1);
    let of_another = at(known(&gateway, &other, "zhangsan", now + 60_000));
    let of_lisi = known(&gateway, &id, "lisi", now + 60_000);
    for (cookie, status) in [
        (good, 200),
        (changed, 302),
        (longer, 302),
        (over, 302),
        (of_another, 302),
        (of_lisi, 302),
    ] {
        let mut phone = Browser::new(&gateway);
        phone.cookies = vec![cookie.clone()];
        let seen = phone.get(&link).await;
        assert_eq!(seen.status.as_u16(), status, "{cookie:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_another_site_is_nobodys() {
    let (gateway, wecom) = start("approvers: [zhangsan]").await;
    let (id, link) = asked(&gateway, &wecom, "a").await;
    let mut phone = Browser::new(&gateway);
    let seen = phone.opens_as(&wecom, &link, "zhangsan").await;
    let approve = button(&link, &seen.text, "approve");
    phone.site = Some("cross-site");
    let after = phone.post(&approve, "comment=").await;
    assert_eq!(after.status, 403, "{}", after.text);
    assert_eq!(decisions(&gateway, &id).await, 0);
    phone.site = None;
    assert_eq!(phone.post(&approve, "comment=").await.status, 200);
}
