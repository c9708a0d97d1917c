//! `separate`: whoever caused what is asked for does not decide about it, however many hands it went through.

use serde_json::{Value, json};

use super::calls::with_keys_and;
use super::{deploy, id_of, shown};
use crate::support::{Client, Gateway, PATIENCE, until};

/// Approvers, of whom those who ask do not decide.
const POLICY: &str = "approvers: [\"principal:acme-ops\", \"principal:acme-lead\", \"principal:root\"], separate: true";

/// Chain whose only step asks by the same policy.
const CHAIN: &str = r#"chains: [{name: gate, steps: [{name: ask, approval: {approvers: ["principal:acme-ops", "principal:acme-lead", "principal:root"], separate: true}}]}]"#;

async fn decide(client: &Client, id: &str, decision: &str) -> u16 {
    let decision = json!({ "decision": decision });
    let path = format!("/v1/approvals/{id}/decide");
    client.post(&path, &decision).await.status.as_u16()
}

/// Expects that an approval is asked for by these, and that they do not decide while `root` does.
async fn is_left_to_root(gateway: &Gateway, id: &str, requesters: &[&str]) {
    let root = gateway.with_key("root");
    assert_eq!(shown(&root, id).await["requester"], requesters.join(", "));
    for name in requesters {
        let client = gateway.with_key(name);
        assert_eq!(decide(&client, id, "approve").await, 403, "{name}");
    }
    assert_eq!(decide(&root, id, "approve").await, 200);
}

/// Makes a recurring action whose occurrences are asked about.
async fn recurring(client: &Client, cron: &str) -> String {
    let made = json!({
        "namespace": "incidents", "tenant": "acme", "provider": "log", "action_type": "deploy",
        "payload": {"deploy": true, "content": "nightly"}, "cron_expression": cron, "timezone": "UTC",
    });
    let made = client.post("/v1/recurring", &made).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.body["id"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_made_or_changed_a_recurring_action_does_not_decide_about_its_occurrences() {
    let (gateway, _hook) = with_keys_and(POLICY, "").await;
    let (ops, lead) = (gateway.with_key("acme-ops"), gateway.with_key("acme-lead"));
    let id = recurring(&ops, "0 9 * * *").await;
    let change = json!({ "payload": {"deploy": true, "content": "nightly, all of it"}, "namespace": "incidents", "tenant": "acme" });
    let changed = lead.put(&format!("/v1/recurring/{id}"), &change).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let span = json!({ "start": "2026-03-01T00:00:00Z", "end": "2026-03-01T23:00:00Z" });
    let sent = ops
        .post(&format!("/v1/recurring/{id}/backfill"), &span)
        .await;
    assert_eq!(sent.body["dispatched"], 1, "{}", sent.body);
    let pending = "/v1/approvals?namespace=incidents&tenant=acme&status=pending";
    let pending = ops.get(pending).await.body;
    let asked = text(&pending["approvals"][0]["id"]);
    is_left_to_root(&gateway, asked, &["acme-ops", "acme-lead"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_posted_and_who_replays_do_not_decide() {
    let (gateway, _hook) = with_keys_and(POLICY, "").await;
    let (ops, lead) = (gateway.with_key("acme-ops"), gateway.with_key("acme-lead"));
    let asked = ops.dispatch(&deploy("a")).await["PendingApproval"].clone();
    assert_eq!(decide(&lead, &id_of(&asked), "reject").await, 200);
    let again = lead.post("/v1/audit/a/replay", &json!(null)).await;
    let asked = &again.body["outcome"]["PendingApproval"];
    assert!(asked.is_object(), "{}", again.body);
    // A replay of the replay is asked for by all three, and nobody is left.
    let replay = again.body["new_action_id"].as_str().expect("an id");
    let root = gateway.with_key("root");
    let third = root
        .post(&format!("/v1/audit/{replay}/replay"), &json!(null))
        .await;
    let failed = &third.body["outcome"]["Failed"];
    assert_eq!(failed["code"], "APPROVAL_NOT_ASKED", "{}", third.body);
    is_left_to_root(&gateway, &id_of(asked), &["acme-ops", "acme-lead"]).await;
    // What was approved, and asked for once more, stands for the same people.
    let approved = format!("approval:{}:action", id_of(asked));
    let again = lead
        .post(&format!("/v1/audit/{approved}/replay"), &json!(null))
        .await;
    let asked = &again.body["outcome"]["PendingApproval"];
    assert!(asked.is_object(), "{}", again.body);
    is_left_to_root(&gateway, &id_of(asked), &["acme-ops", "acme-lead"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_started_a_chain_by_way_of_an_approval_or_does_it_over_does_not_decide() {
    let started = format!(
        "  - {{name: gates, condition: 'action.payload.deploy == true', action: {{type: chain, chain: gate}}}}\n{CHAIN}\n"
    );
    let (gateway, _hook) = with_keys_and(POLICY, &started).await;
    let (ops, lead) = (gateway.with_key("acme-ops"), gateway.with_key("acme-lead"));
    let root = gateway.with_key("root");
    let asked = ops.dispatch(&deploy("a")).await["PendingApproval"].clone();
    let path = format!("/v1/approvals/{}/decide", id_of(&asked));
    let approved = root.post(&path, &json!({ "decision": "approve" })).await;
    let chain = &approved.body["outcome"]["ChainStarted"]["chain_id"];
    let chain = chain
        .as_str()
        .unwrap_or_else(|| panic!("{}", approved.body));
    let ask = format!("{chain}:ask");
    until_asked(&root, &ask).await;
    assert_eq!(shown(&root, &ask).await["requester"], "acme-ops");
    assert_eq!(decide(&ops, &ask, "approve").await, 403);
    assert_eq!(decide(&root, &ask, "reject").await, 200);
    let path = format!("/v1/executions/{chain}");
    until("the chain does not end", PATIENCE, async || {
        root.get(&path).await.body["status"] == "failed"
    })
    .await;
    let reset = lead.post(&format!("{path}/reset"), &json!({})).await;
    assert_eq!(reset.status, 201, "{}", reset.body);
    let again = format!("{}:ask", text(&reset.body["execution_id"]));
    until_asked(&root, &again).await;
    is_left_to_root(&gateway, &again, &["acme-ops", "acme-lead"]).await;
}

async fn until_asked(client: &Client, id: &str) {
    until("nobody is asked", PATIENCE, async || {
        shown(client, id).await["status"] == "pending"
    })
    .await;
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}
