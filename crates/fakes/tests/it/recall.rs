//! Messages that are recalled.

use serde_json::json;

use crate::support::{AGENT, Client, OTHER_AGENT};

#[tokio::test]
async fn a_recalled_message_is_seen_by_nobody() {
    let client = Client::new().await;
    let text = json!({ "touser": "zhangsan|lisi", "msgtype": "text", "agentid": AGENT, "text": { "content": "x" } });
    let msgid = client.call("send", &text).await["msgid"].clone();
    assert!(client.face("lisi").is_some());
    let recall = json!({ "msgid": msgid });
    let answer = client.call("recall", &recall).await;
    assert_eq!(answer, json!({ "errcode": 0, "errmsg": "ok" }));
    assert_eq!(client.face("lisi"), None);
    assert_eq!(client.get("/control/messages").await[0]["recalled"], true);
}

#[tokio::test]
async fn recalls_are_refused_in_the_documented_ways() {
    let client = Client::new().await;
    let (msgid, _) = client.sent("zhangsan", "button_interaction", "t").await;
    let recall = json!({ "msgid": msgid });
    for (body, code) in [
        (json!({}), 40063),
        (json!({ "msgid": "unknown" }), 40058),
        (json!([]), 40063),
    ] {
        assert_eq!(
            client.call("recall", &body).await["errcode"],
            code,
            "{body}"
        );
    }
    let answer = client.call_as(OTHER_AGENT, "recall", &recall).await;
    assert_eq!(answer["errcode"], 40058, "{answer}");
    client
        .control("age", &json!({ "msgid": msgid, "seconds": 24 * 3600 }))
        .await;
    assert_eq!(client.call("recall", &recall).await["errcode"], 42052);
    assert!(client.face("zhangsan").is_some(), "it stays");
}
