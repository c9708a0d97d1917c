//! Profiles whose texts go through another provider, or into another message, than the action names: they are escaped for where they go.

use acteon_fakes::webhook::Receiver;
use acteon_fakes::wecom::LocalWecom;
use serde_json::{Value, json};

use super::{make, profile};
use crate::support::{Gateway, action};
use crate::wechat::{configuration, local_wecom, unlimited};

/// What somebody may write into an alert.
const HOSTILE: &str = "<@all> [pay](http://evil) **now**";

/// The same where WeChat Work shows a text, and where it shows markdown.
const IN_TEXT: &str = "＜@all> [pay](http://evil) **now**";
const IN_MARKDOWN: &str = "＜@all> ［pay］(http://evil) ＊＊now＊＊";

const RULES: &str = r#"rules:
- {name: to-text, condition: 'action.payload.kind == "to text"', action: {type: reroute, target_provider: wechat-ops}}
- {name: to-hook, condition: 'action.payload.kind == "to hook"', action: {type: reroute, target_provider: hook}}
- {name: as-markdown, condition: 'action.payload.kind == "as markdown"', action: {type: modify, changes: {msgtype: markdown, content: '**P1** {{ action.payload.content }}'}}}
- {name: as-text, condition: 'action.payload.kind == "as text"', action: {type: modify, changes: {msgtype: text, content: 'P1 {{ action.payload.content }}'}}}
"#;

/// A webhook `hook` that falls back to `wechat-ops`, whose messages are texts, and `wechat-md`, whose are markdown.
async fn gateway(hook: &Receiver, wecom: &LocalWecom) -> Gateway {
    let breakers =
        "circuit_breaker.enabled = true\ncircuit_breaker.fallbacks = { hook = \"wechat-ops\" }\n";
    let url = hook.url();
    let hook = format!("[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{url}\"\n");
    let to_all = "wechat.default_touser = \"@all\"";
    let texts = configuration(wecom, to_all);
    let more = format!("{to_all}\nwechat.default_msgtype = \"markdown\"");
    let markdown = configuration(wecom, &more).replace("wechat-ops", "wechat-md");
    let configuration = format!("{breakers}{hook}{texts}{markdown}");
    let gateway = Gateway::with_rules(RULES, &configuration).await;
    profile(&gateway, "alert", &json!({ "content": "{{ text }}" })).await;
    gateway
}

/// Sends an action of a kind through a provider, and gives its outcome.
async fn send(gateway: &Gateway, provider: &str, kind: &str) -> Value {
    let payload = json!({ "text": HOSTILE, "kind": kind });
    let mut body = action(&kind.replace(' ', "-"), provider, &payload);
    body["template"] = json!("alert");
    gateway.dispatch(&body).await
}

/// What a preview makes of it for a provider.
async fn preview(gateway: &Gateway, provider: &str) -> Value {
    let body = json!({
        "namespace": "incidents", "tenant": "acme", "profile": "alert",
        "payload": { "text": HOSTILE }, "provider": provider,
    });
    gateway.post("/v1/templates/render", &body).await.body["rendered"]["content"].clone()
}

fn last(wecom: &LocalWecom) -> Value {
    let told = wecom.world(|world| world.messages().last().map(|told| told.content.clone()));
    told.expect("a message")["content"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_has_texts_escaped_for_where_it_sends_them() {
    let wecom = local_wecom(unlimited()).await;
    let hook = Receiver::start(|_| (200, String::new()))
        .await
        .expect("a receiver");
    let gateway = gateway(&hook, &wecom).await;

    let outcome = send(&gateway, "hook", "to text").await;
    assert_eq!(
        outcome["Rerouted"]["new_provider"], "wechat-ops",
        "{outcome}"
    );
    assert_eq!(last(&wecom), IN_TEXT);
    assert_eq!(preview(&gateway, "wechat-ops").await, IN_TEXT);

    let outcome = send(&gateway, "wechat-md", "to hook").await;
    assert_eq!(outcome["Rerouted"]["new_provider"], "hook", "{outcome}");
    let arrived = hook.requests().pop().expect("a request").body["payload"]["content"].clone();
    assert_eq!(arrived, HOSTILE, "a webhook reads no markup");

    let outcome = send(&gateway, "wechat-ops", "as markdown").await;
    assert!(outcome["Executed"].is_object(), "{outcome}");
    assert_eq!(last(&wecom), format!("**P1** {IN_MARKDOWN}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fallback_has_texts_escaped_for_its_messages() {
    let wecom = local_wecom(unlimited()).await;
    let hook = Receiver::start(|_| (403, String::new()))
        .await
        .expect("a receiver");
    let gateway = gateway(&hook, &wecom).await;

    for kind in ["meets it", "left alone"] {
        let outcome = send(&gateway, "hook", kind).await;
        assert_eq!(
            outcome["Rerouted"]["new_provider"], "wechat-ops",
            "{outcome}"
        );
        assert_eq!(last(&wecom), IN_TEXT, "{kind}");
    }

    let degrades = json!({
        "provider": "wechat-ops", "max_actions": 0, "window": "daily", "overage_behavior": "degrade:wechat-md",
    });
    make(&gateway, "/v1/quotas", &degrades).await;
    let outcome = send(&gateway, "wechat-ops", "degraded").await;
    assert_eq!(
        outcome["Rerouted"]["new_provider"], "wechat-md",
        "{outcome}"
    );
    assert_eq!(last(&wecom), IN_MARKDOWN);
    assert_eq!(preview(&gateway, "wechat-md").await, IN_MARKDOWN);
}

/// A profile may render the type of the message too.
#[tokio::test(flavor = "multi_thread")]
async fn a_type_that_is_rendered_is_escaped_for() {
    let wecom = local_wecom(unlimited()).await;
    let hook = Receiver::start(|_| (200, String::new()))
        .await
        .expect("a receiver");
    let gateway = gateway(&hook, &wecom).await;
    let fields = json!({ "content": "{{ text }}", "msgtype": "{% if text %}markdown{% endif %}" });
    make(
        &gateway,
        "/v1/templates/profiles",
        &json!({ "name": "typed", "fields": fields }),
    )
    .await;
    let mut body = action("typed", "wechat-ops", &json!({ "text": HOSTILE }));
    body["template"] = json!("typed");
    gateway.dispatch(&body).await;
    assert_eq!(last(&wecom), IN_MARKDOWN);
    // A rule has the last word about the type.
    for (msgtype, kind, expected) in [
        ("text", "as markdown", format!("**P1** {IN_MARKDOWN}")),
        ("markdown", "as text", format!("P1 {IN_TEXT}")),
    ] {
        let fields = json!({ "content": "{{ text }}", "msgtype": msgtype });
        let named = json!({ "name": msgtype, "fields": fields });
        make(&gateway, "/v1/templates/profiles", &named).await;
        let payload = json!({ "text": HOSTILE, "kind": kind });
        let mut body = action(&format!("as-{msgtype}"), "wechat-ops", &payload);
        body["template"] = json!(msgtype);
        let outcome = gateway.dispatch(&body).await;
        assert!(outcome["Executed"].is_object(), "{outcome}");
        assert_eq!(last(&wecom), expected);
    }
}
