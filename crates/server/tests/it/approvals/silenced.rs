//! Silences over the messages of approvals.

use serde_json::{Value, json};

use super::{asking, follow, id_of, message, pending, told};
use crate::support::Gateway;

/// Silences the messages for some seconds.
async fn silence(gateway: &Gateway, seconds: u32) {
    let silence = json!({"namespace": "incidents", "tenant": "acme", "duration_seconds": seconds, "comment": "hush",
        "matchers": [{"name": "action.action_type", "value": "approval_notification"}]});
    let made = gateway.post("/v1/silences", &silence).await;
    assert_eq!(made.status, 201, "{}", made.body);
}

/// A message of a round to lena, once it is as is wanted.
async fn notice(gateway: &Gateway, id: &str, round: u32, wanted: impl Fn(&Value) -> bool) -> Value {
    let path = format!("/v1/actions/approval:{id}:{round}:0");
    gateway
        .until(&path, |body| {
            let outcome = &body["outcome"];
            outcome.is_object() && wanted(outcome)
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_waits_for_the_end_of_a_silence() {
    let keys = "approvers: [lena], timeout_seconds: 60, remind_every_seconds: 2";
    let (gateway, hook) = asking(keys).await;
    silence(&gateway, 5).await;
    let id = id_of(&pending(&gateway, "a").await);
    let waits = |outcome: &Value| outcome["Scheduled"]["last_error"]["code"] == "SILENCED";
    notice(&gateway, &id, 0, waits).await;
    // A reminder takes its place, so that one message comes when the silence is over.
    let called_off = |outcome: &Value| outcome["Cancelled"].is_object();
    notice(&gateway, &id, 0, called_off).await;
    notice(&gateway, &id, 1, waits).await;
    assert!(told(&hook, &id, "lena").is_empty(), "it is silenced");
    let lena = message(&hook, &id, "lena", 0).await;
    let subject = lena["subject"].as_str().expect("a title");
    assert!(subject.starts_with("Reminder"), "{subject}");
    let (status, answer) = follow(&gateway, &lena["approval_url"]).await;
    assert_eq!(
        (status.as_u16(), &answer["status"]),
        (200, &json!("approved"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_waited_does_not_come_to_who_has_nothing_to_decide_any_more() {
    let (gateway, hook) = asking("approvers: [lena, max, nora], quorum: 3").await;
    let id = id_of(&pending(&gateway, "a").await);
    let lena = message(&hook, &id, "lena", 0).await;
    let nora = message(&hook, &id, "nora", 0).await;
    message(&hook, &id, "max", 0).await;
    silence(&gateway, 4).await;
    let path = format!("/v1/approvals/{id}/remind");
    let reminded = gateway.post(&path, &json!(null)).await;
    assert_eq!(reminded.status, 200, "{}", reminded.body);
    let waits = |outcome: &Value| outcome["Scheduled"]["last_error"]["code"] == "SILENCED";
    notice(&gateway, &id, 1, waits).await;
    let (status, answer) = follow(&gateway, &lena["approval_url"]).await;
    assert_eq!(
        (status.as_u16(), &answer["status"]),
        (200, &json!("pending"))
    );
    let delegate = super::path(&nora["url"]).replacen('?', "/delegate?", 1);
    let passed_on = gateway.post(&delegate, &json!({"to": "otto"})).await;
    assert_eq!(passed_on.status, 200, "{}", passed_on.body);
    message(&hook, &id, "max", 1).await;
    message(&hook, &id, "otto", 0).await;
    for place in [0, 2] {
        let path = format!("/v1/actions/approval:{id}:1:{place}");
        gateway
            .until(&path, |body| body["outcome"]["Cancelled"].is_object())
            .await;
    }
    for person in ["lena", "nora"] {
        assert_eq!(told(&hook, &id, person).len(), 1, "{person}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_to_decide_runs_on_while_a_message_is_silenced() {
    let (gateway, hook) = asking("approvers: [lena], timeout_seconds: 2").await;
    silence(&gateway, 600).await;
    let id = id_of(&pending(&gateway, "a").await);
    let path = format!("/v1/approvals/{id}");
    gateway
        .until(&path, |body| body["status"] == "expired")
        .await;
    let called_off = |outcome: &Value| outcome["Cancelled"].is_object();
    notice(&gateway, &id, 0, called_off).await;
    assert!(told(&hook, &id, "lena").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_says_that_somebody_is_told() {
    for keys in ["approvers: [lena]", "quorum: 1"] {
        let (gateway, _hook) = asking(keys).await;
        let asked = pending(&gateway, "a").await;
        assert_eq!(asked["notification_sent"], true, "{keys}");
    }
}
