//! What callers are told about bodies that cannot be read: where, what was found, and what belongs there, in their own words. No parser's.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, Client, Gateway, action};

const CONFIGURATION: &str =
    "circuit_breaker.enabled = true\n[[providers]]\nname = \"log\"\ntype = \"log\"\n";

/// Words that only a parser has.
const OF_PARSERS: [&str; 15] = [
    "invalid type",
    "invalid value",
    "invalid length",
    "EOF while",
    "missing field",
    "unknown field",
    "unknown variant",
    "expected value",
    "expected `",
    "expected a ",
    "expected u",
    "expected i",
    "trailing c",
    "key must be a string at",
    "line 1 column",
];

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
    let mut hypothesis = whole.clone();
    for (field, value) in [
        ("evaluate_all", json!(true)),
        ("evaluate_at", json!("2026-01-01T00:00:00Z")),
    ] {
        hypothesis[field] = value;
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
        (Method::POST, "/v1/rules/evaluate".into(), hypothesis),
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

/// The body with each value in it, however deep, replaced by each of `values`; and where.
fn mutations(body: &Value, values: &[Value], path: &str, found: &mut Vec<(String, Value)>) {
    let put = |place: String,
               child: &Value,
               into: &dyn Fn(&Value) -> Value,
               found: &mut Vec<(String, Value)>| {
        found.extend(values.iter().map(|value| (place.clone(), into(value))));
        let mut within = Vec::new();
        mutations(child, values, &place, &mut within);
        found.extend(
            within
                .into_iter()
                .map(|(place, changed)| (place, into(&changed))),
        );
    };
    let with = |key: &dyn Fn(&mut Value) -> &mut Value, value: &Value| {
        let mut body = body.clone();
        *key(&mut body) = value.clone();
        body
    };
    match body {
        Value::Object(fields) => {
            for (name, child) in fields {
                let place = format!("{path}.{name}");
                put(
                    place,
                    child,
                    &|value| with(&|body| &mut body[name.as_str()], value),
                    found,
                );
            }
        }
        Value::Array(items) => {
            for (number, child) in items.iter().enumerate() {
                put(
                    format!("{path}[{number}]"),
                    child,
                    &|value| with(&|body| &mut body[number], value),
                    found,
                );
            }
        }
        _ => {}
    }
}

/// Whether a message is in people's words, and names the field that stands at `place`.
fn assert_well_said(place: &str, answer: &Answer) {
    let message = answer.body["message"]
        .as_str()
        .unwrap_or_else(|| panic!("{place}: {} {}", answer.status, answer.body));
    for word in OF_PARSERS {
        assert!(!message.contains(word), "{place}: {message}");
    }
    let field = answer.body["fields"][0]["field"]
        .as_str()
        .unwrap_or_else(|| panic!("{place}: no field is named: {}", answer.body));
    let named = place.trim_start_matches('.');
    assert!(
        field.starts_with(named) || named.starts_with(field),
        "{place}: {field}: {message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_stands_in_a_field_is_taken_or_told_of_by_the_fields_name() {
    let gateway = Gateway::start(CONFIGURATION).await;
    let values: Vec<Value> = serde_json::from_str(
        r#"[5, -1, 1.5, 1e30, 99999999999999999999, true, "", " ", "x", "\u0000", [], [1], {}, {"a": 1}, [{"a": 1}]]"#,
    )
    .expect("values");
    let mut told = 0;
    for (method, path, body) in routes(&gateway).await {
        let mut changed = Vec::new();
        mutations(&body, &values, "", &mut changed);
        for (place, body) in changed {
            let answer = send(&gateway, &method, &path, &body.to_string()).await;
            if answer.status == StatusCode::UNPROCESSABLE_ENTITY
                || answer.status == StatusCode::BAD_REQUEST
            {
                assert_well_said(&place, &answer);
                told += 1;
            }
            assert!(
                !answer.status.is_server_error(),
                "{method} {path} {place} {body}: {}",
                answer.body
            );
        }
    }
    assert!(told > 1000, "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_no_route_knows_is_refused_with_the_one_that_was_meant() {
    let gateway = Gateway::start(CONFIGURATION).await;
    for (method, path, body) in routes(&gateway).await {
        for name in body.as_object().expect("an object").keys() {
            let (cut, capital) = (name[..name.len() - 1].to_owned(), name.to_ascii_uppercase());
            for misspelt in [
                cut.as_str(),
                capital.as_str(),
                &name.replace('_', "-"),
                "zzzzzzzzzzzz",
            ] {
                if body.get(misspelt).is_some() || ["end", "start"].contains(&misspelt) {
                    continue;
                }
                let mut body = body.clone();
                let fields = body.as_object_mut().expect("an object");
                let value = fields.remove(name).expect("a value");
                fields.insert(misspelt.to_owned(), value);
                let answer = send(&gateway, &method, &path, &body.to_string()).await;
                assert_eq!(
                    answer.status,
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "{method} {path} {misspelt}: {}",
                    answer.body
                );
                let told = answer.body["fields"]
                    .as_array()
                    .expect("fields")
                    .iter()
                    .find(|told| told["field"] == misspelt);
                let message = told
                    .and_then(|told| told["message"].as_str())
                    .unwrap_or_default();
                let wanted = if misspelt.starts_with('z') {
                    "is not known here; known are: "
                } else {
                    "is not known here; did you mean "
                };
                assert!(
                    message.starts_with(wanted),
                    "{method} {path} {misspelt}: {}",
                    answer.body
                );
                assert!(
                    misspelt.starts_with('z') || message.contains(name.as_str()) || name.len() < 4,
                    "{misspelt}: {message}"
                );
            }
        }
    }
    let mut traced = action("traced", "log", &json!({}));
    traced["trace_context"] = json!({ "traceparent": "00-1-2-3" });
    traced["metadata"] = json!({ "anything": "at all", "metdata": "x" });
    assert!(gateway.dispatch(&traced).await.get("Executed").is_some());
    let mut misspelt = action("misspelt", "log", &json!({}));
    misspelt["metdata"] = json!({ "team": "pay" });
    let batch = gateway
        .post(
            "/v1/dispatch/batch",
            &json!([misspelt, action("good", "log", &json!({}))]),
        )
        .await
        .body;
    assert_eq!(
        batch[0]["error"]["fields"][0]["field"], "metdata",
        "{batch}"
    );
    assert!(batch[1].get("Executed").is_some(), "{batch}");
}

/// A body, the status, and the whole message.
fn told() -> Vec<(&'static str, u16, &'static str)> {
    let whole = r#""namespace":"n","tenant":"t","provider":"log","action_type":"x","payload":{}"#;
    let leak = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    let with = |more: &str| leak(format!("{{{whole},{more}}}"));
    let empty = "the body is empty; expected an action with namespace, tenant, provider, action_type and payload as JSON";
    let object = "the body must be a JSON object, an action with namespace, tenant, provider, action_type and payload, is ";
    vec![
        ("", 400, empty),
        (" \n\t", 400, empty),
        ("\u{feff}", 400, empty),
        ("[]", 422, leak(format!("{object}a list"))),
        ("\"x\"", 422, leak(format!("{object}a string"))),
        ("null", 422, leak(format!("{object}null"))),
        ("5", 422, leak(format!("{object}a number"))),
        (
            "{\"a\":",
            400,
            "the body is not JSON: it ends at line 1, column 5, in the middle of something; was it cut short?",
        ),
        (
            "{\"a\":1",
            400,
            "the body is not JSON: it ends at line 1, column 6, in the middle of something; was it cut short?",
        ),
        (
            "{'a':1}",
            400,
            "the body is not JSON: at line 1, column 2 stands \"'a':1}\", which cannot stand there; names and texts stand in double quotes",
        ),
        (
            "{\n  \"中\": 1,\n}",
            400,
            "the body is not JSON: at line 3, column 1 stands \"}\", which cannot stand there; the comma before it is one too many",
        ),
        (
            "{\"中\":x}",
            400,
            "the body is not JSON: at line 1, column 6 stands \"x}\", which cannot stand there",
        ),
        (
            "{\"a\":NaN}",
            400,
            "the body is not JSON: at line 1, column 6 stands \"NaN}\", which cannot stand there; send such a number as text, or leave it out",
        ),
        (
            "{\"a\":None}",
            400,
            "the body is not JSON: at line 1, column 6 stands \"None}\", which cannot stand there; JSON's words are null, true and false",
        ),
        (
            "// hello\n{}",
            400,
            "the body is not JSON: at line 1, column 1 stands \"// hello\\n{}\", which cannot stand there; JSON has no comments",
        ),
        (
            "{} {}",
            400,
            "the body is not JSON: at line 1, column 4 stands \"{}\", which cannot stand there; one thing is sent at a time, and a list of actions to /v1/dispatch/batch",
        ),
        (
            "namespace=n&tenant=t",
            400,
            "the body is not JSON: at line 1, column 1 stands \"namespace=n&tenant=t\", which cannot stand there; a form's fields are not taken, send JSON",
        ),
        (
            "{\"a\":\"x\ny\"}",
            400,
            "the body is not JSON: at line 1, column 8 stands \"\\ny\\\"}\", which cannot stand there; in texts, line breaks and other control characters are written like \\n and \\u0000",
        ),
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
            with(r#""template":"a""#),
            422,
            "template is not supported by this version; leave it out",
        ),
        (
            r#"{"namespace":"n","tenant":"t","provider":"log","action_type":"x"}"#,
            422,
            "payload is missing",
        ),
    ]
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
