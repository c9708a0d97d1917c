//! Profiles of messages to WeChat Work.

use serde_json::{Value, json};

use super::{make, profile};
use crate::support::{Gateway, action};
use crate::wechat::{configuration, local_wecom, unlimited};

fn with_template(id: &str, name: &str, payload: &Value) -> Value {
    let mut body = action(id, "wechat-ops", payload);
    body["template"] = json!(name);
    body
}

/// What a text message shows is markup too, and a payload that names no type is one.
#[tokio::test(flavor = "multi_thread")]
async fn values_are_escaped_for_the_type_that_the_provider_sends() {
    let wecom = local_wecom(unlimited()).await;
    let gateway = Gateway::start(&configuration(&wecom, "wechat.default_touser = \"@all\"")).await;
    profile(&gateway, "alert", &json!({ "content": "{{ text }}" })).await;
    let payload = json!({ "text": "<@all> <a href='http://evil'>pay</a>" });
    gateway
        .dispatch(&with_template("a", "alert", &payload))
        .await;
    let arrived = wecom.world(|world| world.messages().last().map(|told| told.content.clone()));
    let escaped = json!({ "content": "＜@all> ＜a href='http://evil'>pay＜/a>" });
    assert_eq!(arrived, Some(escaped.clone()));
    let preview = json!({ "namespace": "incidents", "tenant": "acme", "profile": "alert", "payload": payload, "provider": "wechat-ops" });
    let preview = gateway.post("/v1/templates/render", &preview).await.body;
    assert_eq!(preview["rendered"], escaped, "the preview is what is sent");
}

/// A message whose address or recipient cannot be rendered is none that the service takes: something plain goes in its place.
#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_cannot_be_rendered_goes_as_a_text() {
    let wecom = local_wecom(unlimited()).await;
    let more = "wechat.default_touser = \"@all\"\nwechat.overflow = \"reject\"";
    let gateway = Gateway::start(&configuration(&wecom, more)).await;
    let card = json!({ "title": "{{ t }}", "description": "{{ d }}", "url": "{{ link | url }}", "msgtype": "textcard" });
    profile(&gateway, "card", &card).await;
    let last = || wecom.world(|world| world.messages().last().map(|told| told.content.clone()));

    let whole = json!({ "t": "a", "d": "b", "link": "https://a.example" });
    gateway
        .dispatch(&with_template("whole", "card", &whole))
        .await;
    assert_eq!(last().expect("a message")["url"], "https://a.example");

    for (id, payload) in [
        ("no-link", json!({ "t": "a", "d": "b" })),
        (
            "bad-link",
            json!({ "t": "a", "d": "b", "link": "javascript:alert(1)" }),
        ),
        (
            "no-title",
            json!({ "d": "b", "link": "https://a.example", "touser": "zhangsan" }),
        ),
    ] {
        let outcome = gateway.dispatch(&with_template(id, "card", &payload)).await;
        let warning = outcome["Executed"]["headers"]["acteon-warning"].as_str();
        let warning = warning.unwrap_or_else(|| panic!("no warning: {outcome}"));
        assert!(warning.contains("could not be rendered"), "{warning}");
        let told = last().expect("a message");
        let shown = told["content"].as_str().or(told["title"].as_str());
        let shown = shown.unwrap_or_else(|| panic!("{told}"));
        assert!(
            shown.contains(id) && shown.contains("could not be rendered"),
            "{told}"
        );
    }

    let own = json!({ "name": "to", "fields": { "content": "{{ d }}", "touser": "{{ who }}" } });
    make(&gateway, "/v1/templates/profiles", &own).await;
    let outcome = gateway
        .dispatch(&with_template("to", "to", &json!({ "d": "b" })))
        .await;
    assert!(outcome["Executed"].is_object(), "{outcome}");
    assert_eq!(
        last(),
        Some(json!({ "content": "b" })),
        "what could be rendered is sent"
    );
}
