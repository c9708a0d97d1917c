//! Approvals as the published clients ask for them, and what they read of the answers.

use serde_json::{Value, json};

use super::{asking, deploy, path, pending, rule};
use crate::support::Gateway;

/// Checks that fields are there.
fn has(value: &Value, fields: &[&str]) {
    for field in fields {
        assert!(value.get(field).is_some(), "{field}: {value}");
    }
}

const READ: [&str; 5] = ["token", "status", "rule", "created_at", "expires_at"];

/// Nobody is named: whoever has the link decides, as the published clients know it.
#[tokio::test(flavor = "multi_thread")]
async fn links_are_read_followed_and_over() {
    let (gateway, _hook) = asking("timeout_seconds: 3600, message: Deploy").await;
    for (id, link, status) in [
        ("a", "approve_url", "approved"),
        ("b", "reject_url", "rejected"),
    ] {
        let asked = pending(&gateway, id).await;
        has(
            &asked,
            &[
                "approval_id",
                "expires_at",
                "approve_url",
                "reject_url",
                "notification_sent",
            ],
        );
        let link = path(&asked[link]);
        for part in ["sig=", "expires_at=", "kid="] {
            assert!(link.contains(part), "{part}: {link}");
        }
        let looked = link.replace("/approve?", "?").replace("/reject?", "?");
        let shown = gateway.get(&looked).await;
        assert_eq!(shown.status, 200, "{}", shown.body);
        has(&shown.body, &READ);
        has(&shown.body, &["decided_at", "message"]);
        assert_eq!(
            (&shown.body["status"], &shown.body["rule"]),
            (&json!("pending"), &json!("deploys"))
        );
        let decided = gateway
            .try_send(reqwest::Method::POST, &link, None, None)
            .await
            .expect("an answer");
        assert_eq!(decided.status, 200, "{}", decided.body);
        assert_eq!(
            (&decided.body["id"], &decided.body["status"]),
            (&asked["approval_id"], &json!(status))
        );
        let outcome = &decided.body["outcome"];
        assert_eq!(
            outcome["Executed"].is_object(),
            status == "approved",
            "{outcome}"
        );
        assert!(decided.body.get("outcome").is_some());
        let again = gateway
            .try_send(reqwest::Method::POST, &link, None, None)
            .await
            .expect("an answer");
        assert_eq!(
            (again.status.as_u16(), again.body["error"].as_str()),
            (
                410,
                Some(format!("approval already decided: {status}").as_str())
            )
        );
        let digits = link
            .split("sig=")
            .nth(1)
            .and_then(|rest| rest.split('&').next())
            .expect("a signature");
        let forged = link.replace(digits, &"0".repeat(64));
        let refused = gateway
            .try_send(reqwest::Method::POST, &forged, None, None)
            .await
            .expect("an answer");
        assert_eq!(refused.status, 404, "{}", refused.body);
    }
    let listed = gateway
        .get("/v1/approvals?namespace=incidents&tenant=acme")
        .await
        .body;
    assert_eq!(
        (
            &listed["count"],
            listed["approvals"].as_array().map(Vec::len)
        ),
        (&json!(2), Some(2)),
        "{listed}"
    );
    has(&listed["approvals"][0], &READ);
}

/// What people approved is sent with all that it was posted with.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_approved_goes_with_its_attachments() {
    let hook = super::receiver().await;
    let gateway = Gateway::with_rules(&rule("timeout_seconds: 3600"), &super::lines(&hook)).await;
    let mut posted = deploy("a");
    posted["provider"] = json!("hook");
    posted["attachments"] = json!([{ "id": "a1", "name": "Graph", "filename": "g.png", "content_type": "image/png", "data_base64": "iVBORw0KGgo=" }]);
    posted["signature"] = json!("c2lnbmVk");
    let outcome = gateway.dispatch(&posted).await;
    let link = path(&outcome["PendingApproval"]["approve_url"]);
    let decided = gateway
        .try_send(reqwest::Method::POST, &link, None, None)
        .await
        .expect("an answer");
    assert!(
        decided.body["outcome"]["Executed"].is_object(),
        "{}",
        decided.body
    );
    let sent: Vec<Value> = hook
        .requests()
        .into_iter()
        .map(|request| request.body)
        .filter(|body| body["payload"]["deploy"] == true)
        .collect();
    assert_eq!(
        (sent.len(), &sent[0]["attachments"]),
        (1, &posted["attachments"]),
        "{sent:?}"
    );
    assert!(sent[0].get("signature").is_none(), "it was over another id");
}
