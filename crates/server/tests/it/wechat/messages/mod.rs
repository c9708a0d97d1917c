//! What arrives, and what the outcome says of it.

mod slips;

use acteon_fakes::wecom::{Call, Fault};
use serde_json::{Value, json};

use crate::support::{Gateway, action};
use crate::wechat::{configuration, local_wecom, unlimited};

async fn send(more: &str, payload: Value) -> (Value, Option<acteon_fakes::wecom::world::Message>) {
    let wecom = local_wecom(unlimited()).await;
    let gateway = Gateway::start(&configuration(&wecom, more)).await;
    let outcome = gateway.dispatch(&action("a", "wechat-ops", &payload)).await;
    (
        outcome,
        wecom.world(|world| world.messages().last().cloned()),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_three_messages_arrive_as_written() {
    let (outcome, message) = send(
        "",
        json!({ "touser": "@all", "content": "Deploy #4823 shipped to production." }),
    )
    .await;
    let body = &outcome["Executed"]["body"];
    assert_eq!(body["errcode"], 0);
    for key in [
        "errmsg",
        "msgid",
        "invaliduser",
        "invalidparty",
        "invalidtag",
    ] {
        assert!(body.get(key).is_some(), "{key} in {body}");
    }
    assert_eq!(
        (body["invaliduser"].clone(), body.get("unlicenseduser")),
        (Value::Null, None)
    );
    assert_eq!(
        message.expect("a message").content,
        json!({ "content": "Deploy #4823 shipped to production." })
    );

    let (_, message) = send(
        "",
        json!({ "toparty": "12|15", "msgtype": "markdown", "content": "### Latency\n> **p95**" }),
    )
    .await;
    let message = message.expect("a message");
    assert_eq!(
        (message.msgtype.as_str(), message.delivered.len()),
        ("markdown", 4)
    );

    let card = json!({ "totag": "oncall", "msgtype": "textcard", "title": "CRITICAL", "description": "5xx", "url": "https://wiki.example.com/r", "btntxt": "Open runbook" });
    let (outcome, message) = send("", card).await;
    assert_eq!(
        message.expect("a message").content["btntxt"],
        "Open runbook"
    );
    let warning = outcome["Executed"]["headers"]["acteon-warning"]
        .as_str()
        .unwrap_or_default();
    assert!(warning.contains("btntxt"), "{outcome}");
}

#[tokio::test(flavor = "multi_thread")]
async fn defaults_fill_in_and_an_empty_text_suppresses_them() {
    let defaults = "wechat.default_touser = \"lisi\"\nwechat.default_toparty = \" \"\nwechat.default_totag = \"oncall\"\nwechat.default_msgtype = \"markdown\"";
    let (_, message) = send(defaults, json!({ "content": "x" })).await;
    let message = message.expect("a message");
    assert_eq!(
        (message.to, message.msgtype),
        (
            ["lisi".to_owned(), String::new(), "oncall".to_owned()],
            "markdown".to_owned()
        )
    );
    let (_, message) = send(
        defaults,
        json!({ "content": "x", "totag": "", "touser": "zhangsan", "msgtype": "text" }),
    )
    .await;
    assert_eq!(
        message.expect("a message").to,
        ["zhangsan".to_owned(), String::new(), String::new()]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partial_delivery_is_executed_and_says_so() {
    let (outcome, _) = send("", json!({ "touser": "zhangsan|u3", "content": "x" })).await;
    let executed = &outcome["Executed"];
    assert_eq!(
        (
            executed["status"].as_str(),
            executed["body"]["invaliduser"].as_str()
        ),
        (Some("partial"), Some("u3")),
        "{outcome}"
    );
    let wecom = local_wecom(unlimited()).await;
    wecom.world(|world| world.members.get_mut("lisi").expect("a member").unlicensed = true);
    let gateway = Gateway::start(&configuration(&wecom, "")).await;
    let outcome = gateway
        .dispatch(&action(
            "a",
            "wechat-ops",
            &json!({ "touser": "zhangsan|lisi", "content": "x" }),
        ))
        .await;
    assert_eq!(
        outcome["Executed"]["body"]["unlicenseduser"], "lisi",
        "{outcome}"
    );
    let metrics = gateway.get("/metrics").await.body;
    assert!(
        metrics
            .as_str()
            .is_some_and(|text| text.contains("acteon_actions_partial_total 1")),
        "{metrics}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn too_long_a_text_is_cut_visibly_or_refused() {
    let long = format!(
        "{}\nhttps://wiki.example.com/runbook",
        "很长的告警".repeat(300)
    );
    let (outcome, message) = send("", json!({ "touser": "@all", "content": long })).await;
    let message = message.expect("a message");
    let shown = message.content["content"].as_str().expect("text");
    assert!(!message.cut, "the server had nothing to cut");
    assert!(
        shown.contains("bytes cut]\nhttps://wiki.example.com/runbook"),
        "{shown}"
    );
    let warning = outcome["Executed"]["headers"]["acteon-warning"]
        .as_str()
        .unwrap_or_default();
    assert!(warning.contains("content was cut"), "{outcome}");
    let (outcome, message) = send(
        "wechat.overflow = \"reject\"",
        json!({ "touser": "@all", "content": "x".repeat(2049) }),
    )
    .await;
    assert_eq!(message.map(|message| message.msgtype), None);
    let failed = &outcome["Failed"];
    assert_eq!(failed["code"], "SERIALIZATION");
    assert!(
        failed["message"]
            .as_str()
            .is_some_and(|text| text.contains("2049") && text.contains("2048")),
        "{failed}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_faulty_payload_makes_no_request_and_is_kept() {
    let wecom = local_wecom(unlimited()).await;
    let gateway = Gateway::start(&configuration(&wecom, "")).await;
    let outcome = gateway
        .dispatch(&action(
            "a",
            "wechat-ops",
            &json!({ "content": "to nobody" }),
        ))
        .await;
    assert_eq!(
        outcome["Failed"],
        json!({
            "code": "SERIALIZATION", "retryable": false, "attempts": 0,
            "message": "no recipient: set touser, toparty or totag in the payload, or a default in the provider's configuration",
        })
    );
    assert_eq!(
        (wecom.calls(Call::Gettoken), wecom.calls(Call::Send)),
        (0, 0)
    );
    let page = gateway.get("/v1/dlq").await.body;
    assert_eq!(
        (
            page["count"].as_u64(),
            page["entries"][0]["action"]["payload"]["content"].as_str()
        ),
        (Some(1), Some("to nobody")),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn warnings_of_the_service_and_of_settings_reach_the_caller() {
    let wecom = local_wecom(unlimited()).await;
    let gateway = Gateway::start(&configuration(
        &wecom,
        "wechat.safe = true\nwechat.default_touser = \"@all\"",
    ))
    .await;
    wecom.fault(Call::Send, Fault::FormatWarning, Some(1));
    let outcome = gateway
        .dispatch(&action(
            "a",
            "wechat-ops",
            &json!({ "toparty": "12", "msgtype": "markdown", "content": "x" }),
        ))
        .await;
    let warning = outcome["Executed"]["headers"]["acteon-warning"]
        .as_str()
        .unwrap_or_default();
    for part in [
        "safe has no effect",
        "ignores toparty",
        "personal WeChat",
        "only in part",
    ] {
        assert!(warning.contains(part), "{part}: {warning}");
    }
    assert!(wecom.world(|world| world.messages().all(|message| message.safe)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_message_has_no_field_for_is_told() {
    let payload = json!({ "touser": "@all", "content": "x", "severity": "critical", "agentid": 1_000_002, "context": {}, "router": 1, "total": 2, "user": "u" });
    let (outcome, message) = send("", payload).await;
    let warning = outcome["Executed"]["headers"]["acteon-warning"]
        .as_str()
        .unwrap_or_default();
    assert_eq!(
        warning,
        "not sent, since a text message has no such field: context, router, severity, total, user",
        "{outcome}"
    );
    assert!(message.is_some());
    let (outcome, _) = send(
        "",
        json!({ "touser": "@all", "content": "x", "agentid": 7, "enable_duplicate_check": 1 }),
    )
    .await;
    let warning = outcome["Executed"]["headers"]["acteon-warning"]
        .as_str()
        .unwrap_or_default();
    assert_eq!(
        warning,
        "not taken from the payload, but from the provider's configuration: agentid, enable_duplicate_check",
        "{outcome}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_says_whether_its_message_is_confidential() {
    for (setting, payload, safe) in [
        ("false", json!(true), true),
        ("false", json!(1), true),
        ("true", json!(0), false),
        ("true", json!(null), true),
    ] {
        let (_, message) = send(
            &format!("wechat.safe = {setting}"),
            json!({ "touser": "@all", "content": "x", "safe": payload }),
        )
        .await;
        assert_eq!(
            message.expect("a message").safe,
            safe,
            "{setting} {payload}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_added_to_a_text_is_in_the_language_of_its_readers() {
    let (_, message) = send(
        "wechat.language = \"zh\"",
        json!({ "touser": "@all", "content": "很长的告警".repeat(300) }),
    )
    .await;
    let content = message.expect("a message").content;
    let shown = content["content"].as_str().expect("text");
    assert!(
        shown.contains("… [已截断 ") && shown.ends_with(" 字节]") && !shown.contains("cut"),
        "{shown}"
    );
}
