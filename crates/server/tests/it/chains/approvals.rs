//! Approvals as steps of chains: asked for by a step, decided by people, read by the steps behind it.

use acteon_fakes::webhook::Receiver;
use reqwest::header::ACCEPT;
use serde_json::{Value, json};

use super::{OF, define, providers, sends, start, starting, until_it_is, with_chains};
use crate::approvals::{follow, lines, message, path, receiver, shown, told};
use crate::auth::auth_file;
use crate::support::{Client, Gateway, with_rules_in};

const CALLERS: [(&str, &str, &str); 3] = [
    ("root", "admin", "*"),
    ("acme-ops", "operator", "acme"),
    ("acme-lead", "operator", "acme"),
];

/// A step that asks by this policy, and tells people through `hook`.
pub(super) fn asks(name: &str, policy: &Value) -> Value {
    let mut policy = policy.clone();
    policy["notify_provider"] = json!("hook");
    json!({ "name": name, "approval": policy })
}

pub(super) fn with(mut value: Value, keys: &Value) -> Value {
    for (key, member) in keys.as_object().expect("keys") {
        value[key] = member.clone();
    }
    value
}

pub(super) fn deploy(steps: &[Value]) -> Value {
    json!({ "name": "deploy", "steps": steps })
}

/// A gateway with the chain `deploy` of these steps, and an execution of it.
async fn started(steps: &[Value], hook: &Receiver) -> (Gateway, String) {
    let gateway = with_chains(&providers(hook), &[deploy(steps)]).await;
    let payload = json!({ "build": "v7", "content": "roll out v7" });
    let chain = start(&gateway, "a", "deploy", &payload).await;
    (gateway, chain)
}

/// Payloads of what a step sent.
pub(super) fn sent(hook: &Receiver, key: &str) -> Vec<Value> {
    let payloads = hook
        .requests()
        .into_iter()
        .map(|request| request.body["payload"].clone());
    payloads.filter(|payload| !payload[key].is_null()).collect()
}

/// Waits until an approval has a status.
async fn until_decided(client: &Client, id: &str, status: &str) -> Value {
    let path = format!("/v1/approvals/{id}");
    client.until(&path, |shown| shown["status"] == status).await
}

/// Error of a step of an execution.
fn error(detail: &Value, step: usize) -> String {
    let error = &detail["steps"][step]["error"];
    error.as_str().expect("an error").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_is_approved_by_a_link_lets_the_next_go() {
    let hook = receiver().await;
    let ask = asks(
        "ask",
        &json!({ "approvers": ["{{ origin.payload.owner }}"], "message": "{{ origin.payload.build }}?" }),
    );
    let told_after = sends(
        "tell",
        &json!({ "by": "{{ prev.body.decided_by }}", "what": "{{ steps.ask.body.decision }}", "why": "{{ prev.body.comment }}" }),
    );
    let gateway = with_chains(&providers(&hook), &[deploy(&[ask, told_after])]).await;
    let payload = json!({ "build": "v7", "owner": "lena", "content": "roll out v7" });
    let chain = start(&gateway, "a", "deploy", &payload).await;
    until_it_is(&gateway, &chain, "waiting_approval").await;
    let id = format!("{chain}:ask");
    let told = message(&hook, &id, "lena", 0).await;
    assert_eq!(told["subject"], "Approval needed: deploy / ask", "{told}");
    let text = told["body"].as_str().expect("a text");
    for part in ["v7?", "roll out v7", "Step of a chain: deploy / ask"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let found = shown(&gateway, &id).await;
    assert_eq!(
        (&found["chain_id"], &found["chain_name"], &found["step"]),
        (&json!(chain), &json!("deploy"), &json!("ask")),
        "{found}"
    );
    let page = browse(&gateway, &path(&told["url"])).await;
    let step = format!("deploy / ask ({chain})");
    assert!(page.contains(&step), "{page}");
    assert!(page.contains(&format!("formaction=\"./{chain}%3Aask/approve?")));
    let (status, answer) = follow(&gateway, &told["approval_url"]).await;
    assert_eq!(
        (status.as_u16(), &answer["status"], &answer["outcome"]),
        (200, &json!("approved"), &Value::Null),
        "{answer}"
    );
    until_it_is(&gateway, &chain, "completed").await;
    assert_eq!(
        sent(&hook, "what"),
        [json!({ "by": "lena", "what": "approved", "why": null })]
    );
    let dag = gateway
        .get(&format!("/v1/chains/{chain}/dag?{OF}"))
        .await
        .body;
    assert_eq!(dag["nodes"][0]["node_type"], "approval", "{dag}");
}

async fn browse(client: &Client, path: &str) -> String {
    let request = reqwest::Client::new()
        .get(format!("{}{path}", client.base()))
        .header(ACCEPT, "text/html");
    let response = request.send().await.expect("an answer");
    response.text().await.expect("a page")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_is_rejected_takes_its_branch_or_fails_the_chain() {
    let hook = receiver().await;
    let ask = |policy: &str| {
        let branch = json!({ "field": "body.decision", "operator": "eq", "value": "rejected", "target": "no" });
        let keys = json!({ "on_failure": policy, "branches": [branch], "default_next": "yes" });
        with(asks("ask", &json!({ "approvers": ["lena"] })), &keys)
    };
    let yes = with(
        sends("yes", &json!({ "n": 1 })),
        &json!({ "default_next": "no" }),
    );
    let no = sends(
        "no",
        &json!({ "why": "{{ prev.body.decision }} by {{ prev.body.decided_by }}" }),
    );
    let (gateway, chain) = started(&[ask("skip"), yes.clone(), no.clone()], &hook).await;
    let told = message(&hook, &format!("{chain}:ask"), "lena", 0).await;
    let (status, answer) = follow(&gateway, &told["reject_url"]).await;
    assert_eq!(status, 200, "{answer}");
    let detail = until_it_is(&gateway, &chain, "completed").await;
    assert_eq!(detail["execution_path"], json!(["ask", "no"]), "{detail}");
    assert_eq!(sent(&hook, "why"), [json!({ "why": "rejected by lena" })]);
    define(&gateway, &deploy(&[ask("abort"), yes, no])).await;
    let chain = start(&gateway, "b", "deploy", &json!({})).await;
    let told = message(&hook, &format!("{chain}:ask"), "lena", 0).await;
    follow(&gateway, &told["reject_url"]).await;
    let detail = until_it_is(&gateway, &chain, "failed").await;
    assert_eq!(error(&detail, 0), "it was not approved: rejected by lena");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_nobody_decides_about_goes_by_its_policy() {
    for (on_timeout, status, decision) in [
        ("approve", "completed", "approved"),
        ("reject", "failed", "expired"),
    ] {
        let hook = receiver().await;
        let policy =
            json!({ "approvers": ["lena"], "timeout_seconds": 1, "on_timeout": on_timeout });
        let (gateway, chain) = started(&[asks("ask", &policy)], &hook).await;
        let detail = until_it_is(&gateway, &chain, status).await;
        let body = &detail["steps"][0]["response_body"];
        assert_eq!(
            body,
            &json!({ "decision": decision, "decided_by": null, "comment": null }),
            "{on_timeout}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_ends_ends_its_approval_and_what_was_not_sent_yet() {
    let hook = receiver().await;
    let ask = asks("ask", &json!({ "approvers": ["lena", "max"] }));
    let (gateway, chain) = started(&[ask], &hook).await;
    let id = format!("{chain}:ask");
    let told = message(&hook, &id, "lena", 0).await;
    // From now on messages wait.
    let waits = "  - { name: waits, condition: { field: action.action_type, eq: approval_notification }, action: { type: schedule, delay_seconds: 600 } }\n";
    gateway.write_rules(&format!("{}{waits}", starting(&["deploy"])));
    let reloaded = gateway.post("/v1/rules/reload", &json!({})).await;
    assert_eq!(reloaded.status, 200, "{}", reloaded.body);
    let reminded = gateway
        .post(&format!("/v1/approvals/{id}/remind"), &json!({}))
        .await;
    assert_eq!(reminded.status, 200, "{}", reminded.body);
    let notice = format!("/v1/actions/approval:{id}:1:0");
    gateway
        .until(&notice, |found| found["outcome"]["Scheduled"].is_object())
        .await;
    let cancel = format!("/v1/chains/{chain}/cancel?{OF}");
    let reason = json!({ "namespace": "incidents", "tenant": "acme", "reason": "not today" });
    let cancelled = gateway.post(&cancel, &reason).await;
    assert_eq!(cancelled.status, 200, "{}", cancelled.body);
    until_decided(&gateway, &id, "cancelled").await;
    let found = gateway.get(&notice).await.body;
    assert!(found["outcome"]["Cancelled"].is_object(), "{found}");
    let (status, answer) = follow(&gateway, &told["approval_url"]).await;
    assert_eq!(
        (status.as_u16(), &answer["message"]),
        (410, &json!("approval already decided: cancelled")),
        "{answer}"
    );
    until_it_is(&gateway, &chain, "cancelled").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_whose_time_is_over_ends_its_approval() {
    let hook = receiver().await;
    let definition = with(
        deploy(&[asks("ask", &json!({ "approvers": ["lena"] }))]),
        &json!({ "timeout_seconds": 1 }),
    );
    let gateway = with_chains(&providers(&hook), &[definition]).await;
    let chain = start(&gateway, "a", "deploy", &json!({})).await;
    until_it_is(&gateway, &chain, "timed_out").await;
    until_decided(&gateway, &format!("{chain}:ask"), "cancelled").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_approvals_are_asked_for_at_a_time() {
    let hook = receiver().await;
    let both = json!({ "name": "both", "parallel": { "steps": [
        asks("dev", &json!({ "approvers": ["lena"] })),
        asks("ops", &json!({ "approvers": ["max"] })),
    ] } });
    let tell = sends(
        "tell",
        &json!({ "who": "{{ steps.dev.body.decided_by }} and {{ prev.body.ops.decided_by }}" }),
    );
    let (gateway, chain) = started(&[both, tell], &hook).await;
    for (step, person) in [("dev", "lena"), ("ops", "max")] {
        let told = message(&hook, &format!("{chain}:{step}"), person, 0).await;
        until_it_is(&gateway, &chain, "waiting_parallel").await;
        let (status, answer) = follow(&gateway, &told["approval_url"]).await;
        assert_eq!(status, 200, "{answer}");
    }
    until_it_is(&gateway, &chain, "completed").await;
    assert_eq!(sent(&hook, "who"), [json!({ "who": "lena and max" })]);
    // One rejection calls the other off.
    let chain = start(&gateway, "b", "deploy", &json!({})).await;
    let told = message(&hook, &format!("{chain}:dev"), "lena", 0).await;
    follow(&gateway, &told["reject_url"]).await;
    until_it_is(&gateway, &chain, "failed").await;
    until_decided(&gateway, &format!("{chain}:ops"), "cancelled").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_takes_as_many_approvals_as_its_quorum() {
    let hook = receiver().await;
    let policy = json!({ "approvers": ["lena", "max", "nora"], "quorum": 2 });
    let (gateway, chain) = started(&[asks("ask", &policy)], &hook).await;
    let id = format!("{chain}:ask");
    for (person, missing) in [("nora", 1), ("lena", 0)] {
        let told = message(&hook, &id, person, 0).await;
        until_it_is(&gateway, &chain, "waiting_approval").await;
        let (_, answer) = follow(&gateway, &told["approval_url"]).await;
        assert_eq!(answer["approvals_missing"], missing, "{answer}");
    }
    let detail = until_it_is(&gateway, &chain, "completed").await;
    let body = &detail["steps"][0]["response_body"];
    assert_eq!(body["decided_by"], "lena", "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_within_a_chain_asks_and_ends_with_the_outer_one() {
    let hook = receiver().await;
    let gate = json!({ "name": "gate", "steps": [asks("ask", &json!({ "approvers": ["lena"] }))] });
    let outer = deploy(&[
        json!({ "name": "sub", "sub_chain": "gate" }),
        sends("tell", &json!({ "what": "{{ prev.body.decision }}" })),
    ]);
    let gateway = with_chains(&providers(&hook), &[gate, outer]).await;
    let chain = start(&gateway, "a", "deploy", &json!({})).await;
    let id = format!("{chain}:sub:ask");
    let asked = message(&hook, &id, "lena", 0).await;
    let found = shown(&gateway, &id).await;
    assert_eq!(
        (&found["chain_id"], &found["chain_name"]),
        (&json!(format!("{chain}:sub")), &json!("gate")),
        "{found}"
    );
    follow(&gateway, &asked["approval_url"]).await;
    until_it_is(&gateway, &chain, "completed").await;
    assert_eq!(sent(&hook, "what"), [json!({ "what": "approved" })]);
    let chain = start(&gateway, "b", "deploy", &json!({})).await;
    let id = format!("{chain}:sub:ask");
    message(&hook, &id, "lena", 0).await;
    let scope = json!({ "namespace": "incidents", "tenant": "acme" });
    let cancelled = gateway
        .post(&format!("/v1/chains/{chain}/cancel"), &scope)
        .await;
    assert_eq!(cancelled.status, 200, "{}", cancelled.body);
    until_decided(&gateway, &id, "cancelled").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_started_the_chain_does_not_decide_where_that_is_asked_for() {
    let hook = receiver().await;
    let folder = tempfile::tempdir().expect("a folder");
    let auth = folder.path().join("auth.toml");
    std::fs::write(&auth, auth_file(&CALLERS)).expect("written");
    let lines = format!(
        "auth.enabled = true\nauth.config_path = {:?}\n{}",
        auth.display().to_string(),
        lines(&hook)
    );
    let policy =
        json!({ "approvers": ["principal:acme-ops", "principal:acme-lead"], "separate": true });
    let chains = json!([deploy(&[asks("ask", &policy)])]);
    let rules = format!("{}chains: {chains}\n", starting(&["deploy"]));
    let lines = with_rules_in(&folder, &rules, &lines);
    let gateway = Gateway::start_in(folder, &lines).await;
    let (ops, lead) = (gateway.with_key("acme-ops"), gateway.with_key("acme-lead"));
    let chain = start(&ops, "a", "deploy", &json!({})).await;
    let id = format!("{chain}:ask");
    message(&hook, &id, "principal:acme-lead", 0).await;
    assert!(told(&hook, &id, "principal:acme-ops").is_empty());
    let decide = format!("/v1/approvals/{id}/decide");
    let approve = json!({ "decision": "approve", "comment": "fine" });
    let own = ops.post(&decide, &approve).await;
    assert_eq!(
        (own.status.as_u16(), &own.body["code"]),
        (403, &json!("NOT_AN_APPROVER")),
        "{}",
        own.body
    );
    let other = lead.post(&decide, &approve).await;
    assert_eq!(other.status, 200, "{}", other.body);
    let detail = until_it_is(&lead, &chain, "completed").await;
    assert_eq!(
        detail["steps"][0]["response_body"],
        json!({ "decision": "approved", "decided_by": "principal:acme-lead", "comment": "fine" })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_cannot_be_asked_for_or_is_cancelled_says_why_it_failed() {
    let hook = receiver().await;
    let ask = asks(
        "ask",
        &json!({ "approvers": ["group:{{ origin.payload.owner }}"] }),
    );
    let people =
        "[[people]]\nid = \"lena\"\n[[people_groups]]\nid = \"lena\"\nmembers = [\"lena\"]\n";
    let configuration = format!("{}{people}", providers(&hook));
    let gateway = with_chains(&configuration, &[deploy(&[ask])]).await;
    let chain = start(&gateway, "a", "deploy", &json!({ "owner": "ghost" })).await;
    let detail = until_it_is(&gateway, &chain, "failed").await;
    let why = error(&detail, 0);
    assert!(
        why.starts_with("its approval could not be asked for: \"group:ghost\" means nobody"),
        "{why}"
    );
    let chain = start(&gateway, "b", "deploy", &json!({ "owner": "lena" })).await;
    let id = format!("{chain}:ask");
    message(&hook, &id, "lena", 0).await;
    let cancel = format!("/v1/approvals/{id}/cancel");
    let cancelled = gateway
        .post(&cancel, &json!({ "reason": "not needed" }))
        .await;
    assert_eq!(cancelled.status, 200, "{}", cancelled.body);
    let detail = until_it_is(&gateway, &chain, "failed").await;
    assert_eq!(
        error(&detail, 0),
        "it was not approved: cancelled: not needed"
    );
}
