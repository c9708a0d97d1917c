//! Chains whose relatives have damaged rows in the store: they come to their end.

use acteon_fakes::webhook::Receiver;
use serde_json::{Value, json};

use super::{counting, providers, start, until_it_is, with_chains};
use crate::approvals::{follow, message, receiver};
use crate::support::{Gateway, store_lines};

fn above() -> Value {
    json!({ "name": "above", "steps": [{ "name": "sub", "sub_chain": "below" }] })
}

fn below() -> Value {
    json!({ "name": "below", "steps": [{ "name": "wait", "wait_for_signal": { "signal_name": "go" } }] })
}

/// Turns a bit of a row of the embedded store while the gateway is stopped; `None` where the store is another one.
async fn damaged(gateway: Gateway, configuration: &str, id: &str) -> Option<Gateway> {
    let folder = gateway.stop_and_keep().await;
    if !store_lines(folder.path()).is_empty() {
        return None;
    }
    let database = rusqlite::Connection::open(folder.path().join("acteon.db")).expect("it opens");
    let spoil = "UPDATE flows SET body = CAST(x'5b80' AS TEXT) WHERE kind = 'chain' AND id = ?1";
    assert_eq!(database.execute(spoil, [id]).expect("it is changed"), 1);
    drop(database);
    let directory = folder.path().join("rules").display().to_string();
    let configuration = format!("rules.directory = {directory:?}\n{configuration}");
    Some(Gateway::start_in(folder, &configuration).await)
}

/// A gateway with an execution of `above`, and the execution's id.
async fn waiting(receiver: &Receiver) -> (Gateway, String) {
    let gateway = with_chains(&providers(receiver), &[below(), above()]).await;
    let chain = start(&gateway, "a", "above", &json!({})).await;
    until_it_is(&gateway, &format!("{chain}:sub"), "waiting_signal").await;
    (gateway, chain)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_whose_sub_chain_has_a_damaged_row_fails() {
    let receiver = counting().await;
    let (gateway, chain) = waiting(&receiver).await;
    let below = format!("{chain}:sub");
    let Some(gateway) = damaged(gateway, &providers(&receiver), &below).await else {
        return;
    };
    let path = format!("/v1/executions/{chain}/attributes");
    let labelled = json!({ "attributes": { "ticket": "OPS-1" } });
    let put = gateway.put(&path, &labelled).await;
    assert_eq!(put.status, 200, "{}", put.body);
    let detail = until_it_is(&gateway, &chain, "failed").await;
    let message = detail["failure"]["message"].as_str().expect("a message");
    assert!(
        detail["failure"]["code"] == "UNREADABLE" && message.contains(&below),
        "{detail}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sub_chain_whose_chain_has_a_damaged_row_is_cancelled() {
    let receiver = counting().await;
    let (gateway, chain) = waiting(&receiver).await;
    let Some(gateway) = damaged(gateway, &providers(&receiver), &chain).await else {
        return;
    };
    let path = format!("/v1/chains/{chain}:sub/cancel");
    let cancelled = gateway.post(&path, &json!({})).await;
    assert_eq!(
        (cancelled.status.as_u16(), &cancelled.body["status"]),
        (200, &json!("cancelled")),
        "{}",
        cancelled.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn people_decide_for_a_chain_whose_row_is_damaged() {
    let hook = receiver().await;
    let ask =
        json!({ "name": "ask", "approval": { "approvers": ["lena"], "notify_provider": "hook" } });
    let asks = json!({ "name": "asks", "steps": [ask] });
    let gateway = with_chains(&providers(&hook), &[asks]).await;
    let chain = start(&gateway, "a", "asks", &json!({ "content": "go?" })).await;
    let id = format!("{chain}:ask");
    let told = message(&hook, &id, "lena", 0).await;
    let Some(gateway) = damaged(gateway, &providers(&hook), &chain).await else {
        return;
    };
    let (status, answer) = follow(&gateway, &told["approval_url"]).await;
    assert_eq!(
        (status.as_u16(), &answer["status"]),
        (200, &json!("approved")),
        "{answer}"
    );
    let path = format!("/v1/approvals/{id}");
    gateway
        .until(&path, |shown| shown["status"] == "approved")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_goes_on_beside_a_damaged_row_above_it() {
    let receiver = counting().await;
    let (gateway, chain) = waiting(&receiver).await;
    let end = async |gateway: &Gateway, chain: &str| {
        gateway
            .post(&format!("/v1/chains/{chain}/cancel"), &json!({}))
            .await;
        until_it_is(gateway, chain, "cancelled").await;
    };
    end(&gateway, &chain).await;
    let again = async |gateway: &Gateway, chain: &str| {
        let path = format!("/v1/executions/{chain}/reset");
        let made = gateway.post(&path, &json!({})).await;
        assert_eq!(made.status, 201, "{}", made.body);
        made.body["execution_id"]
            .as_str()
            .expect("an id")
            .to_owned()
    };
    let second = again(&gateway, &chain).await;
    end(&gateway, &second).await;
    let Some(gateway) = damaged(gateway, &providers(&receiver), &chain).await else {
        return;
    };
    again(&gateway, &second).await;
}
