//! Messages to those who decide, as WeChat Work gets them.

use serde_json::json;

use super::page::{browse, submit};
use super::phone_ends::{KEY, own_link};
use super::{follow, id_of, message, pending, shown};
use crate::support::{Gateway, PATIENCE, action, until};
use crate::wechat::{configuration, local_wecom, unlimited};

/// People of a directory, one of whom is not in WeChat Work.
const PEOPLE: &str =
    "\n[[people]]\nid = \"lena\"\nwechat = \"LenaAtWork\"\n[[people]]\nid = \"max\"\n";

#[tokio::test(flavor = "multi_thread")]
async fn each_person_gets_a_card_with_a_link_of_their_own() {
    let wecom = local_wecom(unlimited()).await;
    let rules = super::rule("approvers: [ZhangSan, lisi, \"principal:ci\"], message: ship it")
        .replace("notify_provider: hook", "notify_provider: wechat-ops");
    let lines = super::LOG.to_owned() + &configuration(&wecom, "");
    let gateway = Gateway::with_rules(&rules, &lines).await;
    let id = id_of(&pending(&gateway, "a").await);
    let cards = || {
        wecom.world(|world| {
            let cards = world.messages().map(|message| message.content.clone());
            cards.collect::<Vec<_>>()
        })
    };
    until("two cards came", PATIENCE, async || cards().len() >= 2).await;
    let cards: Vec<serde_json::Value> = cards().into_iter().map(|content| json!(content)).collect();
    assert_eq!(
        cards.len(),
        2,
        "nobody else gets a link that is for the API: {cards:?}"
    );
    for card in &cards {
        let text = card.to_string();
        assert!(
            text.contains("ship it") && text.contains(&id) && text.contains("&sig="),
            "{text}"
        );
        assert!(!text.contains("<b>"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_profile_rendered_is_sent_without_the_data_that_it_read() {
    let wecom = local_wecom(unlimited()).await;
    let hook = super::receiver().await;
    let lines = super::lines(&hook) + &configuration(&wecom, "");
    let gateway = Gateway::with_rules(&super::rule("approvers: [lena]"), &lines).await;
    let profile = json!({"namespace": "incidents", "tenant": "acme", "name": "deploy",
        "fields": {"content": "Deploy for {{ user }}{% if deploy %} now{% endif %}{{ msgtyp }}"}});
    let made = gateway.post("/v1/templates/profiles", &profile).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let link_of = async |name: &str| {
        // The last would be a slip if no profile read it.
        let payload = json!({"deploy": true, "user": "li", "touser": "zhangsan", "msgtyp": ""});
        let mut posted = action(name, "wechat-ops", &payload);
        posted["template"] = json!("deploy");
        let outcome = gateway.dispatch(&posted).await;
        let id = id_of(&outcome["PendingApproval"]);
        message(&hook, &id, "lena", 0).await["approval_url"].clone()
    };
    let (first, second) = (link_of("a").await, link_of("b").await);
    let third = link_of("c").await;
    let (_, answer) = follow(&gateway, &first).await;
    assert!(answer["outcome"]["Executed"].is_object(), "{answer}");
    let profile = made.body["id"].as_str().expect("an id");
    let path = format!("/v1/templates/profiles/{profile}");
    let edited = gateway
        .put(&path, &json!({"fields": {"content": "Deploy"}}))
        .await;
    assert_eq!(edited.status, 200, "{}", edited.body);
    let (_, answer) = follow(&gateway, &third).await;
    assert!(answer["outcome"]["Executed"].is_object(), "{answer}");
    assert_eq!(gateway.delete(&path).await.status, 204);
    let (_, answer) = follow(&gateway, &second).await;
    assert!(answer["outcome"]["Executed"].is_object(), "{answer}");
    let sent: Vec<String> = wecom.world(|world| {
        let messages = world.messages();
        messages
            .map(|message| json!(message.content).to_string())
            .collect()
    });
    assert_eq!(sent.len(), 3, "{sent:?}");
    for message in sent {
        assert!(message.contains("Deploy for li now"), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_passed_on_to_nobody_whom_no_message_reaches() {
    let wecom = local_wecom(unlimited()).await;
    let rules = super::rule("approvers: [lena]")
        .replace("notify_provider: hook", "notify_provider: wechat-ops");
    let lines = format!(
        "server.approval_secret = \"{KEY}\"\n{}{}{PEOPLE}",
        super::LOG,
        configuration(&wecom, "")
    );
    let gateway = Gateway::with_rules(&rules, &lines).await;
    let id = id_of(&pending(&gateway, "a").await);
    let open = own_link(&shown(&gateway, &id).await, "lena");
    for (to, english, chinese) in [
        ("max", "no message would reach them", "消息无法送达"),
        (
            "principal:typo",
            "that is not one person who is known here",
            "此处没有这个人",
        ),
    ] {
        for (language, said) in [("en", english), ("zh", chinese)] {
            let (_, page) = browse(&gateway, &open, language).await;
            let form = format!("to={to}");
            let (status, page) = submit(&gateway, &page, &open, "delegate", form).await;
            assert!(status == 422 && page.contains(said), "{to}: {page}");
        }
        let delegate = open.replacen('?', "/delegate?", 1);
        let answer = gateway.post(&delegate, &json!({"to": to})).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.body["fields"][0]["field"]),
            (422, &json!("to")),
            "{}",
            answer.body
        );
    }
    assert_eq!(shown(&gateway, &id).await["delegations"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_says_that_nobody_is_told_where_nobody_can_be() {
    let wecom = local_wecom(unlimited()).await;
    let rules = super::rule("approvers: [\"principal:ci\"]")
        .replace("notify_provider: hook", "notify_provider: wechat-ops");
    let lines = super::LOG.to_owned() + &configuration(&wecom, "");
    let gateway = Gateway::with_rules(&rules, &lines).await;
    let asked = pending(&gateway, "a").await;
    assert_eq!(asked["notification_sent"], false);
}
