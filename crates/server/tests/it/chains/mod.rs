//! Chains, over HTTP and on the wire of what their steps send.

use acteon_fakes::webhook::{Receiver, Request};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Client, Gateway, action};

mod approvals;
mod asked;
mod calls;
mod damaged;
mod definitions;
mod examples;
mod files;
mod fixtures;
#[cfg(feature = "wechat")]
mod kills;
mod later;
mod letters;
mod published;
mod resets;
mod seen;
mod started;

const OF: &str = "namespace=incidents&tenant=acme";

/// A receiver that answers each request with its number.
async fn counting() -> Receiver {
    let count = std::sync::atomic::AtomicUsize::new(0);
    Receiver::start(move |_: &Request| {
        let number = 1 + count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        (200, json!({ "number": number }).to_string())
    })
    .await
    .expect("a receiver")
}

/// Providers `hook`, which is the receiver, and `log`.
fn providers(receiver: &Receiver) -> String {
    format!(
        "[[providers]]\nname = \"log\"\ntype = \"log\"\n[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{}\"\n",
        receiver.url()
    )
}

/// Rules that start a chain for actions of its name.
fn starting(chains: &[&str]) -> String {
    let rule = |name: &&str| {
        format!(
            "  - {{ name: start-{name}, condition: {{ field: action.action_type, eq: {name} }}, action: {{ type: chain, chain: {name} }} }}\n"
        )
    };
    let rules: String = chains.iter().map(rule).collect();
    format!("rules:\n{rules}")
}

async fn define(client: &Client, definition: &Value) {
    let name = definition["name"].as_str().expect("a name");
    let put = client
        .put(&format!("/v1/chains/definitions/{name}"), definition)
        .await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.body);
}

/// A gateway with these chains, each started by actions of its name.
async fn with_chains(configuration: &str, definitions: &[Value]) -> Gateway {
    let gateway = Gateway::with_rules("rules: []", configuration).await;
    for definition in definitions {
        define(&gateway, definition).await;
    }
    let names: Vec<&str> = definitions
        .iter()
        .map(|definition| definition["name"].as_str().expect("a name"))
        .collect();
    gateway.write_rules(&starting(&names));
    let reloaded = gateway.post("/v1/rules/reload", &json!({})).await;
    assert_eq!(reloaded.status, StatusCode::OK, "{}", reloaded.body);
    gateway
}

/// A step that sends through `hook`.
fn sends(name: &str, payload: &Value) -> Value {
    json!({ "name": name, "provider": "hook", "action_type": "notify", "payload_template": payload })
}

/// Posts an action that starts the chain of this name, and returns the execution's id.
async fn start(client: &Client, id: &str, chain: &str, payload: &Value) -> String {
    let outcome = client.dispatch(&starts(id, chain, payload)).await;
    let started = &outcome["ChainStarted"];
    assert_eq!(started["chain_name"], chain, "{outcome}");
    started["chain_id"].as_str().expect("an id").to_owned()
}

fn starts(id: &str, chain: &str, payload: &Value) -> Value {
    let mut posted = action(id, "log", payload);
    posted["action_type"] = json!(chain);
    posted
}

/// Waits until an execution has a status.
async fn until_it_is(client: &Client, chain: &str, status: &str) -> Value {
    let path = format!("/v1/chains/{chain}?{OF}");
    client
        .until(&path, |detail| detail["status"] == status)
        .await
}
