//! Payloads are read once, at the door. What its readers would not read alike is refused there with its place; everything else is the same for
//! rules, wire, store and audit, byte for byte where nobody changes it.

mod stages;

use acteon_fakes::webhook::Receiver;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, Client, Gateway, action};

const RULES: &str = r#"
rules:
  - name: numbers
    priority: 2
    condition: { field: action.action_type, eq: numbers }
    action: { type: modify, changes: { ratio: "{{ double(action.payload.text) * 2.0 }}" } }
  - name: echo
    priority: 3
    condition: { field: action.action_type, eq: echo }
    action: { type: modify, changes: { seen: ["{{ action.payload.value }}"] } }
  - name: stamp
    priority: 4
    condition: { field: action.action_type, eq: notify }
    action: { type: modify, changes: { stamped: true } }
"#;

async fn with_hook(receiver: &Receiver) -> Gateway {
    Gateway::with_rules(
        RULES,
        &format!(
            "[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{}\"\n",
            receiver.url()
        ),
    )
    .await
}

async fn receiver() -> Receiver {
    Receiver::start(|_| (200, "{}".into()))
        .await
        .expect("a receiver")
}

/// An action as text, for what a JSON value cannot hold.
fn written(id: &str, payload: &str) -> String {
    action(id, "hook", &json!("PAYLOAD"))
        .to_string()
        .replace("\"PAYLOAD\"", payload)
}

async fn post(gateway: &Client, path: &str, body: String) -> Answer {
    gateway
        .try_send(Method::POST, path, Some(body), None)
        .await
        .expect("an answer")
}

/// What is refused, and the field that is named.
fn flawed() -> Vec<(String, &'static str)> {
    let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(70), "]".repeat(70));
    vec![
        (
            r#"{"a":[0,1,2,{"b":1e400}],"text":"keep me"}"#.into(),
            "payload.a[3].b",
        ),
        (r#"{"n":-1e999}"#.into(), "payload.n"),
        (format!(r#"{{"n":{}}}"#, "9".repeat(400)), "payload.n"),
        (r#"{"text":"cut \ud83d"}"#.into(), "payload.text"),
        (r#"{"text":"\ude00"}"#.into(), "payload.text"),
        (r#"{"\ud83d":1}"#.into(), r#"payload["\ud83d"]"#),
        (
            r#"{"cmd":{"run":"ls","run":"rm"}}"#.into(),
            "payload.cmd.run",
        ),
        (deep, ""),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_readers_would_not_read_alike_is_refused_with_its_place() {
    let receiver = receiver().await;
    let gateway = with_hook(&receiver).await;
    for (payload, place) in flawed() {
        let body = written("bad", &payload);
        for path in ["/v1/dispatch", "/v1/dispatch?dry_run=true"] {
            let answer = post(&gateway, path, body.clone()).await;
            assert_eq!(
                answer.status,
                StatusCode::UNPROCESSABLE_ENTITY,
                "{path} {payload:.80}: {}",
                answer.body
            );
            assert_eq!(
                answer.body["fields"][0]["field"]
                    .as_str()
                    .unwrap_or_default(),
                place,
                "{path}: {}",
                answer.body
            );
        }
        let batch = post(
            &gateway,
            "/v1/dispatch/batch",
            format!("[{body},{}]", written("good", "{}")),
        )
        .await;
        assert_eq!(
            batch.status,
            StatusCode::OK,
            "{payload:.80}: {}",
            batch.body
        );
        assert_eq!(
            batch.body[0]["error"]["fields"][0]["field"]
                .as_str()
                .unwrap_or_default(),
            place,
            "{}",
            batch.body
        );
        assert!(
            batch.body[1].get("Executed").is_some(),
            "the others go: {}",
            batch.body
        );
        let evaluate_request = body.replace(r#""id":"bad","#, "");
        let evaluated = post(&gateway, "/v1/rules/evaluate", evaluate_request).await;
        assert_eq!(
            evaluated.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{payload:.80}: {}",
            evaluated.body
        );
    }
    assert_eq!(
        gateway.get("/v1/actions/bad").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_and_labels_that_readers_would_not_read_alike_are_refused() {
    let gateway = with_hook(&receiver().await).await;
    for (field, body) in [
        (
            "id",
            written("bad", "{}").replace(r#""bad""#, r#""\ud800""#),
        ),
        (
            "metadata.team",
            written("bad", "{}")
                .replace(r#""payload""#, r#""metadata":{"team":"\udc00"},"payload""#),
        ),
        (
            "metadata.team",
            written("bad", "{}").replace(
                r#""payload""#,
                r#""metadata":{"team":"a","team":"b"},"payload""#,
            ),
        ),
        (
            "metadata.labels.team",
            r#"{"metadata":{"team":"a","labels":{"team":"b"}}}"#.into(),
        ),
    ] {
        let answer = post(&gateway, "/v1/dispatch", body).await;
        assert_eq!(
            answer.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{}",
            answer.body
        );
        let fields = answer.body["fields"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let is_named = |found: &Value| found["field"].as_str() == Some(field);
        assert!(fields.iter().any(is_named), "{field}: {}", answer.body);
    }
    assert_eq!(
        gateway.get("/v1/actions/bad").await.status,
        StatusCode::NOT_FOUND
    );
}

/// A `modify` rule changes what it names; numbers beyond doubles beside it go as they came, to the wire, to the store and to the audit.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_rule_does_not_name_goes_byte_for_byte() {
    let receiver = receiver().await;
    let gateway = with_hook(&receiver).await;
    let inner = r#""big":123456789012345678901234567890,"price":1.10,"exp":1E+2,"name":"\u4e2d\ud83d\ude00""#;
    let answer = post(
        &gateway,
        "/v1/dispatch",
        written("a", &format!("{{{inner}}}")),
    )
    .await;
    assert!(answer.body.get("Executed").is_some(), "{}", answer.body);
    let sent = receiver.requests().pop().expect("a request");
    assert!(
        sent.text.contains(&format!("{{{inner},\"stamped\":true}}")),
        "{}",
        sent.text
    );
    for path in ["/v1/audit/a", "/v1/actions/a"] {
        let shown = reqwest::get(format!("{}{path}", gateway.base()))
            .await
            .expect("an answer")
            .text()
            .await
            .expect("text");
        assert!(shown.contains(&format!("{{{inner}}}")), "{path}: {shown}");
    }
}

/// Written as JSON, what is no number would be null, which in a patch takes the field away.
#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_is_no_number_is_an_error_and_changes_nothing() {
    let receiver = receiver().await;
    let gateway = with_hook(&receiver).await;
    for text in ["nan", "inf", "1e308", "-1e308"] {
        let mut numbers = action(
            &format!("n-{text}"),
            "hook",
            &json!({ "text": text, "ratio": 5 }),
        );
        numbers["action_type"] = json!("numbers");
        let tried = post(&gateway, "/v1/dispatch?dry_run=true", numbers.to_string())
            .await
            .body["DryRun"]
            .clone();
        assert_eq!(tried["matched_rule"], Value::Null, "{text}: {tried}");
        assert!(
            tried["rule_errors"][0]
                .as_str()
                .is_some_and(|error| error.starts_with("numbers: ")),
            "{text}: {tried}"
        );
        gateway.dispatch(&numbers).await;
        assert_eq!(
            receiver.requests().pop().expect("a request").body["payload"]["ratio"],
            5,
            "{text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_that_differ_in_a_digit_beyond_doubles_are_two_requests() {
    let receiver = receiver().await;
    let gateway = with_hook(&receiver).await;
    assert_eq!(
        post(
            &gateway,
            "/v1/dispatch",
            written("a", r#"{"order":18446744073709551617,"x":1}"#)
        )
        .await
        .status,
        StatusCode::OK
    );
    let other = post(
        &gateway,
        "/v1/dispatch",
        written("a", r#"{"x":1,"order":18446744073709551618}"#),
    )
    .await;
    assert_eq!(
        (other.status, other.body["code"].as_str()),
        (StatusCode::CONFLICT, Some("ID_CONFLICT")),
        "{}",
        other.body
    );
    let same = post(
        &gateway,
        "/v1/dispatch",
        written("a", r#"{ "x":1, "order":18446744073709551617 }"#),
    )
    .await;
    assert_eq!(same.status, StatusCode::OK, "{}", same.body);
}

/// Whatever a service answers, callers read JSON, and a success is shown with a body.
#[tokio::test(flavor = "multi_thread")]
async fn answers_of_a_service_can_be_read_whatever_it_sent() {
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    for answer in [
        r#"{"n":1e400}"#.to_owned(),
        r#"{"text":"cut \ud83d"}"#.to_owned(),
        deep(63),
        deep(126),
        deep(5000),
        "no JSON".to_owned(),
    ] {
        let shown = answer.clone();
        let receiver = Receiver::start(move |_| (200, answer.clone()))
            .await
            .expect("a receiver");
        let gateway = with_hook(&receiver).await;
        let outcome = gateway.dispatch(&action("a", "hook", &json!({}))).await;
        assert!(
            outcome["Executed"]["body"].is_object() || outcome["Executed"]["body"].is_array(),
            "{shown:.80}: {outcome}"
        );
        let replayed = gateway.post("/v1/audit/a/replay", &json!({})).await.body;
        assert!(
            replayed["outcome"]["Executed"]["body"] == outcome["Executed"]["body"],
            "{shown:.80}: {replayed}"
        );
        let audit = gateway.get("/v1/audit/a").await.body;
        assert_eq!(
            audit["outcome_details"]["body"], outcome["Executed"]["body"],
            "{shown:.80}: {audit}"
        );
    }
}

/// What clients fill in for what they do not have counts as absent, and an instant beyond the calendar as its end.
#[tokio::test(flavor = "multi_thread")]
async fn blanks_and_zero_times_are_absent() {
    let receiver = receiver().await;
    let gateway = with_hook(&receiver).await;
    let mut blank = action("a", "hook", &json!({}));
    for (field, value) in [("dedup_key", ""), ("status", " "), ("fingerprint", "\t")] {
        blank[field] = json!(value);
    }
    for field in ["ends_at", "expires_at"] {
        blank[field] = json!("0001-01-01T00:00:00Z");
    }
    blank["starts_at"] = json!("9999-12-31T23:59:59.999Z");
    let outcome = gateway.dispatch(&blank).await;
    assert!(outcome.get("Executed").is_some(), "{outcome}");
    let shown = gateway.get("/v1/actions/a").await.body["action"].clone();
    for field in [
        "dedup_key",
        "status",
        "fingerprint",
        "ends_at",
        "expires_at",
    ] {
        assert_eq!(shown.get(field), None, "{shown}");
    }
    assert!(
        shown["starts_at"]
            .as_str()
            .is_some_and(|time| time.starts_with("9999-12-3")),
        "{shown}"
    );
}
