//! Chains that start later, and what is done about them before.

use serde_json::{Value, json};

use super::{counting, providers, sends, start, starts, until_it_is, with_chains};

/// Waits for a signal, and reports it.
fn waits() -> Value {
    json!({
        "name": "waits",
        "on_cancel": { "provider": "hook", "action_type": "notify" },
        "steps": [
            { "name": "wait", "wait_for_signal": { "signal_name": "done" } },
            sends("report", &json!({ "revision": "{{ prev.body.revision }}" })),
        ],
    })
}

fn tells() -> Value {
    json!({ "name": "tells", "steps": [sends("tell", &json!({}))] })
}

#[tokio::test(flavor = "multi_thread")]
async fn attributes_and_an_early_signal_start_no_chain_whose_time_has_not_come() {
    let receiver = counting().await;
    let gateway = with_chains(&providers(&receiver), &[waits(), tells()]).await;
    let later = async |id: &str, chain: &str| {
        let mut posted = starts(id, chain, &json!({}));
        posted["delay_seconds"] = json!(86_400);
        let outcome = gateway.dispatch(&posted).await;
        let chain = outcome["ChainStarted"]["chain_id"].as_str();
        chain.expect("an id").to_owned()
    };
    let (waiting, telling) = (later("w", "waits").await, later("t", "tells").await);
    for chain in [&waiting, &telling] {
        let path = format!("/v1/executions/{chain}/attributes");
        let labelled = json!({ "attributes": { "ticket": "OPS-1" } });
        let put = gateway.put(&path, &labelled).await;
        assert_eq!(put.status, 200, "{}", put.body);
    }
    let path = format!("/v1/executions/{waiting}/signal/done");
    let early = json!({ "payload": { "revision": "f0e08a1" } });
    let heard = gateway.post(&path, &early).await;
    assert_eq!(heard.status, 200, "{}", heard.body);
    // One that begins after all that is over before it.
    let now = start(&gateway, "now", "tells", &json!({})).await;
    until_it_is(&gateway, &now, "completed").await;
    for chain in [&waiting, &telling] {
        let detail = gateway.get(&format!("/v1/chains/{chain}")).await.body;
        assert_eq!(
            (&detail["status"], &detail["steps"][0]["status"]),
            (&json!("running"), &json!("pending")),
            "{detail}"
        );
        let path = format!("/v1/executions/{chain}/history");
        let history = gateway.get(&path).await.body;
        assert_eq!(history["events"], json!([]), "{history}");
    }
    assert_eq!(receiver.requests().len(), 1);
    let path = format!("/v1/chains/{waiting}/cancel");
    let cancelled = gateway.post(&path, &json!({})).await;
    assert_eq!(
        (cancelled.status.as_u16(), &cancelled.body["status"]),
        (200, &json!("cancelled")),
        "{}",
        cancelled.body
    );
    gateway
        .until(&format!("/v1/actions/{waiting}:on_cancel:1"), |action| {
            action["state"] == "done"
        })
        .await;
}
