//! Occurrences that are made up for: what was sent, what is hidden, and what a rule delays.

use serde_json::{Value, json};

use crate::recurring::{LOG, made};
use crate::support::{Client, Gateway};

/// Makes up for the occurrences of so many days of March.
async fn made_up(client: &Client, id: &str, days: u32) -> Value {
    let end = format!("2026-03-0{days}T12:00:00Z");
    let span = json!({ "start": "2026-03-01T00:00:00Z", "end": end });
    let path = format!("/v1/recurring/{id}/backfill");
    let answer = client.post(&path, &span).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.body["occurrences"], days, "{}", answer.body);
    answer.body["results"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_rule_delays_is_charged_when_it_goes() {
    let rules =
        "rules: [{name: later, condition: 'true', action: {type: schedule, delay_seconds: 1}}]";
    let gateway = Gateway::with_rules(rules, LOG).await;
    let quota = json!({ "namespace": "incidents", "tenant": "acme", "max_actions": 1, "window": "daily", "overage_behavior": "block" });
    let quota = gateway.post("/v1/quotas", &quota).await;
    assert_eq!(quota.status, 201, "{}", quota.body);
    let id = made(&gateway, &json!({})).await;
    let results = made_up(&gateway, &id, 2).await;
    let mut outcomes = Vec::new();
    for result in results.as_array().expect("results") {
        assert_eq!(result["outcome"], "scheduled", "{results}");
        let action = result["action_id"].as_str().expect("an id");
        let over = gateway
            .until(&format!("/v1/audit/{action}"), |record| {
                record["state"] != "open"
            })
            .await;
        outcomes.push(over["outcome"].as_str().expect("a word").to_owned());
    }
    outcomes.sort();
    assert_eq!(outcomes, ["executed", "quota_exceeded"]);
    let quota = quota.body["id"].as_str().expect("an id");
    let usage = gateway.get(&format!("/v1/quotas/{quota}/usage")).await;
    assert_eq!(usage.body["used"], 1, "{}", usage.body);
}
