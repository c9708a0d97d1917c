//! Slips of the hand that were taken for what they say, or told as something else.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Gateway, action};

const LOG: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";

/// Posts a body as it stands: its status and its text.
async fn posted(gateway: &Gateway, body: impl Into<reqwest::Body>) -> (StatusCode, String) {
    let answer = reqwest::Client::new()
        .post(format!("{}/v1/dispatch", gateway.base()))
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
        .expect("an answer");
    (answer.status(), answer.text().await.expect("a text"))
}

fn with(field: &str, value: Value) -> Value {
    let mut body = action("a", "log", &json!({ "content": "hi" }));
    body[field] = value;
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blank_that_looks_like_another_or_like_nothing_is_in_no_name() {
    let gateway = Gateway::start(LOG).await;
    for blank in ["\u{2800}", "\u{a0}", "\u{2007}", "\u{202f}", "\u{1680}"] {
        for field in ["id", "namespace", "tenant", "provider", "action_type"] {
            let body = with(field, json!(format!("a{blank}b")));
            let answer = gateway.post("/v1/dispatch", &body).await;
            assert_eq!(
                (answer.status, answer.body["fields"][0]["field"].as_str()),
                (StatusCode::UNPROCESSABLE_ENTITY, Some(field)),
                "{blank:?}: {}",
                answer.body
            );
        }
    }
    for name in ["a b", "告警\u{3000}一"] {
        let body = with("tenant", json!(name));
        assert_eq!(
            gateway.post("/v1/dispatch", &body).await.status,
            200,
            "{name}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_that_no_rule_could_name_is_refused() {
    let gateway = Gateway::start(LOG).await;
    for name in [
        "",
        "team\u{200b}",
        "te\u{2800}am",
        "te\u{a0}am",
        "te\0am",
        "te\nam",
        "\u{202e}maet",
    ] {
        for metadata in [json!({ name: "pay" }), json!({ "labels": { name: "pay" } })] {
            let answer = gateway
                .post("/v1/dispatch", &with("metadata", metadata))
                .await;
            let told = answer.body["message"].to_string();
            assert_eq!(answer.status, 422, "{name:?}: {told}");
            assert!(told.contains("is a label's name, which must not"), "{told}");
        }
    }
    let metadata = json!({ "app.kubernetes.io/name": "x", "团队": "y", "a b": "z" });
    let answer = gateway
        .post("/v1/dispatch", &with("metadata", metadata))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_without_digits_in_its_exponent_is_no_json() {
    let gateway = Gateway::start(LOG).await;
    for number in ["1e", "-", "1e+", "1E-", "-e5", "1234567890123456789012e"] {
        let text = with("payload", json!({ "v": "HERE" }))
            .to_string()
            .replace("\"HERE\"", number);
        let (status, told) = posted(&gateway, text).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{number}: {told}");
        assert!(told.contains("INVALID_JSON"), "{number}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_known_is_told_with_what_is_near_and_nothing_that_is_not() {
    let gateway = Gateway::start(LOG).await;
    let told = async |field: &str| {
        let body = with(field, json!("x"));
        gateway.post("/v1/dispatch", &body).await.body["fields"][0]["message"].to_string()
    };
    for field in ["to", "q", ""] {
        let message = told(field).await;
        assert!(!message.contains("did you mean"), "{field:?}: {message}");
    }
    assert!(told("ids").await.contains("did you mean id?"));
    let long = told(&"x".repeat(2000)).await;
    assert!(long.contains("is not known here"), "{long}");
    let whole = gateway
        .post("/v1/dispatch", &with(&"x".repeat(2000), json!(1)))
        .await;
    let message = whole.body["message"].as_str().unwrap_or_default();
    assert!(message.contains("is not known here"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overage_says_one_thing_and_a_window_too() {
    let gateway = Gateway::start(LOG).await;
    let degrade = json!({ "fallback_provider": "log" });
    for (field, value) in [
        (
            "overage_behavior",
            json!({ "degrade": degrade, "notify": { "target": "log" } }),
        ),
        (
            "overage_behavior",
            json!({ "degrade": { "fallback_provider": "log", "target": "log" } }),
        ),
        (
            "overage_behavior",
            json!({ "degrade": degrade, "then": "block" }),
        ),
        (
            "overage_behavior",
            json!({ "notify": { "target": "log", "at": 80 } }),
        ),
        (
            "window",
            json!({ "custom": { "seconds": 60, "minutes": 5 } }),
        ),
        (
            "window",
            json!({ "custom": { "seconds": 60 }, "daily": true }),
        ),
        ("window", json!("+60")),
    ] {
        let mut body = json!({ "namespace": "n", "tenant": "t", "max_actions": 1, "window": "daily", "overage_behavior": "block" });
        body[field] = value.clone();
        let answer = gateway.post("/v1/quotas", &body).await;
        assert_eq!(
            (answer.status, answer.body["fields"][0]["field"].as_str()),
            (StatusCode::UNPROCESSABLE_ENTITY, Some(field)),
            "{value}: {}",
            answer.body
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_is_blank_is_no_filter_for_a_replay() {
    let gateway = Gateway::start(LOG).await;
    let mut lost = action("lost", "nowhere", &json!({}));
    lost["tenant"] = json!("acme");
    gateway.dispatch(&lost).await;
    for path in ["/v1/dlq/replay", "/v1/audit/replay"] {
        for filter in ["matched_rule=", "caller_id=", "caller_id=%20&matched_rule="] {
            let answer = gateway
                .post(&format!("{path}?{filter}"), &Value::Null)
                .await;
            assert_eq!(
                (answer.status, answer.body["code"].as_str()),
                (StatusCode::BAD_REQUEST, Some("FILTER_MISSING")),
                "{path}?{filter}: {}",
                answer.body
            );
        }
    }
    for filter in ["provider=", "action_type=", "provider=%20"] {
        for path in ["/v1/audit", "/v1/dlq"] {
            let answer = gateway.get(&format!("{path}?{filter}")).await;
            assert_eq!(
                (answer.status, answer.body["code"].as_str()),
                (StatusCode::BAD_REQUEST, Some("INVALID_QUERY")),
                "{path}?{filter}: {}",
                answer.body
            );
        }
    }
    let answer = gateway
        .post("/v1/dlq/replay?caller_id=&tenant=acme", &Value::Null)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_matcher_that_is_probably_not_meant_is_told() {
    let gateway = Gateway::start(LOG).await;
    for (name, value, part) in [
        ("labels.severity", "x", "did you mean severity?"),
        ("$labels.severity", "x", "did you mean severity?"),
        ("label.severity", "x", "did you mean severity?"),
        ("time.hour", "3", "silences look at actions only"),
        ("now", "3", "silences look at actions only"),
        ("env.STAGE", "prod", "silences look at actions only"),
        ("action", "x", "is taken for a label"),
        ("severity=", "critical", "an operator in its name"),
        ("severity=~", "critical", "an operator in its name"),
        ("severity!", "critical", "an operator in its name"),
        ("severity", "\"critical\"", "stands in quotes"),
        ("severity", "'critical'", "stands in quotes"),
        (
            "severity",
            "critical\u{200b}",
            "characters that nobody sees",
        ),
        ("severity", "critical ", "a blank at an end"),
        ("action.action_type", "", "is never blank"),
        ("action.metadata", "x", "no action has one value there"),
    ] {
        let body = json!({ "namespace": "n", "tenant": "t", "duration_seconds": 60, "matchers": [{ "name": name, "value": value }] });
        let made = gateway.post("/v1/silences", &body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{name}: {}", made.body);
        let told = made.body["warnings"].to_string();
        assert!(told.contains(part), "{name}={value:?}: {told}");
    }
    for (name, value) in [
        ("severity", "critical"),
        ("a=b", "x"),
        ("action.payload.n", "5"),
    ] {
        let body = json!({ "namespace": "n", "tenant": "t", "duration_seconds": 60, "matchers": [{ "name": name, "value": value }] });
        let made = gateway.post("/v1/silences", &body).await;
        assert_eq!(made.body["warnings"], Value::Null, "{name}: {}", made.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_in_utf_16_without_a_mark_is_told_as_that() {
    let gateway = Gateway::start(LOG).await;
    let text = with("payload", json!({ "content": "告警" })).to_string();
    for bytes in [
        text.encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<u8>>(),
        text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    ] {
        let (status, told) = posted(&gateway, bytes).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{told}");
        assert!(
            told.contains("the body is UTF-16; send it as UTF-8"),
            "{told}"
        );
    }
}
