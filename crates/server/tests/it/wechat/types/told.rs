//! What is wrong with a message, what is added to it, and what profiles make of it.

use acteon_fakes::wecom::Call;
use serde_json::{Value, json};

use super::{Sender, card, uploaded};
use crate::support::action;

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_wrong_is_told_before_any_request() {
    let mut sender = Sender::start("").await;
    let mut wrong = card("button_interaction");
    wrong["task_id"] = json!(7);
    wrong["button_list"][1] = json!({ "text": "x", "type": 1 });
    wrong["vertical_content_list"] = json!([]);
    let payload = json!({ "touser": 5, "msgtype": "template_card", "template_card": wrong });
    let outcome = sender.post(&payload).await;
    assert_eq!(
        outcome["Failed"]["message"],
        "touser must be text, is a number: write it in quotes, such as \"12\"; \
         template_card.task_id must be text, is a number; \
         template_card.vertical_content_list is no field of a button_interaction card; leave it out, or choose another card_type; \
         template_card.button_list[1].url is missing or empty"
    );
    let unknown = sender
        .post(&json!({ "touser": "lisi", "msgtype": "picture" }))
        .await;
    let message = unknown["Failed"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("\"miniprogram_notice\""), "{message}");
    assert_eq!(sender.wecom.calls(Call::Gettoken), 0);
}

/// What the service alone can find is told with what to do.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_service_refuses_says_what_to_do() {
    let mut sender = Sender::start("").await;
    let voice = uploaded(&sender.wecom, "voice").await;
    for (msgtype, own, code, advice) in [
        (
            "image",
            json!({ "media_id": voice }),
            40007,
            "upload the file again",
        ),
        ("template_card", card("vote_interaction"), 0, ""),
        (
            "template_card",
            card("vote_interaction"),
            42014,
            "a task_id of its own",
        ),
    ] {
        let outcome = sender.send(msgtype, &own).await;
        if code == 0 {
            assert!(outcome["Executed"].is_object(), "{outcome}");
            continue;
        }
        let message = outcome["Failed"]["message"].as_str().unwrap_or_default();
        assert_eq!(outcome["Failed"]["code"], "EXECUTION_FAILED", "{outcome}");
        assert!(
            message.contains(&code.to_string()) && message.contains(advice),
            "{message}"
        );
    }
    sender
        .wecom
        .world(|world| world.apps[0].callback_url = None);
    let outcome = sender
        .send("template_card", &card("button_interaction"))
        .await;
    let message = outcome["Failed"]["message"].as_str().unwrap_or_default();
    assert!(
        message.contains("43012") && message.contains("callback"),
        "{message}"
    );
}

async fn profile(sender: &Sender, name: &str, fields: &Value) {
    let body =
        json!({ "namespace": "incidents", "tenant": "acme", "name": name, "fields": fields });
    let made = sender.gateway.post("/v1/templates/profiles", &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
}

/// Whatever a value is, it adds no field to the message, and no tag to what reads tags; elsewhere it stays as it is.
#[tokio::test(flavor = "multi_thread")]
async fn values_of_a_profile_stay_values() {
    let sender = Sender::start("").await;
    let thumb = uploaded(&sender.wecom, "image").await;
    let nasty = "a\",\"url\":\"http://evil\" <b>@all</b> **x**";
    profile(
        &sender,
        "news",
        &json!({
            "msgtype": "news", "touser": "{{ who }}",
            "news": r#"{"articles": [{"title": {{ text }}, "url": "https://e.com"}]}"#,
        }),
    )
    .await;
    profile(&sender, "card", &json!({
        "template_card": r#"{"card_type": "text_notice", "sub_title_text": {{ text }}, "card_action": {"type": 1, "url": "https://e.com"}}"#,
    })).await;
    profile(&sender, "mpnews", &json!({
        "mpnews": r#"{"articles": [{"title": "t", "thumb_media_id": {{ thumb }}, "content": {{ text }}}]}"#,
    })).await;
    let data = json!({ "text": nasty, "who": "lisi", "thumb": thumb });
    for (name, msgtype, pointer, shown) in [
        ("news", "text", "/articles/0/title", nasty.to_owned()),
        ("card", "template_card", "/sub_title_text", nasty.to_owned()),
        (
            "mpnews",
            "mpnews",
            "/articles/0/content",
            nasty.replace("<b", "＜b").replace("</b", "＜/b"),
        ),
    ] {
        let mut payload = data.clone();
        payload["msgtype"] = json!(msgtype);
        payload["touser"] = json!("lisi");
        let mut body = action(name, "wechat-ops", &payload);
        body["template"] = json!(name);
        let outcome = sender.gateway.dispatch(&body).await;
        assert!(outcome["Executed"].is_object(), "{outcome}");
        let message = sender.last().expect("a message");
        assert_eq!(
            message.content.pointer(pointer),
            Some(&json!(shown)),
            "{name}"
        );
        assert_eq!(message.to[0], "lisi");
        let preview = json!({ "namespace": "incidents", "tenant": "acme", "profile": name, "payload": payload, "provider": "wechat-ops" });
        let preview = sender
            .gateway
            .post("/v1/templates/render", &preview)
            .await
            .body;
        let rendered = preview["rendered"][&message.msgtype]
            .as_str()
            .expect("a text");
        assert_eq!(
            serde_json::from_str::<Value>(rendered).ok(),
            Some(message.content),
            "{preview}"
        );
    }
}

/// A card that cannot be rendered goes as a text that says so.
#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_cannot_be_rendered_goes_as_a_text() {
    let sender = Sender::start("").await;
    profile(
        &sender,
        "news",
        &json!({ "news": r#"{"articles": [{"title": {{ missing }}, "url": "https://e.com"}]}"# }),
    )
    .await;
    let mut body = action(
        "n1",
        "wechat-ops",
        &json!({ "msgtype": "news", "touser": "lisi" }),
    );
    body["template"] = json!("news");
    let outcome = sender.gateway.dispatch(&body).await;
    let warning = outcome["Executed"]["headers"]["acteon-warning"].as_str();
    assert!(
        warning.is_some_and(|warning| warning.contains("could not be rendered")),
        "{outcome}"
    );
    let message = sender.last().expect("a message");
    assert_eq!((&*message.msgtype, &*message.to[0]), ("text", "lisi"));
    assert!(
        message.content["content"]
            .as_str()
            .is_some_and(|text| text.contains("n1")),
        "{message:?}"
    );
}
