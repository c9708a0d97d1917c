//! Decisions that people pass on by their links, and take back.

use acteon_fakes::webhook::Receiver;
use serde_json::{Value, json};

use super::page::{browse, link, submit};
use super::{asking, follow, id_of, lines, message, path, pending, receiver, rule, shown, told};
use crate::support::{Client, Gateway};

/// People of a directory: one in Shanghai, one nowhere.
const PEOPLE: &str = r#"
[[people]]
id = "lena"
wechat = "LenaAtWork"
time_zone = "Asia/Shanghai"
[[people]]
id = "max"
[[people]]
id = "otto"
wechat = "OttoAtWork"
[[people_groups]]
id = "ops"
members = ["max", "otto"]
"#;

/// A gateway with a directory, and what receives its messages.
async fn with_people(keys: &str) -> (Gateway, Receiver) {
    let hook = receiver().await;
    let lines = format!("{}{PEOPLE}", lines(&hook));
    (Gateway::with_rules(&rule(keys), &lines).await, hook)
}

/// Passes a decision on by the page of a link.
async fn pass_on(client: &Client, open: &str, form: &str, language: &str) -> (u16, String) {
    let (_, page) = browse(client, &format!("{open}&lang={language}"), language).await;
    let (status, page) = submit(client, &page, open, "delegate", form.to_owned()).await;
    (status.as_u16(), page)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_passes_on_by_their_link_and_takes_it_back() {
    let (gateway, hook) = with_people("approvers: [lena, max], quorum: 2").await;
    let (id, lena) = link(&gateway, &hook, "a").await;
    let open = path(&lena["url"]);
    let (status, page) = browse(&gateway, &open, "en").await;
    assert!(
        status == 200 && page.contains("Pass it on to somebody else") && !page.contains("otto"),
        "nobody is shown who is known: {page}"
    );
    let looked = gateway.get(&open.replacen('?', "/delegate?", 1)).await;
    assert_eq!(looked.status, 200, "{}", looked.body);
    assert_eq!(shown(&gateway, &id).await["delegations"], json!([]));

    let form = "to=+OttoAtWork+&comment=on+leave+%E5%A5%BD";
    let (status, page) = pass_on(&gateway, &open, form, "en").await;
    assert!(
        status == 200
            && page.contains("You have passed this decision on to otto")
            && page.contains(">Take it back</button>")
            && !page.contains(">Approve</button>"),
        "{status} {page}"
    );
    let found = shown(&gateway, &id).await;
    let passed_on = &found["delegations"][0];
    assert_eq!(
        (&passed_on["from"], &passed_on["to"], &passed_on["comment"]),
        (&json!("lena"), &json!("otto"), &json!("on leave 好"))
    );
    let otto = message(&hook, &id, "otto", 0).await;
    let (_, page) = browse(&gateway, &path(&otto["url"]), "en").await;
    assert!(
        page.contains("<dt>Passed on to you by</dt><dd>lena") && page.contains("on leave 好"),
        "{page}"
    );
    let (status, refused) = follow(&gateway, &lena["approval_url"]).await;
    assert_eq!(status, 403, "{refused}");

    let (_, page) = browse(&gateway, &open, "zh").await;
    assert!(page.contains("您已将此审批转交给 otto"), "{page}");
    let (status, page) = submit(&gateway, &page, &open, "take-back", String::new()).await;
    assert!(
        status == 200 && page.contains("已撤回转交") && page.contains(">同意</button>"),
        "{status} {page}"
    );
    let (status, page) = browse(&gateway, &path(&otto["url"]), "en").await;
    assert!(
        status == 200 && page.contains("has taken it back") && !page.contains(">Approve</button>"),
        "{status} {page}"
    );
    assert!(shown(&gateway, &id).await["delegations"][0]["taken_back_at"].is_string());

    // Once more, and it is decided.
    message(&hook, &id, "lena", 1).await;
    let (status, page) = pass_on(&gateway, &open, "to=otto", "en").await;
    assert_eq!(status, 200, "{page}");
    let again = message(&hook, &id, "otto", 1).await;
    let subject = again["subject"].as_str().expect("a title");
    assert!(subject.starts_with("Approval needed"), "{subject}");
    let (status, answer) = follow(&gateway, &again["approval_url"]).await;
    assert_eq!(
        (status.as_u16(), &answer["status"]),
        (200, &json!("pending"))
    );
    let (_, page) = browse(&gateway, &open, "en").await;
    assert!(
        page.contains("passed this decision on to otto") && !page.contains("<form"),
        "{page}"
    );
    let take_back = open.replacen('?', "/take-back?", 1);
    let late = gateway.post(&take_back, &json!({})).await;
    assert_eq!(late.status, 409, "{}", late.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_it_cannot_be_passed_on_to_is_said_and_the_form_is_kept() {
    let (gateway, hook) = with_people("approvers: [lena, max, otto], quorum: 3").await;
    let (id, lena) = link(&gateway, &hook, "a").await;
    let max = message(&hook, &id, "max", 0).await;
    follow(&gateway, &max["approval_url"]).await;
    let open = path(&lena["url"]);
    for (to, english, chinese) in [
        ("lena", "That is you.", "这是您自己"),
        ("lenaatwork", "That is you.", "这是您自己"),
        (
            "max",
            "They have decided about this already.",
            "对方已经审批过",
        ),
        (
            "OttoAtWork",
            "They are asked about this themselves",
            "对方本来就是审批人",
        ),
        (
            "nobody",
            "that is not one person who is known here",
            "此处没有这个人",
        ),
        (
            "group:ops",
            "that is not one person who is known here",
            "此处没有这个人",
        ),
        (
            "",
            "that is not one person who is known here",
            "此处没有这个人",
        ),
        (
            "x%0Ay",
            "that is not one person who is known here",
            "此处没有这个人",
        ),
    ] {
        for (language, said) in [("en", english), ("zh-CN", chinese)] {
            let form = format!("to={to}&comment=kept");
            let (status, page) = pass_on(&gateway, &open, &form, language).await;
            assert!(
                status == 422
                    && page.contains(said)
                    && page.contains("<details open>")
                    && page.contains(">kept</textarea>"),
                "{to:?}: {status} {page}"
            );
        }
    }
    let long = format!("to=otto&comment={}", "%E5%A5%BD".repeat(1000));
    let (status, page) = pass_on(&gateway, &open, &long, "en").await;
    assert!(
        status == 422 && page.contains("<details open>"),
        "{status} {page}"
    );
    assert_eq!(shown(&gateway, &id).await["delegations"], json!([]));
    // For programs there is a field.
    let delegate = open.replacen('?', "/delegate?", 1);
    let answer = gateway.post(&delegate, &json!({"to": "nobody"})).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["fields"][0]["field"]),
        (422, &json!("to")),
        "{}",
        answer.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_persons_own_whole_link_passes_on() {
    let (gateway, hook) = asking("approvers: [lena]").await;
    let asked = pending(&gateway, "a").await;
    let id = id_of(&asked);
    let lena = message(&hook, &id, "lena", 0).await;
    let (_, page) = browse(&gateway, &path(&lena["approval_url"]), "en").await;
    assert!(!page.contains("Pass it on"), "{page}");
    let to = json!({"to": "otto"});
    for link in [
        path(&lena["approval_url"]).replace("/approve?", "/delegate?"),
        path(&lena["url"])
            .replacen('?', "/delegate?", 1)
            .replace("person=lena", "person=otto"),
    ] {
        let answer = gateway.post(&link, &to).await;
        assert_eq!(answer.status, 404, "{link}: {}", answer.body);
    }
    let open = path(&asked["approve_url"]).replace("/approve?", "/delegate?");
    let answer = gateway.post(&open, &to).await;
    assert_eq!(answer.status, 403, "{}", answer.body);
    assert!(told(&hook, &id, "otto").is_empty());
    assert_eq!(shown(&gateway, &id).await["delegations"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_those_of_the_persons_zone() {
    let (gateway, hook) = with_people("approvers: [lena, max]").await;
    let (id, lena) = link(&gateway, &hook, "a").await;
    let end = shown(&gateway, &id).await["expires_at"].clone();
    let end = end.as_str().expect("a time").parse::<jiff::Timestamp>();
    let end = end.expect("a time");
    let there = end.in_tz("Asia/Shanghai").expect("a zone");
    let there = there.strftime("%Y-%m-%d %H:%M UTC+08:00").to_string();
    let utc = end.strftime("%Y-%m-%d %H:%M UTC").to_string();
    let max = message(&hook, &id, "max", 0).await;
    for (person, time) in [(&lena, there), (&max, utc)] {
        let body = person["body"].as_str().expect("a text");
        assert!(body.contains(&format!("Decide until: {time}")), "{body}");
        let (_, page) = browse(&gateway, &path(&person["url"]), "en").await;
        let shown = format!("<dt>Decide until</dt><dd>{time}</dd>");
        assert!(page.contains(&shown), "{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_redacted_is_so_in_comments_of_who_passes_on() {
    let hook = receiver().await;
    let lines = format!("audit.redact = [\"payload.password\"]\n{}", lines(&hook));
    let gateway = Gateway::with_rules(&rule("approvers: [lena]"), &lines).await;
    let payload = json!({"deploy": true, "password": "S2CRET-4711"});
    let outcome = gateway
        .dispatch(&crate::support::action("a", "log", &payload))
        .await;
    let id = id_of(&outcome["PendingApproval"]);
    let lena = message(&hook, &id, "lena", 0).await;
    let delegate = path(&lena["url"]).replacen('?', "/delegate?", 1);
    let body = json!({"to": "otto", "comment": "it is S2CRET-4711"});
    let answer: Value = gateway.post(&delegate, &body).await.body;
    assert_eq!(answer["delegations"][0]["to"], "otto", "{answer}");
    assert!(!answer.to_string().contains("S2CRET"), "{answer}");
}
