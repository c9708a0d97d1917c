//! Three messages through a provider that records them: a text for everybody, a markdown alert for two departments, a card for a tag.
//!
//! Runs offline, without credentials: `cargo run -p acteon-simulation --example wechat_simulation`.

use acteon_core::{Action, Outcome};
use acteon_simulation::harness::{ActionOutcomeExt as _, Failure, SimulationConfig, SimulationHarness};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let config = SimulationConfig::builder().nodes(1).add_recording_provider("wechat").build();
    let harness = SimulationHarness::start(config).await?;
    let messages = [
        ("text broadcast", json!({ "touser": "@all", "content": "Deploy #4823 shipped to production." })),
        (
            "markdown alert",
            json!({
                "toparty": "12|15",
                "msgtype": "markdown",
                "content": "### Latency spike on **checkout-api**\n> p95 above 2s for 5 minutes\n> [Open runbook](https://wiki.example.com/runbook/checkout-latency)",
            }),
        ),
        (
            "textcard",
            json!({
                "totag": "oncall",
                "msgtype": "textcard",
                "title": "CRITICAL: checkout-api down",
                "description": "5xx rate above 50% for 2 minutes. Oncall paged.",
                "url": "https://wiki.example.com/runbook/checkout-5xx",
                "btntxt": "Open runbook",
            }),
        ),
    ];
    for (number, (what, payload)) in messages.into_iter().enumerate() {
        let outcome: Outcome = harness.dispatch(&action(number, &payload)?).await?;
        let response = outcome.assert_executed();
        println!("{what}: Executed {}", response.body);
    }
    let wechat = harness.provider("wechat").ok_or("the provider is registered")?;
    wechat.assert_called(3);
    println!("\nThe provider was called {} times:", wechat.call_count());
    for call in wechat.calls() {
        println!("  {} {}", call.action.id, call.action.payload);
    }
    harness.teardown().await;
    Ok(())
}

fn action(number: usize, payload: &Value) -> Result<Action, serde_json::Error> {
    serde_json::from_value(json!({
        "id": format!("demo-{number}"),
        "namespace": "incidents",
        "tenant": "acme",
        "provider": "wechat",
        "action_type": "notify",
        "payload": payload,
        "created_at": "2026-01-01T00:00:00Z",
    }))
}
