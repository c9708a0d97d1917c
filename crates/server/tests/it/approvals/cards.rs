//! Cards: people decide by their buttons in WeChat Work, and the cards say what became of it.

use acteon_fakes::wecom::{Call, Click, Fault, LocalWecom, world::World};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{id_of, pending, shown};
use crate::support::{Client, Gateway, PATIENCE, until};
use crate::wechat::{configuration, local_wecom, unlimited};

/// Token and AES key of the app's callback.
pub(super) const TOKEN: &str = "AcTg8wTok3nV1";
pub(super) const AES_KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
/// Lines of a provider with callbacks.
const CALLBACK: &str = "wechat.callback_token = \"AcTg8wTok3nV1\"\n\
                        wechat.callback_aes_key = \"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG\"\n";
/// Directory in which somebody reads Chinese, and has another id than userid.
const PEOPLE: &str = "\n[[people]]\nid = \"zhang\"\nname = \"Zhang San\"\nwechat = \"ZhangSan\"\nlanguage = \"zh\"\n";

/// Has the app call a gateway back.
pub(super) fn call_back(wecom: &LocalWecom, base: &str) {
    wecom.world(|world| {
        let app = &mut world.apps[0];
        app.callback_url = Some(format!("{base}/v1/wechat/wechat-ops/callback"));
        app.callback_token = Some(TOKEN.to_owned());
        app.callback_aes_key = Some(AES_KEY.to_owned());
    });
}

pub(super) fn rules(keys: &str) -> String {
    super::rule(keys).replace("notify_provider: hook", "notify_provider: wechat-ops")
}

pub(super) fn lines(wecom: &LocalWecom, more: &str) -> String {
    super::LOG.to_owned() + &configuration(wecom, &format!("{CALLBACK}{more}")) + PEOPLE
}

/// Gateway that asks by cards, and the local WeChat Work that calls it back.
async fn asking(keys: &str) -> (Gateway, LocalWecom) {
    let wecom = local_wecom(unlimited()).await;
    let gateway = Gateway::with_rules(&rules(keys), &lines(&wecom, "")).await;
    call_back(&wecom, gateway.base());
    (gateway, wecom)
}

/// What a member sees of the card of an approval; `None` while they have none.
pub(super) fn card(wecom: &LocalWecom, approval: &str, userid: &str) -> Option<(String, Value)> {
    wecom.world(|world: &mut World| {
        world.messages().find_map(|message| {
            let task = message.task_id.clone().filter(|id| id.contains(approval))?;
            let face = message.face(userid)?;
            Some((task, json!(face)))
        })
    })
}

/// Task id of a member's card, when it has come.
pub(super) async fn arrived(wecom: &LocalWecom, approval: &str, userid: &str) -> String {
    until("no card came", PATIENCE, async || {
        card(wecom, approval, userid).is_some()
    })
    .await;
    card(wecom, approval, userid).expect("it came").0
}

/// Presses a button, on whatever the member's phone shows.
pub(super) async fn press(wecom: &LocalWecom, task_id: &str, userid: &str, key: &str) {
    let click = Click {
        task_id: Some(task_id.to_owned()),
        userid: userid.to_owned(),
        key: key.to_owned(),
        stale: true,
        ..Click::default()
    };
    let delivery = wecom.click(&click).await.expect("it is there to press");
    let last = delivery.tries.last().expect("a try");
    assert_eq!(last.status, Some(200), "{delivery:?}");
}

/// Waits until a member's card says something.
pub(super) async fn says(wecom: &LocalWecom, approval: &str, userid: &str, words: &str) {
    let found = || card(wecom, approval, userid).map_or_else(String::new, |it| it.1.to_string());
    until(&format!("no card says {words:?}"), PATIENCE, async || {
        found().contains(words)
    })
    .await;
}

/// Texts that a member got.
fn texts(wecom: &LocalWecom, userid: &str) -> Vec<String> {
    wecom.world(|world| {
        let messages = world.messages().filter(|message| message.msgtype == "text");
        let theirs = messages.filter(|message| message.delivered.iter().any(|it| it == userid));
        theirs
            .map(|message| {
                message.content["content"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect()
    })
}

async fn text(wecom: &LocalWecom, userid: &str, words: &str) {
    until(&format!("no text says {words:?}"), PATIENCE, async || {
        texts(wecom, userid).iter().any(|text| text.contains(words))
    })
    .await;
}

async fn until_status(client: &Client, id: &str, status: &str) -> Value {
    let path = format!("/v1/approvals/{id}");
    client.until(&path, |found| found["status"] == status).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_press_decides_as_its_member_and_the_card_says_who_and_when() {
    let (gateway, wecom) = asking("approvers: [zhang, lisi], message: ship it").await;
    let id = id_of(&pending(&gateway, "a").await);
    let task = arrived(&wecom, &id, "zhangsan").await;
    arrived(&wecom, &id, "lisi").await;
    let (_, face) = card(&wecom, &id, "zhangsan").expect("a card");
    let face = face.to_string();
    for part in [
        "ship it",
        "同意",
        "拒绝",
        "&sig=",
        "build 7",
        "截止时间",
        "通道",
    ] {
        assert!(face.contains(part), "{part}: {face}");
    }
    assert!(!face.contains("<b>"), "{face}");
    press(&wecom, &task, "zhangsan", "approve").await;
    let found = until_status(&gateway, &id, "approved").await;
    assert_eq!(found["decided_by"], "zhang", "{found}");
    assert_eq!(found["decisions"][0]["way"], "card", "{found}");
    says(&wecom, &id, "zhangsan", "已同意：Zhang San").await;
    says(&wecom, &id, "lisi", "Approved by Zhang San").await;
    let sent = format!("/v1/actions/approval:{id}:action");
    gateway
        .until(&sent, |found| !found["outcome"]["Executed"].is_null())
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_sends_nothing() {
    let (gateway, wecom) = asking("approvers: [lisi]").await;
    let id = id_of(&pending(&gateway, "a").await);
    let task = arrived(&wecom, &id, "lisi").await;
    press(&wecom, &task, "lisi", "reject").await;
    until_status(&gateway, &id, "rejected").await;
    says(&wecom, &id, "lisi", "Rejected by lisi").await;
    let sent = gateway
        .get(&format!("/v1/actions/approval:{id}:action"))
        .await;
    assert_eq!(sent.status, StatusCode::NOT_FOUND, "{}", sent.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_others_have_still_to_decide_the_card_says_so_and_a_message_how_it_ended() {
    let (gateway, wecom) = asking("approvers: [zhang, lisi], quorum: 2").await;
    let id = id_of(&pending(&gateway, "a").await);
    let (first, second) = (
        arrived(&wecom, &id, "zhangsan").await,
        arrived(&wecom, &id, "lisi").await,
    );
    press(&wecom, &first, "zhangsan", "approve").await;
    says(&wecom, &id, "zhangsan", "还需等待其他审批人").await;
    assert_eq!(shown(&gateway, &id).await["status"], "pending");
    press(&wecom, &first, "zhangsan", "approve").await;
    text(&wecom, "zhangsan", "您已作出决定").await;
    press(&wecom, &second, "lisi", "approve").await;
    until_status(&gateway, &id, "approved").await;
    says(&wecom, &id, "lisi", "Approved by Zhang San, lisi").await;
    says(&wecom, &id, "zhangsan", "已同意：Zhang San, lisi").await;
    let told = texts(&wecom, "zhangsan");
    assert!(
        told[0].starts_with("notify: build 7"),
        "it says about what: {told:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn late_and_foreign_presses_get_an_answer_and_decide_nothing() {
    let (gateway, wecom) = asking("approvers: [lisi]").await;
    let id = id_of(&pending(&gateway, "a").await);
    let task = arrived(&wecom, &id, "lisi").await;
    let cancelled = gateway
        .post(
            &format!("/v1/approvals/{id}/cancel"),
            &json!({"reason": "not today"}),
        )
        .await;
    assert_eq!(cancelled.status, 200, "{}", cancelled.body);
    says(&wecom, &id, "lisi", "Cancelled").await;
    press(&wecom, &task, "lisi", "approve").await;
    text(
        &wecom,
        "lisi",
        "Nothing was decided: it is over already. Cancelled",
    )
    .await;
    assert_eq!(shown(&gateway, &id).await["status"], "cancelled");
}

#[tokio::test(flavor = "multi_thread")]
async fn cards_of_callers_are_theirs_and_pose_as_no_others() {
    let (gateway, wecom) = asking("approvers: [lisi]").await;
    let outcome = gateway.dispatch(&action_card("deploy-1")).await;
    assert!(outcome["Executed"].is_object(), "{outcome}");
    let body = &outcome["Executed"]["body"];
    assert_eq!(body["response_code"], "[redacted]", "{outcome}");
    assert!(
        body["card_handle"]
            .as_str()
            .is_some_and(|it| it.starts_with("ENC[")),
        "{outcome}"
    );
    press(&wecom, "deploy-1", "wangwu", "approve").await;
    let id = id_of(&pending(&gateway, "a").await);
    let task = arrived(&wecom, &id, "lisi").await;
    for posing in [task.clone(), task.replace("@3A0@3A0", "@3A0@3A1")] {
        let outcome = gateway.dispatch(&action_card(&posing)).await;
        let message = outcome["Failed"]["message"].as_str().unwrap_or_default();
        assert!(message.contains("template_card.task_id"), "{outcome}");
    }
    for reserved in ["card:x:1", "callback:x"] {
        let posted = crate::support::action(reserved, "log", &json!({}));
        let answer = gateway.post("/v1/dispatch", &posted).await;
        assert_eq!(answer.status, 422, "{}", answer.body);
    }
    press(&wecom, &task, "lisi", "approve").await;
    until_status(&gateway, &id, "approved").await;
    assert!(texts(&wecom, "wangwu").is_empty(), "its caller answers");
}

/// Card of a caller's own.
fn action_card(task_id: &str) -> Value {
    let card = json!({"card_type": "button_interaction", "main_title": {"title": "Deploy?"}, "task_id": task_id,
        "button_list": [{"text": "Approve", "key": "approve"}]});
    let payload = json!({"touser": "@all", "msgtype": "template_card", "template_card": card});
    crate::support::action(task_id, "wechat-ops", &payload)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_whose_answer_was_lost_is_sent_twice_and_arrives_once() {
    let wecom = local_wecom(unlimited()).await;
    let lines = lines(&wecom, "") + "[retry]\ndelays_seconds = [1]\n";
    let gateway = Gateway::with_rules(&rules("approvers: [lisi]"), &lines).await;
    call_back(&wecom, gateway.base());
    wecom.fault(Call::Send, Fault::CutAfterAccept, Some(1));
    let id = id_of(&pending(&gateway, "a").await);
    let notice = format!("/v1/actions/approval:{id}:0:0");
    let found = gateway
        .until(&notice, |found| !found["outcome"]["Executed"].is_null())
        .await;
    assert_eq!(found["possible_duplicate"], true, "{found}");
    assert_eq!(found["attempts"], 2, "{found}");
    let letters = gateway.get("/v1/dlq").await.body;
    assert_eq!(letters["count"], 0, "{letters}");
    let task = arrived(&wecom, &id, "lisi").await;
    press(&wecom, &task, "lisi", "reject").await;
    until_status(&gateway, &id, "rejected").await;
    says(&wecom, &id, "lisi", "Rejected by lisi").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_app_has_no_callback_address_a_link_comes_in_the_place_of_the_card() {
    let wecom = local_wecom(unlimited()).await;
    let gateway = Gateway::with_rules(&rules("approvers: [lisi]"), &lines(&wecom, "")).await;
    let id = id_of(&pending(&gateway, "a").await);
    let links = || {
        wecom.world(|world| {
            let cards = world
                .messages()
                .filter(|message| message.msgtype == "textcard");
            cards
                .map(|message| json!(message.content).to_string())
                .collect::<Vec<_>>()
        })
    };
    until("no link came", PATIENCE, async || !links().is_empty()).await;
    let found = links();
    assert!(
        found[0].contains(&id) && found[0].contains("&sig="),
        "{found:?}"
    );
    let letters = gateway.get("/v1/dlq").await.body;
    assert!(letters.to_string().contains("43012"), "{letters}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_callback_or_where_links_are_asked_for_people_get_links() {
    for more in ["", "wechat.approval = \"link\"\n"] {
        let wecom = local_wecom(unlimited()).await;
        let lines = if more.is_empty() {
            super::LOG.to_owned() + &configuration(&wecom, "")
        } else {
            lines(&wecom, more)
        };
        let gateway = Gateway::with_rules(&rules("approvers: [lisi]"), &lines).await;
        pending(&gateway, "a").await;
        until("no message came", PATIENCE, async || {
            wecom.world(|world| world.messages().count()) > 0
        })
        .await;
        let types = wecom.world(|world| {
            let types = world.messages().map(|message| message.msgtype.clone());
            types.collect::<Vec<_>>()
        });
        assert_eq!(types, ["textcard"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_to_say_why_and_who_is_reminded_gets_a_link() {
    let (gateway, wecom) = asking("approvers: [lisi], comment: required").await;
    pending(&gateway, "a").await;
    let types = || {
        wecom.world(|world| {
            let types = world.messages().map(|message| message.msgtype.clone());
            types.collect::<Vec<_>>()
        })
    };
    until("no message came", PATIENCE, async || {
        types() == ["textcard"]
    })
    .await;
    let (gateway, wecom) = asking("approvers: [lisi]").await;
    let id = id_of(&pending(&gateway, "a").await);
    arrived(&wecom, &id, "lisi").await;
    let reminded = gateway
        .post(&format!("/v1/approvals/{id}/remind"), &json!({}))
        .await;
    assert_eq!(reminded.status, 200, "{}", reminded.body);
    until("no reminder came", PATIENCE, async || {
        wecom.world(|world| world.messages().count()) == 2
    })
    .await;
    let last = wecom.world(|world| world.messages().last().map(|it| it.msgtype.clone()));
    assert_eq!(last.as_deref(), Some("textcard"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_verifies_the_address_and_strangers_get_one_answer() {
    let (gateway, wecom) = asking("approvers: [lisi]").await;
    let verified = wecom.verify(1_000_002).await.expect("a verification");
    assert!(verified.passed, "{verified:?}");
    wecom.world(|world| world.apps[0].callback_token = Some("AnotherTok3n".to_owned()));
    let refused = wecom.verify(1_000_002).await.expect("a verification");
    assert_eq!(refused.status, Some(403), "{refused:?}");

    let path = "/v1/wechat/wechat-ops/callback";
    let mut answers = Vec::new();
    for query in [
        "",
        "?msg_signature=9f7d0a31795b5ac426b27ad36d06f53b4181e24b&timestamp=1700000000&nonce=n",
        "?msg_signature=9f7d0a31795b5ac426b27ad36d06f53b4181e24b&timestamp=1700000000&nonce=n&echostr=AAAA",
    ] {
        for method in [Method::GET, Method::POST] {
            let path = format!("{path}{query}");
            let answer = gateway.try_send(method, &path, None, None).await;
            let answer = answer.expect("an answer");
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.body);
            answers.push(answer.body.to_string());
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    for other in ["log", "nobody", "a%2Fb"] {
        let path = format!("/v1/wechat/{other}/callback");
        let answer = gateway.try_send(Method::GET, &path, None, None).await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", answer.body);
    }
}
