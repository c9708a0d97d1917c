//! What people see of what they approve: what goes, as it goes, and what became of it.

use reqwest::StatusCode;
use reqwest::header::ACCEPT;
use serde_json::{Value, json};

use acteon_fakes::webhook::Receiver;

use super::page::{BROWSER, browse, link, press};
use super::{asking, follow, id_of, lines, message, path, pending, receiver, rule, shown};
use crate::support::{Client, Gateway, action};

/// Posts an action that people are asked about; the id of the approval.
async fn asked(client: &Client, action: &Value) -> String {
    let outcome = client.dispatch(action).await;
    id_of(&outcome["PendingApproval"])
}

/// Answer to a request as text.
async fn text_of(client: &Client, path: &str) -> String {
    let answer = reqwest::get(format!("{}{path}", client.base())).await;
    answer.expect("an answer").text().await.expect("a text")
}

/// A gateway that asks about deploys, with a provider `target` that answers as told.
async fn with_target(answer: (u16, &'static str), first: &str) -> (Gateway, Receiver, Receiver) {
    let hook = receiver().await;
    let target = Receiver::start(move |_| (answer.0, answer.1.to_owned()))
        .await
        .expect("a receiver");
    let lines = format!(
        "{first}\n{}[[providers]]\nname = \"target\"\ntype = \"webhook\"\nurl = \"{}\"\n",
        lines(&hook),
        target.url()
    );
    let gateway = Gateway::with_rules(&rule("approvers: [lena]"), &lines).await;
    (gateway, hook, target)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_profile_renders_is_shown_and_is_what_goes() {
    let (gateway, hook, target) = with_target((200, "{}"), "").await;
    let profile = json!({"namespace": "incidents", "tenant": "acme", "name": "restart",
        "fields": {"content": "Restart {{ service }}"}});
    let made = gateway.post("/v1/templates/profiles", &profile).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let mut posted = action(
        "a",
        "target",
        &json!({"deploy": true, "service": "staging"}),
    );
    posted["template"] = json!("restart");
    let id = asked(&gateway, &posted).await;
    assert_eq!(
        shown(&gateway, &id).await["payload"]["content"],
        "Restart staging"
    );
    let lena = message(&hook, &id, "lena", 0).await;
    let body = lena["body"].as_str().expect("a text");
    assert!(body.contains("Restart staging"), "{body}");
    let (_, page) = browse(&gateway, &path(&lena["url"]), "en").await;
    assert!(page.contains("Restart staging"), "{page}");
    let profile = format!(
        "/v1/templates/profiles/{}",
        made.body["id"].as_str().expect("an id")
    );
    assert_eq!(gateway.delete(&profile).await.status, 204);
    let (_, answer) = follow(&gateway, &lena["approval_url"]).await;
    assert!(answer["outcome"]["Executed"].is_object(), "{answer}");
    let sent = target.requests().pop().expect("a request");
    assert_eq!(sent.body["payload"]["content"], "Restart staging");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_of_it_is_said() {
    let (gateway, hook, _target) = with_target((400, "{}"), "").await;
    let id = asked(&gateway, &action("a", "target", &json!({"deploy": true}))).await;
    assert!(shown(&gateway, &id).await["outcome"].is_null());
    let lena = message(&hook, &id, "lena", 0).await;
    let open = path(&lena["url"]);
    let (_, page) = browse(&gateway, &open, "en").await;
    let (status, after) = press(&gateway, &page, &open, "approve", "").await;
    assert_eq!(status, 200, "{after}");
    assert!(
        after.contains("Your decision is recorded.") && after.contains("It failed: "),
        "{after}"
    );
    let (_, again) = browse(&gateway, &open, "en").await;
    assert!(again.contains("It failed: "), "{again}");
    let found = shown(&gateway, &id).await;
    assert!(found["outcome"]["Failed"]["code"].is_string(), "{found}");
    assert_eq!(found["approved_action_id"], format!("approval:{id}:action"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_arrived_is_said_to_be_so() {
    let (gateway, hook, _target) = with_target((500, "{}"), "").await;
    let id = asked(&gateway, &action("a", "target", &json!({"deploy": true}))).await;
    let lena = message(&hook, &id, "lena", 0).await;
    let open = path(&lena["url"]);
    let (_, page) = browse(&gateway, &open, "en").await;
    let (status, _) = press(&gateway, &page, &open, "approve", "").await;
    assert_eq!(status, 200);
    let of_action = format!("/v1/actions/approval:{id}:action");
    gateway
        .until(&of_action, |body| body["possible_duplicate"] == true)
        .await;
    for (language, said) in [
        ("en", "It may have arrived, and is tried again"),
        ("zh", "可能已经送达，正在重试"),
    ] {
        let (_, page) = browse(&gateway, &open, language).await;
        assert!(page.contains(said), "{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_over_when_its_action_is() {
    let (gateway, hook) = asking("approvers: [lena], timeout_seconds: 7200").await;
    let first = id_of(&pending(&gateway, "a").await);
    // The first has two hours, and so the second has less than two.
    let end = shown(&gateway, &first).await["expires_at"].clone();
    let mut posted = action("b", "log", &json!({"deploy": true}));
    posted["expires_at"] = end.clone();
    let id = asked(&gateway, &posted).await;
    let found = shown(&gateway, &id).await;
    assert_eq!(
        (&found["expires_at"], &found["action_expires_at"]),
        (&end, &end)
    );
    let lena = message(&hook, &id, "lena", 0).await;
    let (_, page) = browse(&gateway, &path(&lena["url"]), "en").await;
    assert!(page.contains("<dt>Not sent after</dt>"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_to_a_decision_hides_what_is_redacted() {
    let first = "audit.redact = [\"payload.password\"]";
    let (gateway, hook, _target) = with_target((200, "{\"got\": \"S2CRET-4711\"}"), first).await;
    let payload = json!({"deploy": true, "password": "S2CRET-4711"});
    let id = asked(&gateway, &action("a", "target", &payload)).await;
    let lena = message(&hook, &id, "lena", 0).await;
    let (status, answer) = follow(&gateway, &lena["approval_url"]).await;
    assert_eq!(status, 200, "{answer}");
    assert!(
        answer["outcome"]["Executed"].is_object() && !answer.to_string().contains("S2CRET"),
        "{answer}"
    );
    let found = shown(&gateway, &id).await;
    assert!(!found.to_string().contains("S2CRET"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_profile_makes_of_what_is_redacted_is_hidden_everywhere() {
    let first = "audit.redact = [\"payload.password\"]";
    let (gateway, hook, target) = with_target((200, "{}"), first).await;
    let profile = json!({"namespace": "incidents", "tenant": "acme", "name": "login",
        "fields": {"content": "Use {{ password }}", "title": "{{ password | upper }}", "body": "For {{ user }}"}});
    let made = gateway.post("/v1/templates/profiles", &profile).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let payload = json!({"deploy": true, "password": "S2cret-4711", "user": "li"});
    let mut posted = action("a", "target", &payload);
    posted["template"] = json!("login");
    let id = asked(&gateway, &posted).await;
    let lena = message(&hook, &id, "lena", 0).await;
    let (_, page) = browse(&gateway, &path(&lena["url"]), "en").await;
    let (_, answer) = follow(&gateway, &lena["approval_url"]).await;
    let sent = target.requests().pop().expect("a request");
    assert_eq!(sent.body["payload"]["title"], "S2CRET-4711");
    let found = shown(&gateway, &id).await;
    let of_it = format!("/v1/actions/approval:{id}:action");
    let record = gateway.get(&of_it).await.body;
    assert_eq!(
        record["action"]["payload"]["content"], "Use [redacted]",
        "{record}"
    );
    let trail = gateway.get("/v1/audit?limit=10").await.body;
    for seen in [&lena, &json!(page), &answer, &found, &record, &trail] {
        let seen = seen.to_string();
        assert!(!seen.to_lowercase().contains("s2cret"), "{seen}");
    }
    for seen in [&json!(page), &found, &record] {
        assert!(seen.to_string().contains("For li"), "{seen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_of_what_was_approved_goes_as_it_was_shown() {
    let first = "audit.redact = [\"payload.password\"]";
    let (gateway, hook, target) = with_target((200, "{}"), first).await;
    let profile = json!({"namespace": "incidents", "tenant": "acme", "name": "login",
        "fields": {"content": "Use {{ content }} {{ password }}"}});
    let made = gateway.post("/v1/templates/profiles", &profile).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let payload = json!({"deploy": true, "content": "it:", "password": "S2CRET-4711"});
    let mut posted = action("a", "target", &payload);
    posted["template"] = json!("login");
    let mut id = asked(&gateway, &posted).await;
    for _ in 0..3 {
        let lena = message(&hook, &id, "lena", 0).await;
        let (_, answer) = follow(&gateway, &lena["approval_url"]).await;
        assert!(answer["outcome"]["Executed"].is_object(), "{answer}");
        let sent = target.requests().pop().expect("a request");
        assert_eq!(sent.body["payload"]["content"], "Use it: S2CRET-4711");
        let again = format!("/v1/audit/approval:{id}:action/replay");
        let replayed = gateway.post(&again, &json!(null)).await.body;
        let new_id = replayed["new_action_id"].as_str().expect("an id");
        let record = gateway.get(&format!("/v1/actions/{new_id}")).await.body;
        assert!(!record.to_string().contains("S2CRET"), "{record}");
        id = id_of(&replayed["outcome"]["PendingApproval"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_redacted_is_shown_as_it_goes() {
    let first = "audit.redact = [\"payload.customer\"]";
    let (gateway, _hook, _target) = with_target((200, "{}"), first).await;
    let payload = json!({"deploy": true, "customer": {"id": "c1", "amount": 900}, "id": "prod-db", "amount": 900});
    let id = asked(&gateway, &action("a", "target", &payload)).await;
    let found = shown(&gateway, &id).await;
    let seen = json!({"deploy": true, "customer": "[redacted]", "id": "prod-db", "amount": 900});
    assert_eq!(found["payload"], seen);
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_shown_as_they_go_and_what_is_cut_is_marked() {
    let (gateway, hook) = asking("approvers: [lena]").await;
    let posted = format!(
        r#"{{"id": "a", "namespace": "incidents", "tenant": "acme", "provider": "log", "action_type": "send",
        "payload": {{"deploy": true, "amount": 100000000000000000001.10, "a": "{}", "z_to": "ALL CUSTOMERS"}}}}"#,
        "x".repeat(17_000)
    );
    let answer = reqwest::Client::new()
        .post(format!("{}/v1/dispatch", gateway.base()))
        .header("content-type", "application/json")
        .body(posted);
    let answer = answer.send().await.expect("an answer");
    let outcome: Value = answer.json().await.expect("JSON");
    let id = id_of(&outcome["PendingApproval"]);
    let found = text_of(&gateway, &format!("/v1/approvals/{id}")).await;
    assert!(found.contains("100000000000000000001.10"), "{found}");
    let lena = message(&hook, &id, "lena", 0).await;
    let (_, page) = browse(&gateway, &path(&lena["url"]), "en").await;
    for text in ["100000000000000000001.10", "ALL CUSTOMERS", "more bytes"] {
        assert!(page.contains(text), "{text}: {page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_quoted_cannot_pass_as_something_else() {
    let (gateway, hook) = asking("approvers: [lena]").await;
    let content = "hello \u{202e}gnp.exe\nAsked by: ceo";
    let payload = json!({"deploy": true, "content": content});
    let mut posted = action("a", "log", &payload);
    posted["metadata"] = json!({"\"amount\"": "1\n\"amount\": 10"});
    let id = asked(&gateway, &posted).await;
    let lena = message(&hook, &id, "lena", 0).await;
    let body = lena["body"].as_str().expect("a text");
    assert!(
        body.contains("> hello \\u{202e}gnp.exe\n> Asked by: ceo\n") && !body.contains('\u{202e}'),
        "{body}"
    );
    let (_, page) = browse(&gateway, &path(&lena["url"]), "en").await;
    assert!(
        page.contains("\\u{202e}gnp.exe") && !page.contains('\u{202e}'),
        "{page}"
    );
    let passes = |line: &str| line.starts_with("&quot;amount");
    assert!(
        page.contains("metadata.&quot;amount") && !page.lines().any(passes),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_refused_is_shown_again_with_its_text() {
    let (gateway, hook) = asking("approvers: [lena]").await;
    let (id, lena) = link(&gateway, &hook, "a").await;
    let open = path(&lena["url"]);
    let (_, page) = browse(&gateway, &open, "en").await;
    assert!(page.contains("maxlength=\"682\""), "{page}");
    let long = "%E5%A5%BD".repeat(1000);
    let (status, after) = press(&gateway, &page, &open, "approve", &long).await;
    assert!(
        status == 422
            && after.contains("The comment is too long")
            && after.contains("好好</textarea>")
            && after.contains(">Approve</button>"),
        "{status} {after}"
    );
    let (status, after) = press(&gateway, &page, &open, "approve", "a%00b").await;
    assert!(status == 422 && after.contains("<html"), "{status} {after}");
    assert_eq!(shown(&gateway, &id).await["status"], "pending");
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_always_get_a_page() {
    let (gateway, hook) = asking("approvers: [lena]").await;
    let (_, lena) = link(&gateway, &hook, "a").await;
    let open = path(&lena["url"]);
    let (cut, _) = open.split_once('?').expect("a query");
    let answer = reqwest::Client::new()
        .get(format!("{}{cut}", gateway.base()))
        .header(ACCEPT, BROWSER);
    let answer = answer.send().await.expect("an answer");
    let (status, page) = (answer.status(), answer.text().await.expect("a page"));
    assert!(
        status == 400 && page.contains("<html") && page.contains("This link does not work here"),
        "{status} {page}"
    );
    let (status, page) = browse(&gateway, &format!("{open}&utm_source=wechat"), "en").await;
    assert!(
        status == 200 && page.contains(">Approve</button>"),
        "{status} {page}"
    );
    let (status, page) = press(&gateway, &page, &open, "reject", &"a".repeat(70_000)).await;
    assert!(status == 413 && page.contains("<html"), "{status} {page}");
    for (accept, is_page) in [
        ("TEXT/HTML", true),
        ("text/html;q=0", false),
        (BROWSER, true),
    ] {
        let answer = reqwest::Client::new()
            .get(format!("{}{open}", gateway.base()))
            .header(ACCEPT, accept);
        let answer = answer.send().await.expect("an answer");
        assert_eq!(answer.headers()["cache-control"], "no-store", "{accept}");
        let text = answer.text().await.expect("a text");
        assert_eq!(text.contains("<html"), is_page, "{accept}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_decided_gets_no_form() {
    let (gateway, hook) = asking("approvers: [lena, max], quorum: 2").await;
    let id = id_of(&pending(&gateway, "a").await);
    let lena = message(&hook, &id, "lena", 0).await;
    let (status, _) = follow(&gateway, &lena["approval_url"]).await;
    assert_eq!(status, StatusCode::OK);
    let (_, page) = browse(&gateway, &path(&lena["url"]), "en").await;
    assert!(
        !page.contains("<form") && page.contains("You have decided already"),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_text_pushes_nothing_out_of_a_message() {
    let (gateway, hook) = asking("approvers: [lena]").await;
    let content = "\u{200b}".repeat(200);
    let payload = json!({"deploy": true, "content": content});
    let id = asked(&gateway, &action("a", "log", &payload)).await;
    let lena = message(&hook, &id, "lena", 0).await;
    let body = lena["body"].as_str().expect("a text");
    assert!(
        body.chars().count() <= 480 && body.contains("…\n"),
        "{body}"
    );
    for known in ["\nProvider: log\n", "\nDecide until: "] {
        assert!(body.contains(known), "{known}: {body}");
    }
}
