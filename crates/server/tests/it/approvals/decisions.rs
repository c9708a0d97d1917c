//! Who decides, how many of them, and by when.

use serde_json::json;

use super::{asking, follow, id_of, message, pending, shown, told};

#[tokio::test(flavor = "multi_thread")]
async fn who_has_the_link_approves_as_the_published_clients_do() {
    let (gateway, hook) = asking("timeout_seconds: 600").await;
    let asked = pending(&gateway, "a").await;
    let id = id_of(&asked);
    assert_eq!(asked["notification_sent"], true);
    let told = message(&hook, &id, "", 0).await;
    assert_eq!(told["approval_url"], asked["approve_url"]);
    let (status, answer) = follow(&gateway, &asked["approve_url"]).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        (&answer["id"], &answer["status"]),
        (&json!(id), &json!("approved"))
    );
    assert_eq!(
        answer["outcome"]["Executed"]["status"], "success",
        "{answer}"
    );
    let (status, answer) = follow(&gateway, &asked["reject_url"]).await;
    assert_eq!(
        (status.as_u16(), answer["message"].as_str()),
        (410, Some("approval already decided: approved"))
    );
    let sent = gateway
        .get(&format!("/v1/actions/approval:{id}:action"))
        .await;
    assert_eq!(sent.status, 200, "{}", sent.body);
    assert_eq!(sent.body["origin"], "approval", "{}", sent.body);
    // What was posted is answered as it was, and shows its links to nobody else.
    assert_eq!(pending(&gateway, "a").await, asked);
    let audit = gateway.get("/v1/audit/a").await.body.to_string();
    assert!(
        audit.contains("[redacted]") && !audit.contains("sig="),
        "{audit}"
    );
    let stored = gateway
        .get(&format!("/v1/actions/approval:{id}:0:0"))
        .await
        .body
        .to_string();
    assert!(
        stored.contains("[redacted]") && !stored.contains("sig=0"),
        "{stored}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_approve_each_by_a_link_of_their_own() {
    let (gateway, hook) = asking("approvers: [lena, max, nora], quorum: 2").await;
    let id = id_of(&pending(&gateway, "a").await);
    let lena = message(&hook, &id, "lena", 0).await;
    let max = message(&hook, &id, "max", 0).await;
    let (status, answer) = follow(&gateway, &lena["approval_url"]).await;
    assert_eq!(
        (
            status.as_u16(),
            &answer["status"],
            &answer["approvals_missing"]
        ),
        (200, &json!("pending"), &json!(1)),
        "{answer}"
    );
    let (status, answer) = follow(&gateway, &lena["approval_url"]).await;
    assert_eq!(status, 409, "one person is one approval: {answer}");
    let (status, answer) = follow(&gateway, &max["approval_url"]).await;
    assert_eq!(
        (status.as_u16(), &answer["status"]),
        (200, &json!("approved"))
    );
    assert!(answer["outcome"]["Executed"].is_object(), "{answer}");
    let approval = shown(&gateway, &id).await;
    let by: Vec<_> = approval["decisions"]
        .as_array()
        .expect("decisions")
        .iter()
        .map(|decision| (&decision["by"], &decision["way"]))
        .collect();
    assert_eq!(
        by,
        [
            (&json!("lena"), &json!("link")),
            (&json!("max"), &json!("link"))
        ]
    );
    assert_eq!(told(&hook, &id, "nora").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_sends_nothing() {
    let (gateway, hook) = asking("approvers: [lena, max], quorum: 2").await;
    let id = id_of(&pending(&gateway, "a").await);
    let lena = message(&hook, &id, "lena", 0).await;
    let (status, answer) = follow(&gateway, &lena["reject_url"]).await;
    assert_eq!(
        (status.as_u16(), &answer["status"], &answer["outcome"]),
        (200, &json!("rejected"), &json!(null))
    );
    gateway
        .until(&format!("/v1/approvals/{id}"), |found| {
            found["status"] == "rejected"
        })
        .await;
    let sent = gateway
        .get(&format!("/v1/actions/approval:{id}:action"))
        .await;
    assert_eq!(sent.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_escalated_and_reminded_of() {
    let (gateway, hook) = asking("approvers: [lena], remind_every_seconds: 1, escalate_to: boss, escalate_after_seconds: 1, timeout_seconds: 90").await;
    let id = id_of(&pending(&gateway, "a").await);
    message(&hook, &id, "lena", 0).await;
    let reminder = message(&hook, &id, "lena", 1).await;
    assert_eq!(reminder["subject"], "Reminder: approval needed: notify");
    let boss = message(&hook, &id, "boss", 0).await;
    assert_eq!(boss["subject"], "Escalated: approval needed: notify");
    let (status, answer) = follow(&gateway, &boss["approval_url"]).await;
    assert_eq!(
        (status.as_u16(), &answer["status"]),
        (200, &json!("approved")),
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn time_decides_where_nobody_does() {
    let (gateway, _hook) = asking("approvers: [lena], timeout_seconds: 1").await;
    let id = id_of(&pending(&gateway, "a").await);
    let over = gateway
        .until(&format!("/v1/approvals/{id}"), |found| {
            found["status"] == "expired"
        })
        .await;
    assert_eq!(over["decided_by"], json!(null));
    let (gateway, _hook) =
        asking("approvers: [lena], timeout_seconds: 1, on_timeout: approve").await;
    let id = id_of(&pending(&gateway, "a").await);
    gateway
        .until(&format!("/v1/actions/approval:{id}:action"), |sent| {
            sent["state"] == "done"
        })
        .await;
    assert_eq!(shown(&gateway, &id).await["status"], "approved");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_needs_a_comment_where_the_rule_says_so() {
    let (gateway, hook) = asking("approvers: [lena], comment: required").await;
    let id = id_of(&pending(&gateway, "a").await);
    let lena = message(&hook, &id, "lena", 0).await;
    let (status, answer) = follow(&gateway, &lena["approval_url"]).await;
    assert_eq!(
        (status.as_u16(), &answer["fields"][0]["field"]),
        (422, &json!("comment")),
        "{answer}"
    );
    let answer = gateway
        .post(
            &super::path(&lena["approval_url"]),
            &json!({"comment": "tested"}),
        )
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(shown(&gateway, &id).await["comment"], "tested");
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_deny_decide_about_what_was_approved() {
    let hook = super::receiver().await;
    let rules = super::rule("timeout_seconds: 600")
        + "  - {name: freeze, condition: 'action.payload.deploy == true', action: {type: deny}}\n";
    let gateway = crate::support::Gateway::with_rules(&rules, &super::lines(&hook)).await;
    let asked = pending(&gateway, "a").await;
    let (status, answer) = follow(&gateway, &asked["approve_url"]).await;
    assert_eq!(status, 200);
    assert_eq!(
        answer["outcome"]["Suppressed"]["rule"], "freeze",
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_and_principals_are_people_of_the_directory() {
    let hook = super::receiver().await;
    let people = "[[people]]\nid = \"lena\"\nlanguage = \"zh\"\nprincipal = \"lead\"\n[[people]]\nid = \"max\"\n\
        [[people_groups]]\nid = \"ops\"\nmembers = [\"lena\", \"max\"]\n";
    let rules = super::rule("approvers: [\"group:ops\", \"principal:lead\"], quorum: 2");
    let lines = super::lines(&hook) + people;
    let gateway = crate::support::Gateway::with_rules(&rules, &lines).await;
    let id = id_of(&pending(&gateway, "a").await);
    let lena = message(&hook, &id, "lena", 0).await;
    assert_eq!(
        lena["subject"], "待审批: notify",
        "in the language of the person"
    );
    let max = message(&hook, &id, "max", 0).await;
    let (_, answer) = follow(&gateway, &lena["approval_url"]).await;
    assert_eq!(
        answer["approvals_missing"], 1,
        "the principal is lena: {answer}"
    );
    let (_, answer) = follow(&gateway, &max["approval_url"]).await;
    assert_eq!(answer["status"], "approved", "{answer}");
    assert_eq!(told(&hook, &id, "lena").len(), 1);
    let unknown = super::rule("approvers: [nora]");
    let gateway = crate::support::Gateway::with_rules(&unknown, &lines).await;
    let id = id_of(&pending(&gateway, "a").await);
    message(&hook, &id, "nora", 0).await;
}
