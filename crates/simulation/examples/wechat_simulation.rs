//! Three messages through a provider that records them: a text for everybody, a markdown alert for two departments, a card for a tag. Then
//! two alerts for the log, of which a rule reroutes the critical one to WeChat Work.
//!
//! Runs offline, without credentials: `cargo run -p acteon-simulation --example wechat_simulation`.

use acteon_core::{Action, Outcome};
use acteon_simulation::harness::{
    ActionOutcomeExt as _, Failure, SimulationConfig, SimulationHarness,
};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    three_messages().await?;
    reroute_by_severity().await
}

const REROUTE: &str = r"
rules:
  - name: critical-to-wechat
    priority: 1
    description: page the department
    condition: {field: action.payload.severity, eq: critical}
    action: {type: reroute, target_provider: wechat}
";

async fn reroute_by_severity() -> Result<(), Failure> {
    let config = SimulationConfig::builder()
        .add_recording_providers(&["log", "wechat"])
        .add_rule_yaml(REROUTE)
        .build();
    let harness = SimulationHarness::start(config).await?;
    println!("\nWith a rule that reroutes what is critical:");
    for severity in ["warning", "critical"] {
        let payload = json!({ "severity": severity, "toparty": "12", "content": format!("checkout-api: {severity}") });
        let outcome: Outcome = harness
            .dispatch(&action(severity, "log", &payload)?)
            .await?;
        match &outcome {
            Outcome::Rerouted {
                original_provider,
                new_provider,
                ..
            } => {
                println!("{severity}: Rerouted from {original_provider} to {new_provider}");
            }
            other => println!("{severity}: {}", other.as_str()),
        }
    }
    for name in ["log", "wechat"] {
        let provider = harness.provider(name).ok_or("the provider is registered")?;
        provider.assert_called(1);
        println!(
            "  {name} was called once, with {}",
            provider.last_action().ok_or("a call")?.payload
        );
    }
    harness.teardown().await;
    Ok(())
}

async fn three_messages() -> Result<(), Failure> {
    let config = SimulationConfig::builder()
        .nodes(1)
        .add_recording_provider("wechat")
        .build();
    let harness = SimulationHarness::start(config).await?;
    let messages = [
        (
            "text broadcast",
            json!({ "touser": "@all", "content": "Deploy #4823 shipped to production." }),
        ),
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
        let outcome: Outcome = harness
            .dispatch(&action(&format!("demo-{number}"), "wechat", &payload)?)
            .await?;
        let response = outcome.assert_executed();
        println!("{what}: Executed {}", response.body);
    }
    let wechat = harness
        .provider("wechat")
        .ok_or("the provider is registered")?;
    wechat.assert_called(3);
    println!("\nThe provider was called {} times:", wechat.call_count());
    for call in wechat.calls() {
        println!("  {} {}", call.action.id, call.action.payload);
    }
    harness.teardown().await;
    Ok(())
}

fn action(id: &str, provider: &str, payload: &Value) -> Result<Action, serde_json::Error> {
    serde_json::from_value(json!({
        "id": id,
        "namespace": "incidents",
        "tenant": "acme",
        "provider": provider,
        "action_type": "notify",
        "payload": payload,
        "created_at": "2026-01-01T00:00:00Z",
    }))
}
