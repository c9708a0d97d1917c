//! What is refused for now, and when to come again.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::CONFIGURATION;
use crate::support::{Gateway, action};

/// Who was refused for now is told when to come again, also where it is looked for by programs that know nothing of outcomes.
#[tokio::test(flavor = "multi_thread")]
async fn what_may_be_sent_again_later_says_when_in_a_header() {
    let rules = "rules:\n  - name: few\n    condition: { field: action.action_type, eq: few }\n    action: { type: throttle, max_count: 1, window_seconds: 60 }\n";
    let gateway = Gateway::with_rules(rules, CONFIGURATION).await;
    let post = async |body: &Value| {
        let request = reqwest::Client::new()
            .post(format!("{}/v1/dispatch", gateway.base()))
            .header("content-type", "application/json");
        let answer = request
            .body(body.to_string())
            .send()
            .await
            .expect("an answer");
        let after = answer.headers().get("retry-after").map(|after| {
            after
                .to_str()
                .expect("text")
                .parse::<u64>()
                .expect("seconds")
        });
        (
            after,
            serde_json::from_str::<Value>(&answer.text().await.expect("text")).expect("JSON"),
        )
    };
    let mut few = action("a", "log", &json!({}));
    few["action_type"] = json!("few");
    assert_eq!(post(&few).await.0, None);
    few["id"] = json!("b");
    let (after, throttled) = post(&few).await;
    let told = throttled["Throttled"]["retry_after"]["secs"]
        .as_u64()
        .expect("seconds");
    assert!(
        after.is_some_and(|after| after >= told && after <= told + 1),
        "{after:?} {throttled}"
    );
    let quota = json!({ "namespace": "incidents", "tenant": "acme", "max_actions": 1, "window": "hourly", "overage_behavior": "block" });
    assert_eq!(
        gateway.post("/v1/quotas", &quota).await.status,
        StatusCode::CREATED
    );
    post(&action("c", "log", &json!({}))).await;
    let (after, exceeded) = post(&action("d", "log", &json!({}))).await;
    assert_eq!(
        (
            &exceeded["QuotaExceeded"]["used"],
            &exceeded["QuotaExceeded"]["limit"]
        ),
        (&json!(1), &json!(1)),
        "{exceeded}"
    );
    assert!(
        after.is_some_and(|after| (1..=3600).contains(&after)),
        "{after:?} {exceeded}"
    );
}
