//! Approvals as callers with a key see and change them.

use serde_json::json;

use super::{deploy, id_of, lines, message, receiver, rule, shown, told};
use crate::auth::auth_file;
use crate::support::{Gateway, with_rules_in};

const CALLERS: [(&str, &str, &str); 5] = [
    ("root", "admin", "*"),
    ("acme-ops", "operator", "acme"),
    ("acme-lead", "operator", "acme"),
    ("acme-eyes", "viewer", "acme"),
    ("globex-ops", "operator", "globex"),
];

/// A gateway with keys, whose deploys these people approve.
async fn with_keys(keys: &str) -> (Gateway, acteon_fakes::webhook::Receiver) {
    with_keys_and(keys, "").await
}

/// The same with more rules and chains.
pub(super) async fn with_keys_and(
    keys: &str,
    more: &str,
) -> (Gateway, acteon_fakes::webhook::Receiver) {
    with_keys_behind("", keys, more).await
}

/// The same with more lines of the configuration, which stand first.
pub(super) async fn with_keys_behind(
    first: &str,
    keys: &str,
    more: &str,
) -> (Gateway, acteon_fakes::webhook::Receiver) {
    let hook = receiver().await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("auth.toml");
    std::fs::write(&path, auth_file(&CALLERS)).expect("written");
    let lines = format!(
        "{first}\nauth.enabled = true\nauth.config_path = {:?}\n{}",
        path.display().to_string(),
        lines(&hook)
    );
    let lines = with_rules_in(&folder, &format!("{}{more}", rule(keys)), &lines);
    (Gateway::start_in(folder, &lines).await, hook)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_passed_on_to_keys_that_are_there() {
    let (gateway, hook) = with_keys("approvers: [\"principal:acme-ops\"]").await;
    let ops = gateway.with_key("acme-ops");
    let id = id_of(&ops.dispatch(&deploy("a")).await["PendingApproval"]);
    let delegate = format!("/v1/approvals/{id}/delegate");
    let refused = ops
        .post(&delegate, &json!({"to": "principal:acme-leed"}))
        .await;
    let why = refused.body["message"].as_str().unwrap_or_default();
    assert!(
        refused.status == 422 && why.contains("no API key has this name"),
        "{}",
        refused.body
    );
    let passed_on = ops
        .post(&delegate, &json!({"to": "principal:acme-lead"}))
        .await;
    assert_eq!(passed_on.status, 200, "{}", passed_on.body);
    message(&hook, &id, "principal:acme-lead", 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_principal_decides_and_who_asked_does_not() {
    let (gateway, hook) =
        with_keys("approvers: [\"principal:acme-ops\", \"principal:acme-lead\"], separate: true")
            .await;
    let (ops, lead) = (gateway.with_key("acme-ops"), gateway.with_key("acme-lead"));
    let asked = ops.dispatch(&deploy("a")).await["PendingApproval"].clone();
    let id = id_of(&asked);
    message(&hook, &id, "principal:acme-lead", 0).await;
    assert!(
        told(&hook, &id, "principal:acme-ops").is_empty(),
        "who asks is not told"
    );
    let decide = format!("/v1/approvals/{id}/decide");
    let approve = json!({"decision": "approve", "comment": "fine"});
    let own = ops.post(&decide, &approve).await;
    assert_eq!(
        (own.status.as_u16(), own.body["code"].as_str()),
        (403, Some("NOT_AN_APPROVER")),
        "{}",
        own.body
    );
    assert!(
        own.body["message"]
            .as_str()
            .expect("a message")
            .contains("asked for this"),
        "{}",
        own.body
    );
    for (key, status) in [("acme-eyes", 403), ("globex-ops", 404), ("root", 403)] {
        let answer = gateway.with_key(key).post(&decide, &approve).await;
        assert_eq!(answer.status.as_u16(), status, "{key}: {}", answer.body);
    }
    let answer = lead.post(&decide, &approve).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["status"]),
        (200, &json!("approved")),
        "{}",
        answer.body
    );
    assert!(
        answer.body["outcome"]["Executed"].is_object(),
        "{}",
        answer.body
    );
    let found = shown(&lead, &id).await;
    assert_eq!(
        (&found["requester"], &found["decided_by"], &found["comment"]),
        (
            &json!("acme-ops"),
            &json!("principal:acme-lead"),
            &json!("fine")
        )
    );
    assert_eq!(found["decisions"][0]["way"], "api");
    assert_eq!(lead.post(&decide, &approve).await.status, 410);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_passed_on_and_who_gets_it_is_told() {
    let (gateway, hook) = with_keys("approvers: [\"principal:acme-lead\"]").await;
    let (ops, lead) = (gateway.with_key("acme-ops"), gateway.with_key("acme-lead"));
    let id = id_of(&ops.dispatch(&deploy("a")).await["PendingApproval"]);
    let delegate = format!("/v1/approvals/{id}/delegate");
    let to = json!({"to": "otto", "comment": "on leave"});
    assert_eq!(ops.post(&delegate, &to).await.status, 403);
    let wrong = lead.post(&delegate, &json!({"to": "group:none"})).await;
    assert_eq!(
        (
            wrong.status.as_u16(),
            wrong.body["fields"][0]["field"].as_str()
        ),
        (422, Some("to"))
    );
    let answer = lead.post(&delegate, &to).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.body["delegations"][0]["to"], "otto");
    let decide = format!("/v1/approvals/{id}/decide");
    let approve = json!({"decision": "approve"});
    assert_eq!(lead.post(&decide, &approve).await.status, 403);
    let take_back = format!("/v1/approvals/{id}/take-back");
    assert_eq!(ops.post(&take_back, &json!({})).await.status, 403);
    let back = lead.post(&take_back, &json!({})).await;
    assert!(
        back.body["delegations"][0]["taken_back_at"].is_string(),
        "{}",
        back.body
    );
    assert_eq!(lead.post(&take_back, &json!({})).await.status, 409);
    assert_eq!(lead.post(&delegate, &to).await.status, 200);
    let otto = message(&hook, &id, "otto", 0).await;
    let (status, answer) = super::follow(&gateway, &otto["approval_url"]).await;
    assert_eq!(
        (status.as_u16(), &answer["status"]),
        (200, &json!("approved")),
        "no key is asked for: {answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_show_what_grants_cover() {
    let (gateway, hook) = with_keys("approvers: [lena]").await;
    let (ops, globex) = (gateway.with_key("acme-ops"), gateway.with_key("globex-ops"));
    let mut ids = Vec::new();
    for id in ["a", "b", "c"] {
        ids.push(id_of(&ops.dispatch(&deploy(id)).await["PendingApproval"]));
    }
    let page = ops.get("/v1/approvals?limit=2").await.body;
    assert_eq!(
        (page["count"].as_u64(), page["next_cursor"].is_string()),
        (Some(2), true),
        "{page}"
    );
    let cursor = page["next_cursor"].as_str().expect("a cursor");
    let rest = ops
        .get(&format!("/v1/approvals?limit=2&cursor={cursor}"))
        .await
        .body;
    assert_eq!(
        (rest["count"].as_u64(), &rest["next_cursor"]),
        (Some(1), &json!(null)),
        "{rest}"
    );
    let listed = |page: &serde_json::Value, place: usize| page["approvals"][place]["id"].clone();
    let newest = [listed(&page, 0), listed(&page, 1), listed(&rest, 0)];
    assert_eq!(newest, [2, 1, 0].map(|place| json!(ids[place])), "{page}");
    assert!(page["approvals"][0].get("payload").is_none(), "{page}");
    assert_eq!(globex.get("/v1/approvals").await.body["count"], 0);
    assert_eq!(
        globex
            .get(&format!("/v1/approvals/{}", ids[0]))
            .await
            .status,
        404
    );
    let found = shown(&gateway.with_key("acme-eyes"), &ids[0]).await;
    assert_eq!(found["payload"]["deploy"], true, "{found}");
    let lena = message(&hook, &ids[0], "lena", 0).await;
    let cancelled = ops
        .post(
            &format!("/v1/approvals/{}/cancel", ids[0]),
            &json!({"reason": "withdrawn"}),
        )
        .await;
    assert_eq!(
        (
            cancelled.status.as_u16(),
            &cancelled.body["status"],
            &cancelled.body["comment"]
        ),
        (200, &json!("cancelled"), &json!("withdrawn"))
    );
    let (status, answer) = super::follow(&gateway, &lena["approval_url"]).await;
    assert_eq!(
        (status.as_u16(), answer["message"].as_str()),
        (410, Some("approval already decided: cancelled"))
    );
    assert_eq!(
        ops.get("/v1/approvals?status=pending").await.body["count"],
        2
    );
    assert_eq!(
        ops.get("/v1/approvals?status=cancelled").await.body["count"],
        1
    );
    let remind = format!("/v1/approvals/{}/remind", ids[1]);
    assert_eq!(ops.post(&remind, &json!({})).await.status, 200);
    message(&hook, &ids[1], "lena", 1).await;
    assert_eq!(
        ops.post(&remind, &json!({})).await.status,
        409,
        "once a minute"
    );
}
