//! Approvals over HTTP: asked for by rules, decided by links and by callers.

mod calls;
#[cfg(feature = "wechat")]
mod card_canary;
#[cfg(all(feature = "postgres", feature = "wechat"))]
mod card_kills;
#[cfg(feature = "wechat")]
mod card_loop;
#[cfg(feature = "wechat")]
mod cards;
#[cfg(all(feature = "postgres", feature = "wechat"))]
mod deciders;
mod decisions;
mod directory;
#[cfg(all(feature = "postgres", feature = "wechat"))]
mod forward;
#[cfg(all(feature = "postgres", feature = "wechat"))]
mod kills;
mod links;
#[cfg(feature = "wechat")]
mod oauth;
mod page;
mod passing_on;
mod phone;
mod phone_ends;
mod phone_people;
mod published;
#[cfg(all(feature = "postgres", feature = "wechat"))]
mod race;
mod replay;
mod separate;
mod shown;
mod silenced;
mod stuck;
#[cfg(feature = "wechat")]
mod wechat;

use acteon_fakes::webhook::Receiver;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Client, Gateway, PATIENCE, action, until};

const LOG: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";

/// Receiver of the messages to those who decide.
pub(crate) async fn receiver() -> Receiver {
    Receiver::start(|_| (200, "{}".to_owned()))
        .await
        .expect("a receiver")
}

/// Rule that asks about everything that is a deploy.
fn rule(keys: &str) -> String {
    format!(
        "rules:\n  - {{name: deploys, condition: 'action.payload.deploy == true', action: {{type: request_approval, notify_provider: hook, {keys}}}}}\n"
    )
}

/// Lines of a configuration whose messages go to this receiver.
pub(crate) fn lines(hook: &Receiver) -> String {
    format!(
        "{LOG}[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{}\"\n",
        hook.url()
    )
}

/// A gateway that asks about deploys by this policy, and what receives its messages.
async fn asking(keys: &str) -> (Gateway, Receiver) {
    let hook = receiver().await;
    let gateway = Gateway::with_rules(&rule(keys), &lines(&hook)).await;
    (gateway, hook)
}

fn deploy(id: &str) -> Value {
    action(
        id,
        "log",
        &json!({"deploy": true, "content": "build 7 <b>now</b>"}),
    )
}

/// Posts a deploy; the approval that it waits for.
async fn pending(client: &Client, id: &str) -> Value {
    let outcome = client.dispatch(&deploy(id)).await;
    let pending = outcome["PendingApproval"].clone();
    assert!(pending.is_object(), "{outcome}");
    pending
}

fn id_of(pending: &Value) -> String {
    pending["approval_id"].as_str().expect("an id").to_owned()
}

/// Path and query of a link.
pub(crate) fn path(url: &Value) -> String {
    let url = url.as_str().expect("a link");
    let (_, rest) = url.split_once("://").expect("an address");
    let (_, path) = rest.split_once('/').expect("a path");
    format!("/{path}")
}

/// Messages about an approval that a person got, in their order.
pub(crate) fn told(hook: &Receiver, id: &str, person: &str) -> Vec<Value> {
    let payloads = hook
        .requests()
        .into_iter()
        .map(|request| request.body["payload"].clone());
    payloads
        .filter(|payload| payload["approval_id"] == id)
        .filter(|payload| payload["person"].as_str().unwrap_or_default() == person)
        .collect()
}

/// Message that a person got, when it has come.
pub(crate) async fn message(hook: &Receiver, id: &str, person: &str, number: usize) -> Value {
    until("no message came", PATIENCE, async || {
        told(hook, id, person).len() > number
    })
    .await;
    told(hook, id, person)[number].clone()
}

/// Follows a link to a decision as the published clients do.
pub(crate) async fn follow(client: &Client, url: &Value) -> (StatusCode, Value) {
    let answer = client
        .try_send(reqwest::Method::POST, &path(url), None, None)
        .await
        .expect("an answer");
    (answer.status, answer.body)
}

/// An approval as the API shows it.
pub(crate) async fn shown(client: &Client, id: &str) -> Value {
    client.get(&format!("/v1/approvals/{id}")).await.body
}
