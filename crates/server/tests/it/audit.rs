//! The audit trail and the dead letters over HTTP.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Gateway, action};

const PROVIDERS: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";
const DOWN: &str = "retry.durable = false\nretry.max_retries = 0\n[[providers]]\nname = \"log\"\ntype = \"log\"\n[[providers]]\nname = \"down\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:9/\"\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_record_tells_all_that_happened() {
    let gateway = Gateway::start(&format!(
        "audit.redact = [\"payload.secret\", \"metadata.token\"]\n{DOWN}"
    ))
    .await;
    let mut failing = action("a", "down", &json!({ "secret": "xyzzy", "text": "hello" }));
    (failing["metadata"], failing["dedup_key"]) = (
        json!({ "severity": "critical", "token": "xyzzy" }),
        json!("k"),
    );
    gateway.dispatch(&failing).await;
    let record = gateway.get("/v1/audit/a").await.body;
    assert_eq!(
        record["action_payload"],
        json!({ "secret": "[redacted]", "text": "hello" })
    );
    assert_eq!(
        record["metadata"],
        json!({ "severity": "critical", "token": "[redacted]", "__dedup_key": "k" })
    );
    assert_eq!(
        (
            &record["outcome"],
            &record["outcome_details"]["code"],
            &record["state"]
        ),
        (&json!("failed"), &json!("CONNECTION"), &json!("dead"))
    );
    assert_eq!(
        (
            &record["caller_id"],
            &record["auth_method"],
            &record["origin"]
        ),
        (&json!(""), &json!("anonymous"), &json!("api"))
    );
    let attempt = &record["attempt_history"][0];
    assert_eq!(
        (
            &attempt["number"],
            &attempt["provider"],
            &attempt["error"]["code"]
        ),
        (&json!(1), &json!("down"), &json!("CONNECTION"))
    );
    assert!(
        record["duration_ms"].is_u64()
            && record["completed_at"].is_string()
            && record["possible_duplicate"].is_boolean(),
        "{record}"
    );
    for path in [
        "/v1/actions/a",
        "/v1/dlq/a",
        "/v1/dlq",
        "/v1/audit",
        "/v1/audit/export",
    ] {
        assert!(
            !gateway.get(path).await.body.to_string().contains("xyzzy"),
            "{path}"
        );
    }
    gateway.dispatch(&action("b", "log", &json!({}))).await;
    let record = gateway.get("/v1/audit/b").await.body;
    assert_eq!(
        record["outcome_details"]["body"],
        json!({ "logged": true }),
        "the provider's answer is kept"
    );
    assert_eq!(
        gateway.get("/v1/audit/nope").await.status,
        StatusCode::NOT_FOUND
    );
}

/// A gateway with seven actions, of which the first and each third after it failed.
async fn with_seven_actions() -> Gateway {
    let gateway = Gateway::start(DOWN).await;
    for number in 0..7 {
        gateway
            .dispatch(&action(
                &format!("a{number}"),
                if number % 3 == 0 { "down" } else { "log" },
                &json!({}),
            ))
            .await;
    }
    gateway
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_a_cursor() {
    let gateway = with_seven_actions().await;
    let first = gateway
        .get("/v1/audit?limit=3&namespace=incidents")
        .await
        .body;
    assert_eq!(
        (
            &first["total"],
            &first["total_is_capped"],
            &first["limit"],
            &first["offset"]
        ),
        (&json!(7), &json!(false), &json!(3), &json!(0))
    );
    let mut ids: Vec<String> = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = gateway
            .get(&format!("/v1/audit?limit=3{cursor}"))
            .await
            .body;
        ids.extend(
            page["records"]
                .as_array()
                .expect("a list")
                .iter()
                .map(|record| record["action_id"].as_str().expect("an id").to_owned()),
        );
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(ids, ["a6", "a5", "a4", "a3", "a2", "a1", "a0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_filter_is_known() {
    let gateway = with_seven_actions().await;
    let count = async |query: &str| {
        gateway.get(&format!("/v1/audit?{query}")).await.body["records"]
            .as_array()
            .map(Vec::len)
    };
    for (query, expected) in [
        ("provider=down", 3),
        ("outcome=failed", 3),
        ("code=CONNECTION&action_type=notify&verdict=allow", 3),
        ("outcome=executed", 4),
        ("tenant=acme&caller_id=", 7),
        ("tenant=globex", 0),
        ("matched_rule=r", 0),
        ("chain_id=c", 0),
        ("from=2099-01-01T00:00:00Z", 0),
        ("to=2099-01-01T00:00:00Z&offset=5", 2),
        ("outcome=Failed", 3),
        ("verdict=ALLOW", 7),
        ("outcome=chain_started", 0),
    ] {
        assert_eq!(count(query).await, Some(expected), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_is_misspelt_or_out_of_range_is_refused() {
    let gateway = Gateway::start(DOWN).await;
    for (wrong, hint) in [
        ("outcome=faild", "did you mean failed?"),
        ("outcome=banana", "known are: executed,"),
        ("verdict=deney", "did you mean deny?"),
    ] {
        for path in ["/v1/audit", "/v1/audit/export", "/v1/dlq"] {
            let refused = gateway.get(&format!("{path}?{wrong}")).await;
            assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{path}?{wrong}");
            assert!(
                refused.body["message"]
                    .as_str()
                    .is_some_and(|text| text.contains(hint)),
                "{}",
                refused.body
            );
        }
    }
    for wrong in [
        "colour=red",
        "limit=0",
        "limit=1001",
        "cursor=x",
        "from=yesterday",
        "offset=5001",
    ] {
        assert_eq!(
            gateway.get(&format!("/v1/audit?{wrong}")).await.status,
            StatusCode::BAD_REQUEST,
            "{wrong}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_filtered() {
    let gateway = with_seven_actions().await;
    let export = gateway.get("/v1/audit/export?provider=log").await.body;
    let lines: Vec<Value> = export
        .as_str()
        .expect("lines")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(
        (lines.len(), lines[0]["action_id"].as_str()),
        (4, Some("a5"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_for_an_hour_is_sent_anew_by_code_and_time() {
    let gateway = Gateway::start(DOWN).await;
    for number in 0..5 {
        gateway
            .dispatch(&action(
                &format!("a{number}"),
                "down",
                &json!({ "n": number }),
            ))
            .await;
    }
    gateway.dispatch(&action("other", "nope", &json!({}))).await;
    let up = DOWN.replace("name = \"down\"", "name = \"gone\"").replacen(
        "name = \"log\"",
        "name = \"down\"",
        1,
    );
    let gateway = gateway.restart(&up).await;
    let query = "code=CONNECTION&from=2020-01-01T00:00:00Z&to=2099-01-01T00:00:00Z";
    let done = gateway
        .post(&format!("/v1/dlq/replay?{query}&limit=3"), &json!(null))
        .await
        .body;
    assert_eq!(
        (&done["replayed"], &done["failed"]),
        (&json!(3), &json!(0)),
        "{done}"
    );
    let done = gateway
        .post(&format!("/v1/dlq/replay?{query}"), &json!(null))
        .await
        .body;
    assert_eq!(done["replayed"], 2, "the rest, none twice");
    gateway
        .until("/v1/audit?provider=down&outcome=executed", |page| {
            page["records"]
                .as_array()
                .is_some_and(|found| found.len() == 5)
        })
        .await;
    let left = gateway.get("/v1/dlq").await.body;
    assert_eq!(
        (&left["count"], &left["entries"][0]["action"]["id"]),
        (&json!(1), &json!("other"))
    );
    let unfiltered = gateway.post("/v1/audit/replay", &json!(null)).await;
    assert_eq!(
        (unfiltered.status, unfiltered.body["code"].as_str()),
        (StatusCode::BAD_REQUEST, Some("FILTER_MISSING"))
    );
    let many = gateway
        .post(
            "/v1/audit/replay?provider=down&outcome=executed&limit=2",
            &json!(null),
        )
        .await
        .body;
    assert_eq!(
        (&many["replayed"], many["results"].as_array().map(Vec::len)),
        (&json!(2), Some(2))
    );
    let one = gateway.post("/v1/audit/a0/replay", &json!(null)).await.body;
    assert_eq!(
        (&one["original_action_id"], &one["success"], &one["error"]),
        (&json!("a0"), &json!(true), &Value::Null),
        "{one}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_hands_out_whole_letters_and_destroys_none() {
    let gateway = Gateway::start(PROVIDERS).await;
    for number in 0..3 {
        gateway
            .dispatch(&action(
                &format!("a{number}"),
                "nope",
                &json!({ "n": number }),
            ))
            .await;
    }
    assert_eq!(
        gateway.delete("/v1/dlq/a1").await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        gateway.get("/v1/dlq/stats").await.body,
        json!({ "enabled": true, "count": 2 })
    );
    let drained = gateway.post("/v1/dlq/drain", &json!(null)).await.body;
    let entry = &drained["entries"][0];
    assert_eq!(
        (
            &drained["count"],
            &entry["action_id"],
            &entry["payload"],
            &entry["code"]
        ),
        (
            &json!(2),
            &json!("a2"),
            &json!({ "n": 2 }),
            &json!("PROVIDER_NOT_FOUND")
        )
    );
    assert!(
        entry["timestamp"].is_u64() && entry["attempts"] == 0 && entry["error"].is_string(),
        "{entry}"
    );
    assert_eq!(
        gateway.post("/v1/dlq/drain", &json!(null)).await.body["count"],
        0
    );
    assert_eq!(
        gateway.get("/v1/audit?outcome=failed").await.body["total"],
        3,
        "the journal keeps them"
    );
    assert_eq!(
        gateway.get("/v1/dlq/a2").await.body["action"]["payload"],
        json!({ "n": 2 })
    );
}
