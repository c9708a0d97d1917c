//! Fields: whatever stands in them, and unknown ones.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{CONFIGURATION, routes, send};
use crate::support::{Answer, Gateway, action};

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
