//! Executions that are done over by way of others.

use std::time::Duration;

use acteon_core::{Clock as _, SystemClock};
use serde_json::{Value, json};

use super::{counting, providers, sends, start, starts, until_it_is, with_chains};
use crate::support::{Answer, Client};

/// Waits for a signal.
fn waits() -> Value {
    json!({ "name": "waits", "steps": [{ "name": "wait", "wait_for_signal": { "signal_name": "go" } }] })
}

async fn cancel(client: &Client, id: &str) {
    let path = format!("/v1/chains/{id}/cancel");
    let cancelled = client.post(&path, &json!({})).await;
    assert_eq!(cancelled.status, 200, "{}", cancelled.body);
}

async fn reset(client: &Client, id: &str) -> Answer {
    let path = format!("/v1/executions/{id}/reset");
    client.post(&path, &json!({})).await
}

/// Id of the execution that does one over.
async fn again(client: &Client, id: &str) -> String {
    let answer = reset(client, id).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["reset_of"]),
        (201, &json!(id)),
        "{}",
        answer.body
    );
    id_of(&answer)
}

fn id_of(answer: &Answer) -> String {
    let id = answer.body["execution_id"].as_str();
    id.expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_over_what_did_one_over_is_in_the_way_too() {
    let receiver = counting().await;
    let gateway = with_chains(&providers(&receiver), &[waits()]).await;
    let first = start(&gateway, "a", "waits", &json!({})).await;
    cancel(&gateway, &first).await;
    let second = again(&gateway, &first).await;
    cancel(&gateway, &second).await;
    let third = again(&gateway, &second).await;
    for id in [&first, &second] {
        let refused = reset(&gateway, id).await;
        let message = refused.body["message"].as_str().expect("a message");
        assert!(
            refused.status == 409 && message.contains(&third),
            "{id}: {}",
            refused.body
        );
    }
    cancel(&gateway, &third).await;
    let fourth = again(&gateway, &first).await;
    let refused = reset(&gateway, &second).await;
    let message = refused.body["message"].as_str().expect("a message");
    assert!(
        refused.status == 409 && message.contains(&fourth),
        "{}",
        refused.body
    );
    cancel(&gateway, &fourth).await;
    // At once one of two is let through.
    for _ in 0..5 {
        let (one, other) = tokio::join!(reset(&gateway, &first), reset(&gateway, &third));
        let mut statuses = [one.status.as_u16(), other.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409], "{} {}", one.body, other.body);
        let made = if one.status == 201 { &one } else { &other };
        cancel(&gateway, &id_of(made)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_of_one_execution() {
    let receiver = counting().await;
    let gateway = with_chains(&providers(&receiver), &[waits()]).await;
    let first = start(&gateway, "a", "waits", &json!({})).await;
    cancel(&gateway, &first).await;
    let second = again(&gateway, &first).await;
    cancel(&gateway, &second).await;
    let with_key = async |id: &str| {
        let path = format!("/v1/executions/{id}/reset");
        gateway.post_once(&path, "k", &json!({})).await
    };
    let made = with_key(&second).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let same = with_key(&second).await;
    assert_eq!((same.status.as_u16(), id_of(&same)), (201, id_of(&made)));
    let other = with_key(&first).await;
    let message = other.body["message"].as_str().expect("a message");
    assert!(
        other.status == 409 && message.contains("for another chain"),
        "{}",
        other.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_whose_action_expired_is_not_done_over() {
    let receiver = counting().await;
    let mut late = sends("late", &json!({}));
    late["delay_seconds"] = json!(2);
    let definition = json!({ "name": "late", "steps": [late] });
    let gateway = with_chains(&providers(&receiver), &[definition]).await;
    let mut posted = starts("a", "late", &json!({}));
    let expires_at = SystemClock::new().now() + Duration::from_millis(1500);
    posted["expires_at"] = json!(expires_at);
    let outcome = gateway.dispatch(&posted).await;
    let chain = outcome["ChainStarted"]["chain_id"].as_str().expect("an id");
    let detail = until_it_is(&gateway, chain, "failed").await;
    assert_eq!(detail["failure"]["code"], "EXPIRED", "{detail}");
    let refused = reset(&gateway, chain).await;
    let message = refused.body["message"].as_str().expect("a message");
    assert!(
        refused.status == 409 && message.contains(&format!("expired at {expires_at}")),
        "{}",
        refused.body
    );
}
