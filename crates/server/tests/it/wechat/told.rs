//! What senders are told of a payload that WeChat Work cannot be sent, word for word. What its own error codes mean is in `errors.rs`.

use serde_json::json;

use super::{configuration, local_wecom, unlimited};
use crate::support::{Gateway, action};

#[tokio::test(flavor = "multi_thread")]
async fn each_payload_that_is_no_message_is_told_with_what_to_do() {
    let wecom = local_wecom(unlimited()).await;
    let gateway = Gateway::start(&configuration(&wecom, "wechat.overflow = \"reject\"")).await;
    let (long, many) = ("x".repeat(2049), vec!["a"; 1001].join("|"));
    let rows = [
        (
            json!("hello"),
            "the payload must be a JSON object with the fields of a message, such as {\"content\": \"...\"}",
        ),
        (
            json!({ "touser": "lisi" }),
            "content is missing; a text message needs it",
        ),
        (
            json!({ "touser": "lisi", "msgtype": "textcard", "title": "a", "description": "b" }),
            "url is missing; a textcard message needs it",
        ),
        (
            json!({ "touser": "lisi", "text": { "content": "a" } }),
            "content is missing: put it at the top of the payload, beside \"msgtype\": \"text\", and not within \"text\"",
        ),
        (
            json!({ "content": "a" }),
            "no recipient: set touser, toparty or totag in the payload, or a default in the provider's configuration",
        ),
        (
            json!({ "touser": "lisi,wangwu", "content": "a" }),
            "touser has ids with ',' between them: separate them with |, such as \"zhangsan|lisi\"",
        ),
        (
            json!({ "touser": "@ALL", "content": "a" }),
            "touser has \"@ALL\": to send to everybody, write \"@all\" in touser, in small letters",
        ),
        (
            json!({ "touser": "x".repeat(65), "content": "a" }),
            "touser lists an id of 65 bytes, at most 64 are allowed; ids are separated with |",
        ),
        (
            json!({ "touser": many, "content": "a" }),
            "touser lists 1001 ids, at most 1000 are allowed; send it as several actions",
        ),
        (
            json!({ "touser": "lisi", "content": long }),
            "content is 2049 bytes long, at most 2048 are allowed; shorten it",
        ),
        (
            json!({ "touser": "lisi", "content": "\u{200b}" }),
            "content is empty: nothing of it would be seen",
        ),
        (
            json!({ "touser": "lisi", "msgtype": "textcard", "title": "a", "description": "b", "url": "wiki" }),
            "url must begin with http:// or https://",
        ),
        (
            json!({ "touser": "lisi", "content": "a", "safe": "yes" }),
            "safe must be true or false, without quotes, is text",
        ),
        (
            json!({ "touser": "lisi", "content": "a", "event_action": "delete" }),
            "event_action must be \"send\", is \"delete\"; WeChat Work messages have no other event",
        ),
    ];
    let mut differ = Vec::new();
    for (number, (payload, expected)) in rows.iter().enumerate() {
        let failed = gateway
            .dispatch(&action(&format!("a-{number}"), "wechat-ops", payload))
            .await["Failed"]
            .clone();
        assert_eq!(failed["code"], "SERIALIZATION", "{payload}: {failed}");
        if failed["message"] != *expected {
            differ.push(format!(
                "says      {}\nshould be {expected}",
                failed["message"]
            ));
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}
