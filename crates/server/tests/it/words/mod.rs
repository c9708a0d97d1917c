//! What callers are told about bodies that cannot be read: where, what was found, and what belongs there, in their own words. No parser's.

mod fields;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, Client, Gateway, action};

const CONFIGURATION: &str =
    "circuit_breaker.enabled = true\n[[providers]]\nname = \"log\"\ntype = \"log\"\n";

async fn send(client: &Client, method: &Method, path: &str, body: &str) -> Answer {
    client
        .try_send(method.clone(), path, Some(body.to_owned()), None)
        .await
        .expect("an answer")
}

/// Every route that reads a body, with one that it takes.
async fn routes(client: &Client) -> Vec<(Method, String, Value)> {
    let silence = json!({ "namespace": "n", "tenant": "t", "matchers": [{ "name": "no", "value": "no", "op": "equal" }],
        "starts_at": "2026-01-01T00:00:00Z", "duration_seconds": 60, "comment": "c" });
    let quota = json!({ "namespace": "n", "tenant": "t", "max_actions": 9, "window": "daily", "overage_behavior": "warn",
        "provider": "log", "principal": "p", "per_principal": false, "description": "d", "labels": { "a": "b" }, "enabled": true });
    let times = json!([{ "start": "09:00", "end": "10:00" }]);
    let range = json!({ "times": times, "weekdays": [{ "start": 1, "end": 1 }], "days_of_month": [{ "start": 1, "end": -1 }],
        "months": [{ "start": 1, "end": 1 }], "years": [{ "start": 2026, "end": 2027 }] });
    let interval = json!({ "namespace": "n", "tenant": "t", "name": "i", "location": "UTC", "description": "d", "time_ranges": [range] });
    let made = async |path: &str, body: &Value| {
        let made = client.post(path, body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
        format!("{path}/{}", made.body["id"].as_str().unwrap_or("n/t/i"))
    };
    let silence_path = made("/v1/silences", &silence).await;
    let quota_path = made("/v1/quotas", &quota).await;
    let interval_path = made("/v1/time-intervals", &interval).await;
    let mut whole = action("a", "log", &json!({ "content": "x" }));
    for (field, value) in [
        ("metadata", json!({ "a": "b" })),
        ("dedup_key", json!("k")),
        ("expires_at", json!("2099-01-01T00:00:00Z")),
    ] {
        whole[field] = value;
    }
    let mut evaluate_request = whole.clone();
    for (field, value) in [
        ("evaluate_all", json!(true)),
        ("evaluate_at", json!("2026-01-01T00:00:00Z")),
    ] {
        evaluate_request[field] = value;
    }
    let mut preview = silence.clone();
    preview["last"] = json!(5);
    let without = |body: &Value, fields: &[&str]| {
        let mut body = body.clone();
        body.as_object_mut()
            .expect("an object")
            .retain(|field, _| !fields.contains(&field.as_str()));
        body
    };
    let quota_change = without(&quota, &["provider", "principal", "per_principal"]);
    vec![
        (Method::POST, "/v1/dispatch?dry_run=true".into(), whole),
        (Method::POST, "/v1/rules/evaluate".into(), evaluate_request),
        (Method::POST, "/v1/silences".into(), silence.clone()),
        (Method::POST, "/v1/silences/preview".into(), preview),
        (
            Method::PUT,
            silence_path,
            json!({ "ends_at": "2099-01-01T00:00:00Z", "comment": "c", "namespace": "n", "tenant": "t" }),
        ),
        (Method::POST, "/v1/quotas".into(), quota.clone()),
        (Method::PUT, quota_path, quota_change),
        (Method::POST, "/v1/time-intervals".into(), interval.clone()),
        (Method::PUT, interval_path, interval),
        (
            Method::PUT,
            "/v1/rules/none/enabled".into(),
            json!({ "enabled": true }),
        ),
        (
            Method::POST,
            "/v1/rules/reload".into(),
            json!({ "directory": "rules" }),
        ),
    ]
}

/// Bodies that are no JSON, and what is said of each.
const NO_JSON: &[(&str, &str)] = &[
    (
        "{\"a\":",
        "the body is not JSON: it ends at line 1, column 5, in the middle of something; was it cut short?",
    ),
    (
        "{\"a\":1",
        "the body is not JSON: it ends at line 1, column 6, in the middle of something; was it cut short?",
    ),
    (
        "{'a':1}",
        "the body is not JSON: at line 1, column 2 stands \"'a':1}\", which cannot stand there; names and texts stand in double quotes",
    ),
    (
        "{\n  \"中\": 1,\n}",
        "the body is not JSON: at line 3, column 1 stands \"}\", which cannot stand there; the comma before it is one too many",
    ),
    (
        "{\"中\":x}",
        "the body is not JSON: at line 1, column 6 stands \"x}\", which cannot stand there",
    ),
    (
        "{\"a\":NaN}",
        "the body is not JSON: at line 1, column 6 stands \"NaN}\", which cannot stand there; send such a number as text, or leave it out",
    ),
    (
        "{\"a\":None}",
        "the body is not JSON: at line 1, column 6 stands \"None}\", which cannot stand there; JSON's words are null, true and false",
    ),
    (
        "// hello\n{}",
        "the body is not JSON: at line 1, column 1 stands \"// hello\\n{}\", which cannot stand there; JSON has no comments",
    ),
    (
        "{} {}",
        "the body is not JSON: at line 1, column 4 stands \"{}\", which cannot stand there; one thing is sent at a time, and a list of actions to /v1/dispatch/batch",
    ),
    (
        "namespace=n&tenant=t",
        "the body is not JSON: at line 1, column 1 stands \"namespace=n&tenant=t\", which cannot stand there; a form's fields are not taken, send JSON",
    ),
    (
        "{\"a\":\"x\ny\"}",
        "the body is not JSON: at line 1, column 8 stands \"\\ny\\\"}\", which cannot stand there; in texts, line breaks and other control characters are written like \\n and \\u0000",
    ),
];

/// A body, the status, and the whole message.
fn told() -> Vec<(&'static str, u16, &'static str)> {
    let whole = r#""namespace":"n","tenant":"t","provider":"log","action_type":"x","payload":{}"#;
    let leak = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    let with = |more: &str| leak(format!("{{{whole},{more}}}"));
    let empty = "the body is empty; expected an action with namespace, tenant, provider, action_type and payload as JSON";
    let object = "the body must be a JSON object, an action with namespace, tenant, provider, action_type and payload, is ";
    let others = [
        ("", 400, empty),
        (" \n\t", 400, empty),
        ("\u{feff}", 400, empty),
        ("[]", 422, leak(format!("{object}a list"))),
        ("\"x\"", 422, leak(format!("{object}a string"))),
        ("null", 422, leak(format!("{object}null"))),
        ("5", 422, leak(format!("{object}a number"))),
        (
            with(r#""metadata":["a"]"#),
            422,
            "metadata must be an object of strings, is a list",
        ),
        (
            with(r#""metadata":{"a":{"b":"c"}}"#),
            422,
            "metadata.a must be a string, is an object",
        ),
        (
            with(r#""metadata":{"labels":{"a":1}}"#),
            422,
            "metadata.labels.a must be a string, is a number",
        ),
        (
            with(r#""expires_at":"soon""#),
            422,
            "expires_at must be an RFC 3339 time such as 2026-01-31T09:00:00Z, is \"soon\"",
        ),
        (
            with(r#""expires_at":1767225600"#),
            422,
            "expires_at must be a string, is a number",
        ),
        (
            with(r#""dedup_key":["a"]"#),
            422,
            "dedup_key must be a string, is a list",
        ),
        (
            with(r#""dedupkey":"a""#),
            422,
            "dedupkey is not known here; did you mean dedup_key?",
        ),
        (
            with(r#""attachments":["a"]"#),
            422,
            "attachments[0] must be an object, is a string",
        ),
        (
            r#"{"namespace":"n","tenant":"t","provider":"log","action_type":"x"}"#,
            422,
            "payload is missing",
        ),
    ];
    let no_json = NO_JSON.iter().map(|(body, said)| (*body, 400, *said));
    no_json.chain(others).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_message_is_a_sentence_for_whoever_wrote_the_body() {
    let gateway = Gateway::start(CONFIGURATION).await;
    for (body, status, message) in told() {
        let answer = send(&gateway, &Method::POST, "/v1/dispatch", body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body["message"].as_str()),
            (status, Some(message)),
            "{body}"
        );
    }
    for (method, path, _) in routes(&gateway).await {
        for body in [
            "{",
            "{\"a\":}",
            "{}{}",
            "tru",
            "\u{feff}{",
            "{\"a\":+1}",
            "[1,]",
        ] {
            let answer = send(&gateway, &method, &path, body).await;
            let message = answer.body["message"].as_str().unwrap_or_default();
            assert!(
                answer.status == StatusCode::BAD_REQUEST
                    && message.starts_with("the body is not JSON: "),
                "{method} {path} {body}: {message}"
            );
        }
    }
    let batch = send(&gateway, &Method::POST, "/v1/dispatch/batch", "{}")
        .await
        .body;
    assert_eq!(
        batch["message"],
        "the body must be a list of actions, is an object"
    );
}

/// Windows' editors begin a text with the mark of its byte order.
#[tokio::test(flavor = "multi_thread")]
async fn a_byte_order_mark_is_passed_over() {
    let gateway = Gateway::start(CONFIGURATION).await;
    let body = format!("\u{feff}{}", action("marked", "log", &json!({})));
    assert!(
        send(&gateway, &Method::POST, "/v1/dispatch", &body)
            .await
            .body
            .get("Executed")
            .is_some()
    );
    let batch = send(
        &gateway,
        &Method::POST,
        "/v1/dispatch/batch",
        &format!("\u{feff}[{}]", action("two", "log", &json!({}))),
    )
    .await;
    assert!(batch.body[0].get("Executed").is_some(), "{}", batch.body);
    assert_eq!(
        send(
            &gateway,
            &Method::POST,
            "/v1/dlq/replay?tenant=zzz",
            "\u{feff}{}"
        )
        .await
        .status,
        StatusCode::OK
    );
}
