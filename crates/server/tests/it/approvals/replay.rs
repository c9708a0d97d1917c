//! What was approved and failed, sent again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use acteon_fakes::webhook::Receiver;
use serde_json::{Value, json};

use super::{asking, follow, id_of, lines, message, pending, receiver, rule, told};
use crate::support::{Client, Gateway, PATIENCE, action, until};

async fn replay(client: &Client, path: &str) -> Value {
    client.post(path, &json!(null)).await.body
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_approved_and_failed_goes_again_without_asking_and_once() {
    let hook = receiver().await;
    let is_mended = Arc::new(AtomicBool::new(false));
    let mended = Arc::clone(&is_mended);
    let target = Receiver::start(move |_| {
        let status = if mended.load(Ordering::SeqCst) {
            200
        } else {
            400
        };
        (status, "{}".to_owned())
    })
    .await
    .expect("a receiver");
    let lines = format!(
        "{}[[providers]]\nname = \"target\"\ntype = \"webhook\"\nurl = \"{}\"\n",
        lines(&hook),
        target.url()
    );
    let gateway = Gateway::with_rules(&rule("timeout_seconds: 600"), &lines).await;
    let posted = action("a", "target", &json!({ "deploy": true }));
    let asked = gateway.dispatch(&posted).await["PendingApproval"].clone();
    let (_, answer) = follow(&gateway, &asked["approve_url"]).await;
    assert!(answer["outcome"]["Failed"].is_object(), "{answer}");
    let letter = format!("approval:{}:action", id_of(&asked));
    let first = replay(&gateway, &format!("/v1/dlq/{letter}/replay")).await;
    assert!(first["outcome"]["Failed"].is_object(), "{first}");
    is_mended.store(true, Ordering::SeqCst);
    let again = first["new_action_id"].as_str().expect("an id");
    let second = replay(&gateway, &format!("/v1/dlq/{again}/replay")).await;
    assert!(second["outcome"]["Executed"].is_object(), "{second}");
    assert_eq!(target.requests().len(), 3);
    // It went: whoever wants it once more asks once more.
    let sent = second["new_action_id"].as_str().expect("an id");
    let third = replay(&gateway, &format!("/v1/audit/{sent}/replay")).await;
    assert!(third["outcome"]["PendingApproval"].is_object(), "{third}");
    // Nobody says of himself that he sends for an approval.
    let mut forged = action("b", "target", &json!({ "deploy": true }));
    forged["metadata"] = json!({ "sent_for": letter });
    let outcome = gateway.dispatch(&forged).await;
    assert!(outcome["PendingApproval"].is_object(), "{outcome}");
    let forged = replay(&gateway, "/v1/audit/b/replay").await;
    assert!(forged["outcome"]["PendingApproval"].is_object(), "{forged}");
}

/// A gateway that asks lena about deploys. Her messages are refused until that is mended; `refused` receives them.
async fn refusing() -> (Gateway, Receiver, Arc<AtomicBool>) {
    let is_mended = Arc::new(AtomicBool::new(false));
    let mended = Arc::clone(&is_mended);
    let hook = Receiver::start(move |_| {
        let status = if mended.load(Ordering::SeqCst) {
            200
        } else {
            400
        };
        (status, "{}".to_owned())
    })
    .await
    .expect("a receiver");
    let rules = rule("approvers: [lena], timeout_seconds: 600");
    let gateway = Gateway::with_rules(&rules, &lines(&hook)).await;
    (gateway, hook, is_mended)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_goes_again_has_a_living_link_while_its_approval_waits() {
    let (gateway, hook, is_mended) = refusing().await;
    let id = id_of(&pending(&gateway, "a").await);
    let letter = format!("approval:{id}:0:0");
    let list = format!("/v1/dlq/{letter}");
    gateway
        .until(&list, |body| body["action"]["id"] == *letter)
        .await;
    is_mended.store(true, Ordering::SeqCst);
    let before = told(&hook, &id, "lena").len();
    let again = replay(&gateway, &format!("{list}/replay")).await;
    assert!(again["outcome"]["Executed"].is_object(), "{again}");
    let sent = message(&hook, &id, "lena", before).await;
    let once_more = again["new_action_id"].as_str().expect("an id");
    let once_more = replay(&gateway, &format!("/v1/audit/{once_more}/replay")).await;
    assert!(once_more["outcome"]["Executed"].is_object(), "{once_more}");
    let later = message(&hook, &id, "lena", before + 1).await;
    assert_eq!(sent["approval_url"], later["approval_url"]);
    let (status, answer) = follow(&gateway, &later["approval_url"]).await;
    assert_eq!(
        (status.as_u16(), &answer["status"]),
        (200, &json!("approved"))
    );
    // It asks for nothing any more.
    let refused = gateway
        .post(&format!("/v1/audit/{letter}/replay"), &json!(null))
        .await;
    assert_eq!(refused.status, 200, "a letter that went has its answer");
    let sent = once_more["new_action_id"].as_str().expect("an id");
    let refused = gateway
        .post(&format!("/v1/audit/{sent}/replay"), &json!(null))
        .await;
    assert_eq!(
        (refused.status.as_u16(), &refused.body["code"]),
        (409, &json!("APPROVAL_OVER")),
        "{}",
        refused.body
    );
    let said = refused.body["message"].as_str().expect("a message");
    assert!(said.contains("already decided: approved"), "{said}");
    let query = "/v1/audit/replay?action_type=approval_notification";
    let many = replay(&gateway, query).await;
    let results = many["results"].as_array().expect("results");
    assert!(
        results.iter().any(|one| one["error"]
            .as_str()
            .is_some_and(|why| why.contains("already decided: approved"))),
        "{many}"
    );
    assert_eq!(told(&hook, &id, "lena").len(), before + 2, "{many}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_approval_is_over_is_not_sent_although_it_waited() {
    let (gateway, hook, is_mended) = refusing().await;
    let id = id_of(&pending(&gateway, "a").await);
    let letter = format!("approval:{id}:0:0");
    let list = format!("/v1/dlq/{letter}");
    gateway
        .until(&list, |body| body["action"]["id"] == *letter)
        .await;
    let cancelled = gateway
        .post(&format!("/v1/approvals/{id}/cancel"), &json!({}))
        .await;
    assert_eq!(cancelled.status, 200, "{}", cancelled.body);
    is_mended.store(true, Ordering::SeqCst);
    let before = told(&hook, &id, "lena").len();
    let refused = gateway.post(&format!("{list}/replay"), &json!(null)).await;
    assert_eq!(refused.status, 409, "{}", refused.body);
    let many = replay(&gateway, "/v1/dlq/replay?all=true").await;
    assert_eq!(
        (&many["failed"], &many["replayed"]),
        (&json!(1), &json!(0)),
        "{many}"
    );
    assert_eq!(told(&hook, &id, "lena").len(), before);
    assert_eq!(gateway.get(&list).await.status, 200, "it stays on the list");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_has_a_message_of_their_own_signed() {
    let (gateway, hook) = asking("approvers: [lena], timeout_seconds: 600").await;
    let id = id_of(&pending(&gateway, "a").await);
    let lena = message(&hook, &id, "lena", 0).await;
    let living = lena["approval_url"].as_str().expect("a link");
    let (unsigned, _) = living.split_once("&sig=").expect("a signature");
    let unsigned = format!("{unsigned}&sig=[redacted]");
    let payload = json!({"approval_url": unsigned, "approval_id": id, "person": "mallory"});
    let mut forged = action("b", "hook", &payload);
    forged["action_type"] = json!("approval_notification");
    forged["metadata"] = json!({ "sent_for": format!("approval:{id}:0:0") });
    let outcome = gateway.dispatch(&forged).await;
    assert!(outcome["Executed"].is_object(), "{outcome}");
    let again = replay(&gateway, "/v1/audit/b/replay").await;
    assert!(again["outcome"]["Executed"].is_object(), "{again}");
    let again = again["new_action_id"].as_str().expect("an id");
    let again = replay(&gateway, &format!("/v1/audit/{again}/replay")).await;
    assert!(again["outcome"]["Executed"].is_object(), "{again}");
    let got = || told(&hook, &id, "mallory");
    until("no message came", PATIENCE, async || got().len() == 3).await;
    for message in got() {
        assert_eq!(message["approval_url"], *unsigned);
    }
}
