//! The page that a link leads to, as a browser gets it.

use reqwest::header::{ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE};
use reqwest::{Response, StatusCode};
use serde_json::Value;

use super::{asking, deploy, id_of, lines, message, path, pending, receiver, shown};
use crate::support::{Client, Gateway};

pub(super) const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

pub(super) async fn browse(client: &Client, path: &str, language: &str) -> (StatusCode, String) {
    let response = request(client, path, language).await;
    (response.status(), response.text().await.expect("a page"))
}

async fn request(client: &Client, path: &str, language: &str) -> Response {
    let request = reqwest::Client::new()
        .get(format!("{}{path}", client.base()))
        .header(ACCEPT, BROWSER)
        .header(ACCEPT_LANGUAGE, language)
        .header("sec-fetch-site", "cross-site")
        .header("sec-fetch-mode", "navigate");
    request.send().await.expect("an answer")
}

/// Decides by the form of a page, with a comment.
pub(super) async fn press(
    client: &Client,
    page: &str,
    path: &str,
    choice: &str,
    comment: &str,
) -> (StatusCode, String) {
    submit(client, page, path, choice, format!("comment={comment}")).await
}

/// Sends a form of a page, as a browser does whose page may not say where it is from.
pub(super) async fn submit(
    client: &Client,
    page: &str,
    path: &str,
    button: &str,
    form: String,
) -> (StatusCode, String) {
    let (_, rest) = page
        .split_once(&format!("class=\"{button}\" formaction=\""))
        .expect("a button");
    let (target, _) = rest.split_once('"').expect("an address");
    let base = reqwest::Url::parse(&format!("{}{path}", client.base())).expect("an address");
    let target = base
        .join(&target.replace("&amp;", "&"))
        .expect("an address");
    let request = reqwest::Client::new()
        .post(target)
        .header(ACCEPT, BROWSER)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("origin", "null")
        .header("sec-fetch-site", "same-origin")
        .body(form);
    let response = request.send().await.expect("an answer");
    (response.status(), response.text().await.expect("a page"))
}

pub(super) async fn link(
    gateway: &Client,
    hook: &acteon_fakes::webhook::Receiver,
    id: &str,
) -> (String, Value) {
    let id = id_of(&pending(gateway, id).await);
    let lena = message(hook, &id, "lena", 0).await;
    (id, lena)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_tells_what_is_asked_and_its_form_decides() {
    let (gateway, hook) = asking("approvers: [lena, max], message: \"Ship it & go?\"").await;
    let (id, lena) = link(&gateway, &hook, "a").await;
    let open = path(&lena["url"]);
    let (status, page) = browse(&gateway, &open, "en-GB,en;q=0.9").await;
    assert_eq!(status, 200, "{page}");
    for text in [
        "<html lang=\"en\">",
        "Ship it &amp; go?",
        "build 7 &lt;b&gt;now&lt;/b&gt;",
        "width=device-width",
        "Waiting for a decision",
        "incidents / acme",
        ">Approve</button>",
        ">Reject</button>",
        "简体中文",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(
        !page.contains("<script") && !page.contains("<b>now"),
        "{page}"
    );
    assert_eq!(
        shown(&gateway, &id).await["decisions"]
            .as_array()
            .map(Vec::len),
        Some(0),
        "looking changes nothing"
    );
    let (status, after) = press(&gateway, &page, &open, "approve", "looks+good+%E5%A5%BD").await;
    assert_eq!(status, 200, "{after}");
    assert!(
        after.contains("Your decision is recorded.")
            && after.contains("Approved")
            && !after.contains("<button"),
        "{after}"
    );
    assert_eq!(shown(&gateway, &id).await["comment"], "looks good 好");
    let (status, again) = press(&gateway, &page, &open, "reject", "").await;
    assert_eq!(status, 410, "{again}");
    let (status, page) = browse(&gateway, &open, "en").await;
    assert!(
        status == 200
            && page.contains("Approved")
            && page.contains("looks good")
            && !page.contains("<form"),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_speaks_chinese_and_lets_people_choose() {
    let (gateway, hook) = asking("approvers: [lena], comment: required").await;
    let (_, lena) = link(&gateway, &hook, "a").await;
    let open = path(&lena["url"]);
    let (_, page) = browse(&gateway, &open, "zh-CN,zh;q=0.9,en;q=0.8").await;
    for text in [
        "<html lang=\"zh-CN\">",
        ">同意</button>",
        ">拒绝</button>",
        "等待审批",
        "审批意见（必填）",
        "English",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    let (_, page) = browse(&gateway, &format!("{open}&lang=en"), "zh-CN").await;
    assert!(
        page.contains(">Approve</button>") && page.contains("lang=zh-CN"),
        "{page}"
    );
    let (status, after) = press(&gateway, &page, &open, "approve", "").await;
    assert!(
        status == 422
            && after.contains("Please write a comment")
            && after.contains(">Approve</button>")
            && after.contains(">Reject</button>")
            && after.contains("Pass it on to somebody else"),
        "all that the link allows: {after}"
    );
    // Who has a link to one decision alone is given no other.
    let one = path(&lena["approval_url"]);
    let (_, page) = browse(&gateway, &one, "en").await;
    let (status, after) = press(&gateway, &page, &one, "approve", "").await;
    assert!(
        status == 422 && after.contains(">Approve</button>") && !after.contains(">Reject</button>"),
        "{after}"
    );
    let (_, page) = browse(&gateway, &open, "en").await;
    let (_, after) = press(&gateway, &page, &open, "approve", "").await;
    let at = open.replacen('?', "/approve?", 1);
    let (status, after) = press(&gateway, &after, &at, "reject", "too+late").await;
    assert!(status == 200 && after.contains("Rejected"), "{after}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_of_a_chain_whose_time_is_over_does_not_say_that_nothing_was_sent() {
    let hook = receiver().await;
    let rules = "chains:\n  - name: gate\n    steps:\n      - {name: announce, provider: log, action_type: notify, payload_template: {content: now}}\n      - name: ask\n        approval: {notify_provider: hook, approvers: [lena], timeout_seconds: 1}\nrules:\n  - {name: gates, condition: 'action.payload.deploy == true', action: {type: chain, chain: gate}}\n";
    let gateway = Gateway::with_rules(rules, &lines(&hook)).await;
    let started = gateway.dispatch(&deploy("a")).await;
    let chain = started["ChainStarted"]["chain_id"].as_str();
    let id = format!("{}:ask", chain.unwrap_or_else(|| panic!("{started}")));
    let lena = message(&hook, &id, "lena", 0).await;
    let open = path(&lena["url"]);
    gateway
        .until(&format!("/v1/approvals/{id}"), |body| {
            body["status"] == "expired"
        })
        .await;
    for (language, said, unsaid) in [
        (
            "en",
            "The time to decide is over, and nobody approved it",
            "nothing was sent",
        ),
        ("zh", "审批已超时，未获批准", "未发送任何内容"),
    ] {
        let (status, page) = browse(&gateway, &open, language).await;
        assert!(
            status == 404 && page.contains(said) && !page.contains(unsaid),
            "{page}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_bound_and_kept_nowhere() {
    let (gateway, hook) = asking("approvers: [lena]").await;
    let (_, lena) = link(&gateway, &hook, "a").await;
    let response = request(&gateway, &path(&lena["url"]), "en").await;
    let header = |name: &str| {
        response.headers()[name]
            .to_str()
            .expect("a text")
            .to_owned()
    };
    let policy = header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-")
            && policy.contains("form-action 'self'")
            && policy.contains("frame-ancestors 'none'")
            && !policy.contains("unsafe"),
        "{policy}"
    );
    assert_eq!(
        (
            header("cache-control"),
            header("referrer-policy"),
            header("x-content-type-options")
        ),
        ("no-store".into(), "same-origin".into(), "nosniff".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_work_is_said_plainly() {
    let (gateway, hook) = asking("approvers: [lena]").await;
    let (_, lena) = link(&gateway, &hook, "a").await;
    let open = path(&lena["url"]);
    let (status, page) = browse(&gateway, &open.replace("person=lena", "person=max"), "en").await;
    assert!(
        status == 404 && page.contains("This link does not work here"),
        "{page}"
    );
    let (status, page) = browse(&gateway, &open.replace("person=lena", "person=max"), "zh").await;
    assert!(status == 404 && page.contains("此链接在这里无效"), "{page}");
    // One link to a decision gives none to the other.
    let (_, page) = browse(&gateway, &path(&lena["approval_url"]), "en").await;
    assert!(
        page.contains(">Approve</button>") && !page.contains(">Reject</button>"),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_read_decides_nothing_and_the_link_is_not_blamed() {
    let (gateway, hook) = asking("approvers: [lena], comment: required").await;
    let (id, lena) = link(&gateway, &hook, "a").await;
    let open = path(&lena["url"]);
    let (_, page) = browse(&gateway, &open, "en").await;
    for (comment, status, told) in [
        // A zero-width space, which nobody sees.
        ("+%E2%80%8B+", 422, "Please write a comment"),
        ("%ff%fe", 422, "cannot be read"),
        ("a&comment=b", 422, "cannot be read"),
    ] {
        let (found, after) = press(&gateway, &page, &open, "approve", comment).await;
        assert!(
            found == status && after.contains(told) && !after.contains("This link does not work"),
            "{comment}: {found} {after}"
        );
    }
    let approve = format!("{}{}", gateway.base(), path(&lena["approval_url"]));
    let request = reqwest::Client::new()
        .post(approve)
        .header(ACCEPT, BROWSER)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .body(b"comment=\xff\xfe".to_vec());
    let answer = request.send().await.expect("an answer");
    let (status, after) = (answer.status(), answer.text().await.expect("a page"));
    assert!(
        status == 400 && after.contains("cannot be read") && !after.contains("does not work"),
        "{status} {after}"
    );
    assert_eq!(shown(&gateway, &id).await["status"], "pending");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_shown_by_their_names() {
    let hook = receiver().await;
    let people = "[[people]]\nid = \"lena\"\nname = \"李娜\"\n[[people]]\nid = \"max\"\n";
    let lines = format!("{}{people}", lines(&hook));
    let rules = super::rule("approvers: [lena, max], quorum: 2");
    let gateway = Gateway::with_rules(&rules, &lines).await;
    let (id, lena) = link(&gateway, &hook, "a").await;
    let open = path(&lena["url"]);
    let (_, page) = browse(&gateway, &open, "en").await;
    assert!(page.contains("<dd>李娜 (lena)</dd>"), "{page}");
    let (status, _) = press(&gateway, &page, &open, "approve", "").await;
    assert_eq!(status, 200);
    let max = message(&hook, &id, "max", 0).await;
    let (_, page) = browse(&gateway, &path(&max["url"]), "en").await;
    assert!(
        page.contains("<dt>李娜 (lena)</dt>") && page.contains("<dd>max</dd>"),
        "{page}"
    );
}
