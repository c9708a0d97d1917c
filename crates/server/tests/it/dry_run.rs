//! What a dry run and the playground say of an action, now and at another instant.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Gateway, action};

const LOG: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";
const RULES: &str = r#"
time_intervals:
  - {name: nights, time_ranges: [{times: [{start: "22:00", end: "24:00"}]}, {times: [{start: "00:00", end: "06:00"}]}]}
  - {name: weekends, time_ranges: [{weekdays: [{start: 6, end: 7}]}]}
rules:
  - {name: quiet, condition: 'action.payload.kind == "quiet"', mute_time_intervals: [nights], action: {type: allow}}
  - {name: wait, condition: 'action.payload.kind == "wait"', mute_time_intervals: [nights, weekends], on_mute: postpone, action: {type: allow}}
"#;

fn of_kind(id: &str, kind: &str) -> Value {
    action(id, "log", &json!({ "kind": kind }))
}

async fn dry(gateway: &Gateway, action: &Value, more: &str) -> Value {
    let answer = gateway
        .post(&format!("/v1/dispatch?dry_run=true{more}"), action)
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer.body["DryRun"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn known_ids_and_expired_actions_are_told() {
    let gateway = Gateway::with_rules(RULES, LOG).await;
    let first = of_kind("a", "plain");
    let came = gateway.dispatch(&first).await;
    let again = dry(&gateway, &first, "").await;
    assert_eq!(
        (&again["would_be"], &again["outcome"]),
        (&json!("executed"), &came),
        "{again}"
    );
    let other = dry(&gateway, &of_kind("a", "other"), "").await;
    assert_eq!(
        (&other["would_be"], &other["refusal"]["code"]),
        (&json!("refused"), &json!("ID_CONFLICT")),
        "{other}"
    );
    let refused = gateway.post("/v1/dispatch", &of_kind("a", "other")).await;
    assert_eq!(
        (refused.status, &refused.body["message"]),
        (StatusCode::CONFLICT, &other["refusal"]["message"])
    );
    let mut late = of_kind("b", "plain");
    late["expires_at"] = json!("2020-01-01T00:00:00Z");
    let said = dry(&gateway, &late, "").await;
    assert_eq!(
        (&said["would_be"], &said["outcome"]["Failed"]["code"]),
        (&json!("failed"), &json!("EXPIRED")),
        "{said}"
    );
    assert_eq!(gateway.dispatch(&late).await, said["outcome"]);
    let batch = gateway
        .post(
            "/v1/dispatch/batch?dry_run=true",
            &json!([late, of_kind("a", "other"), of_kind("c", "plain")]),
        )
        .await
        .body;
    let tags: Vec<&str> = batch
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|item| item["DryRun"]["would_be"].as_str())
        .collect();
    assert_eq!(tags, ["failed", "refused", "executed"]);
    assert_eq!(
        gateway.get("/v1/audit").await.body["records"]
            .as_array()
            .map(Vec::len),
        Some(2),
        "nothing was written"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn any_instant_can_be_asked_for() {
    let gateway = Gateway::with_rules(RULES, LOG).await;
    let silence = json!({ "namespace": "incidents", "tenant": "acme", "matchers": [{ "name": "action.payload.kind", "value": "pl.*", "op": "regex" }],
        "starts_at": "2026-03-02T10:00:00Z", "ends_at": "2026-03-02T11:00:00Z" });
    let made = gateway.post("/v1/silences", &silence).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    for (kind, at, would_be, outcome) in [
        ("quiet", "2026-03-02T12:00:00Z", "executed", Value::Null),
        (
            "quiet",
            "2026-03-02T23:00:00Z",
            "muted",
            json!({ "Muted": { "interval": "nights", "reason": "mute_time_interval", "matched_rule": "quiet" } }),
        ),
        (
            "plain",
            "2026-03-02T10:30:00Z",
            "silenced",
            json!({ "Silenced": { "silence_id": made.body["id"], "matched_rule": null } }),
        ),
        ("plain", "2026-03-02T11:00:00Z", "executed", Value::Null),
    ] {
        let said = dry(&gateway, &of_kind("x", kind), &format!("&evaluate_at={at}")).await;
        assert_eq!(
            (&said["would_be"], &said["outcome"]),
            (&json!(would_be), &outcome),
            "{kind} at {at}: {said}"
        );
        let asked = json!({ "namespace": "incidents", "tenant": "acme", "provider": "log", "action_type": "notify", "payload": { "kind": kind }, "evaluate_at": at });
        let shown = gateway.post("/v1/rules/evaluate", &asked).await.body;
        assert_eq!(
            (&shown["would_be"], &shown["held_back"]),
            (&json!(would_be), &outcome),
            "{kind} at {at}: {shown}"
        );
        assert_eq!(shown["verdict"], "allow");
    }
    // From Friday night over the weekend to Monday morning.
    let said = dry(
        &gateway,
        &of_kind("x", "wait"),
        "&evaluate_at=2026-03-06T22:30:00Z",
    )
    .await;
    assert_eq!(
        (
            &said["would_be"],
            &said["outcome"]["Scheduled"]["scheduled_for"]
        ),
        (&json!("scheduled"), &json!("2026-03-09T06:00:00.000Z")),
        "{said}"
    );
    for wrong in [
        "?evaluate_at=2026-03-02T10:30:00Z",
        "?dry_run=true&evaluate_at=noon",
    ] {
        let answer = gateway
            .post(&format!("/v1/dispatch{wrong}"), &of_kind("y", "plain"))
            .await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (StatusCode::BAD_REQUEST, &json!("INVALID_QUERY")),
            "{wrong}: {}",
            answer.body
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_postponed_is_answered_at_once_and_stays_over_a_restart() {
    let rules = r"
time_intervals: [{name: for-long, on_mute: postpone, time_ranges: [{years: [{start: 2000, end: YEAR}]}]}]
rules: [{name: wait, condition: 'true', mute_time_intervals: [for-long], action: {type: allow}}]
";
    let gateway = Gateway::with_rules("rules: []", LOG).await;
    let asked = json!({ "namespace": "n", "tenant": "t", "provider": "log", "action_type": "x", "payload": {} });
    let year = gateway.post("/v1/rules/evaluate", &asked).await.body["context"]["time"]["year"]
        .as_i64()
        .expect("a year");
    let folder = tempfile::tempdir().expect("a folder");
    let configuration =
        crate::support::with_rules_in(&folder, &rules.replace("YEAR", &year.to_string()), LOG);
    let gateway = Gateway::start_in(folder, &configuration).await;
    let began = tokio::time::Instant::now();
    let outcome = gateway
        .post_preferring("/v1/dispatch", &of_kind("a", "x"), "wait=50")
        .await
        .body;
    assert!(
        began.elapsed() < std::time::Duration::from_secs(40),
        "nobody waits for next year"
    );
    let due = json!(format!("{}-01-01T00:00:00.000Z", year + 1));
    assert_eq!(
        (
            &outcome["Scheduled"]["scheduled_for"],
            &outcome["Scheduled"]["last_error"]["code"]
        ),
        (&due, &json!("MUTED")),
        "{outcome}"
    );
    let again = gateway
        .post_preferring("/v1/dispatch", &of_kind("a", "x"), "respond-async")
        .await
        .body;
    assert_eq!(again, outcome, "who asks again hears the same");
    let gateway = gateway.restart(&configuration).await;
    let record = gateway.get("/v1/audit/a").await.body;
    assert_eq!(
        (&record["outcome"], &record["matched_rule"]),
        (&json!("scheduled"), &json!("wait")),
        "{record}"
    );
    assert_eq!(
        (&record["outcome_details"], &record["next_attempt_at"]),
        (&outcome["Scheduled"], &due),
        "{record}"
    );
    let view = gateway.get("/v1/actions/a").await.body;
    assert_eq!(
        (&view["outcome"], &view["next_attempt_at"]),
        (&outcome, &due),
        "whoever looks later hears why, too"
    );
}
