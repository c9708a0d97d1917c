//! What rules do to actions, over HTTP.

use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Gateway, action};

const PROVIDERS: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n[[providers]]\nname = \"other\"\ntype = \"log\"\n";

const RULES: &str = r#"
time_intervals:
  - {name: always, time_ranges: [{years: [{start: 1, end: 9999}]}]}
  - {name: never, time_ranges: [{years: [{start: 1, end: 1}]}]}
rules:
  - {name: reroute-critical, condition: {field: action.payload.severity, eq: critical}, action: {type: reroute, target_provider: other}}
  - {name: no-spam, condition: 'action.metadata.kind == "spam"', action: {type: suppress}}
  - {name: denied, condition: 'action.metadata.kind == "denied"', action: {type: deny}}
  - {name: once, condition: 'action.metadata.kind == "once"', action: {type: deduplicate, ttl_seconds: 600}}
  - {name: slow, condition: 'action.metadata.kind == "slow"', action: {type: throttle, max_count: 2, window_seconds: 600}}
  - {name: enrich, condition: 'action.metadata.kind == "enrich"', action: {type: modify, changes: {content: "[{{ action.payload.service }}]"}}}
  - {name: muted, mute_time_intervals: [never, always], condition: 'action.metadata.kind == "muted"', action: {type: allow}}
  - {name: outside, active_time_intervals: [never], condition: 'action.metadata.kind == "outside"', action: {type: allow}}
  - {name: inside, active_time_intervals: [always], condition: 'action.metadata.kind == "inside"', action: {type: allow}}
  - {name: held, on_error: hold, condition: {field: action.payload.number, gt: 5}, action: {type: deny}}
"#;

fn of_kind(id: &str, kind: &str, payload: &Value) -> Value {
    let mut action = action(id, "log", payload);
    action["metadata"] = json!({ "kind": kind });
    action
}

#[tokio::test(flavor = "multi_thread")]
async fn every_verdict_has_its_outcome_and_names_its_rule() {
    let gateway = Gateway::with_rules(RULES, PROVIDERS).await;
    let plain = json!({ "content": "x", "service": "pay" });
    let critical = gateway
        .dispatch(&action("a", "log", &json!({ "severity": "critical" })))
        .await;
    let rerouted = &critical["Rerouted"];
    assert_eq!(
        (
            rerouted["original_provider"].as_str(),
            rerouted["new_provider"].as_str()
        ),
        (Some("log"), Some("other"))
    );
    assert_eq!(
        (&rerouted["response"]["status"], &rerouted["matched_rule"]),
        (&json!("success"), &json!("reroute-critical"))
    );
    assert_eq!(
        gateway.dispatch(&of_kind("b", "spam", &plain)).await,
        json!({ "Suppressed": { "rule": "no-spam" } })
    );
    assert_eq!(
        gateway.dispatch(&of_kind("c", "denied", &plain)).await,
        json!({ "Suppressed": { "rule": "denied" } })
    );
    let muted = json!({ "Muted": { "interval": "always", "reason": "mute_time_interval", "matched_rule": "muted" } });
    assert_eq!(
        gateway.dispatch(&of_kind("d", "muted", &plain)).await,
        muted
    );
    let outside = json!({ "Muted": { "interval": "never", "reason": "active_time_interval", "matched_rule": "outside" } });
    assert_eq!(
        gateway.dispatch(&of_kind("e", "outside", &plain)).await,
        outside
    );
    assert_eq!(
        gateway.dispatch(&of_kind("f", "inside", &plain)).await["Executed"]["status"],
        "success"
    );
    assert_eq!(
        gateway.dispatch(&of_kind("g", "enrich", &plain)).await["Executed"]["status"],
        "success"
    );
    for (id, verdict, rule, outcome) in [
        ("a", "reroute", "reroute-critical", "rerouted"),
        ("b", "suppress", "no-spam", "suppressed"),
        ("c", "deny", "denied", "suppressed"),
        ("d", "allow", "muted", "muted"),
        ("f", "allow", "inside", "executed"),
        ("g", "modify", "enrich", "executed"),
    ] {
        let record = gateway.get(&format!("/v1/audit/{id}")).await.body;
        let found = (
            record["verdict"].as_str(),
            record["matched_rule"].as_str(),
            record["outcome"].as_str(),
        );
        assert_eq!(
            found,
            (Some(verdict), Some(rule), Some(outcome)),
            "{record}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_goes_once_and_again_when_its_send_failed_for_good() {
    let configuration = format!(
        "{PROVIDERS}[[providers]]\nname = \"down\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:9/\"\n"
    );
    let gateway = Gateway::with_rules(
        RULES,
        &format!("retry.durable = false\nretry.max_retries = 0\n{configuration}"),
    )
    .await;
    let keyed = |id: &str, provider: &str| {
        let mut action = of_kind(id, "once", &json!({}));
        (action["dedup_key"], action["provider"]) = (json!("checkout-5xx"), json!(provider));
        action
    };
    assert_eq!(
        gateway.dispatch(&keyed("a", "down")).await["Failed"]["code"],
        "CONNECTION"
    );
    assert_eq!(
        gateway.dispatch(&keyed("b", "log")).await["Executed"]["status"],
        "success",
        "the failed send released the key"
    );
    assert_eq!(
        gateway.dispatch(&keyed("c", "log")).await,
        json!("Deduplicated")
    );
    assert_eq!(
        gateway.dispatch(&keyed("b", "log")).await["Executed"]["status"],
        "success",
        "the same id is not another action"
    );
    let batch = gateway
        .post("/v1/dispatch/batch", &json!([keyed("d", "log")]))
        .await
        .body;
    assert_eq!(batch, json!([{ "Deduplicated": null }]));
    let record = gateway.get("/v1/audit/c").await.body;
    assert_eq!(
        record["outcome_details"],
        json!({ "action_id": "b" }),
        "{record}"
    );
    let without_key = of_kind("e", "once", &json!({}));
    assert_eq!(
        gateway.dispatch(&without_key).await["Executed"]["status"],
        "success"
    );
    let mut unmatched = action("f", "log", &json!({}));
    unmatched["dedup_key"] = json!("checkout-5xx");
    assert_eq!(
        gateway.dispatch(&unmatched).await["Executed"]["status"],
        "success",
        "only a rule deduplicates"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttle_lets_as_many_through_as_it_says() {
    let gateway = Gateway::with_rules(RULES, PROVIDERS).await;
    let outcomes = join_all((0..50).map(|number| {
        let action = of_kind(&format!("a{number}"), "slow", &json!({}));
        let gateway = &gateway;
        async move { gateway.dispatch(&action).await }
    }))
    .await;
    let throttled: Vec<&Value> = outcomes
        .iter()
        .filter_map(|outcome| outcome.get("Throttled"))
        .collect();
    assert_eq!(throttled.len(), 48);
    assert!(
        throttled.iter().all(|throttled| (590..=600)
            .contains(&throttled["retry_after"]["secs"].as_u64().unwrap_or(0))),
        "{throttled:?}"
    );
    assert!(throttled[0]["retry_after"]["nanos"].is_u64());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_fails_is_counted_and_never_a_500() {
    let gateway = Gateway::with_rules(RULES, PROVIDERS).await;
    let outcome = gateway
        .dispatch(&action("a", "log", &json!({ "number": "many" })))
        .await;
    assert_eq!(outcome["Failed"]["code"], "HELD", "{outcome}");
    let fails = RULES.replace("on_error: hold, ", "");
    gateway.write_rules(&fails);
    assert_eq!(
        gateway.post("/v1/rules/reload", &json!({})).await.status,
        StatusCode::OK
    );
    assert_eq!(
        gateway
            .dispatch(&action("b", "log", &json!({ "number": "many" })))
            .await["Executed"]["status"],
        "success"
    );
    let metrics = gateway.get("/metrics").await.body;
    assert!(
        metrics
            .as_str()
            .is_some_and(|text| text.contains("acteon_rule_errors_total{rule=\"held\"} 2")),
        "{metrics}"
    );
    let dry = gateway
        .post(
            "/v1/dispatch?dry_run=true",
            &action("c", "log", &json!({ "number": "many" })),
        )
        .await
        .body;
    assert!(
        dry["DryRun"]["rule_errors"][0]
            .as_str()
            .is_some_and(|error| error.starts_with("held: ")),
        "{dry}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_in_a_payload_steers_the_gateway() {
    let gateway = Gateway::with_rules(RULES, PROVIDERS).await;
    let quota = json!({ "namespace": "incidents", "tenant": "acme", "max_actions": 1, "window": "daily", "overage_behavior": "block" });
    assert_eq!(
        gateway.post("/v1/quotas", &quota).await.status,
        StatusCode::CREATED
    );
    let flags = json!({ "_scheduled_dispatch": true, "_recurring_dispatch": true, "_group_dispatch": true, "origin": "notice" });
    assert_eq!(
        gateway.dispatch(&action("a", "log", &flags)).await["Executed"]["status"],
        "success"
    );
    assert!(
        gateway
            .dispatch(&action("b", "log", &flags))
            .await
            .get("QuotaExceeded")
            .is_some()
    );
    let mut origin = action("c", "log", &flags);
    origin["origin"] = json!("notice");
    assert_eq!(
        gateway.post("/v1/dispatch", &origin).await.body["fields"][0]["field"],
        "origin",
        "an origin cannot be claimed"
    );
}

/// An action that the rules send through "other" instead of "log".
fn critical(id: &str) -> Value {
    action(id, "log", &json!({ "severity": "critical" }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reroute_meets_the_breaker_of_its_target() {
    let gateway = Gateway::with_rules(
        RULES,
        &format!("circuit_breaker.enabled = true\ncircuit_breaker.recovery_timeout_seconds = 3600\n{PROVIDERS}"),
    )
    .await;
    let shown = gateway.get("/admin/circuit-breakers").await.body;
    assert_eq!(
        shown["circuit_breakers"][0],
        json!({ "provider": "log", "state": "closed", "failure_threshold": 5, "success_threshold": 2, "recovery_timeout_seconds": 3600, "fallback_provider": null })
    );
    assert_eq!(
        gateway
            .post("/admin/circuit-breakers/other/trip", &json!(null))
            .await
            .body["state"],
        "open"
    );
    let dry = gateway
        .post("/v1/dispatch?dry_run=true", &critical("a"))
        .await
        .body;
    assert_eq!(
        (
            &dry["DryRun"]["would_be"],
            &dry["DryRun"]["would_be_provider"]
        ),
        (&json!("scheduled"), &json!("other"))
    );
    let waiting = gateway.dispatch(&critical("a")).await;
    assert_eq!(
        waiting["Scheduled"]["last_error"]["code"], "CIRCUIT_OPEN",
        "{waiting}"
    );
    assert_eq!(
        (
            waiting["Scheduled"]["attempts"].as_u64(),
            waiting["Scheduled"]["last_error"]["retryable"].as_bool()
        ),
        (Some(0), Some(true))
    );
    assert!(
        gateway
            .dispatch(&action("b", "log", &json!({})))
            .await
            .get("Executed")
            .is_some(),
        "others go on"
    );
    let health = gateway.get("/v1/providers/health").await.body;
    let states: Vec<&str> = health["providers"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| one["circuit_breaker_state"].as_str())
        .collect();
    assert_eq!(states, ["closed", "open"]);
    assert_eq!(
        gateway
            .post("/admin/circuit-breakers/other/reset", &json!(null))
            .await
            .body["state"],
        "closed"
    );
    // What was put off before its first attempt does not wait for the hour to end.
    gateway
        .until("/v1/actions/a", |action| action["state"] == "done")
        .await;
    assert!(
        gateway
            .dispatch(&critical("c"))
            .await
            .get("Rerouted")
            .is_some()
    );
    assert_eq!(
        gateway
            .post("/admin/circuit-breakers/nope/trip", &json!(null))
            .await
            .status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reroute_to_an_open_breaker_goes_on_to_its_fallback() {
    let careful = Gateway::with_rules(
        RULES,
        &format!("circuit_breaker.enabled = true\ncircuit_breaker.fallbacks = {{ other = \"log\" }}\n{PROVIDERS}"),
    )
    .await;
    careful
        .post("/admin/circuit-breakers/other/trip", &json!(null))
        .await;
    assert_eq!(
        careful.dispatch(&action("e", "other", &json!({}))).await["Rerouted"]["new_provider"],
        "log"
    );
    let outcome = careful.dispatch(&critical("f")).await;
    assert!(
        outcome.get("Executed").is_some(),
        "rerouted to its fallback, which is the provider asked for: {outcome}"
    );
    careful
        .post("/admin/circuit-breakers/log/trip", &json!(null))
        .await;
    assert_eq!(
        careful.dispatch(&action("g", "other", &json!({}))).await["Scheduled"]["last_error"]["code"],
        "CIRCUIT_OPEN",
        "nobody is left"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reroute_to_an_open_breaker_ends_where_nothing_goes_on_by_itself() {
    let impatient = Gateway::with_rules(
        RULES,
        &format!("retry.durable = false\ncircuit_breaker.enabled = true\n{PROVIDERS}"),
    )
    .await;
    impatient
        .post("/admin/circuit-breakers/other/trip", &json!(null))
        .await;
    assert_eq!(
        impatient.dispatch(&critical("d")).await,
        json!({ "CircuitOpen": { "provider": "other", "fallback_chain": [] } })
    );
    impatient
        .post("/admin/circuit-breakers/other/reset", &json!(null))
        .await;
    assert!(
        impatient
            .dispatch(&critical("d"))
            .await
            .get("Rerouted")
            .is_some(),
        "decided anew"
    );
}
