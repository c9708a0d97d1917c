//! Bodies that are made to cost much.

use std::fmt::Write as _;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::time::Instant;

use super::{CONFIGURATION, answer_to, connect, head_of, read_answer};
use crate::support::{Gateway, action};

pub(super) const MIB: usize = 1024 * 1024;
/// Longest answer to a refusal.
const MOST: usize = 64 * 1024;

/// An object of so many bytes, with as many distinct names as fit, all with one value.
fn names(bytes: usize, value: &str) -> String {
    let mut text = String::from("{");
    let mut number = 0;
    while text.len() < bytes - 32 {
        write!(text, "\"{number:x}\":{value},").expect("written");
        number += 1;
    }
    text.pop();
    text + "}"
}

fn labelled(metadata: &str) -> String {
    format!(
        r#"{{"namespace":"n","tenant":"t","provider":"log","action_type":"x","payload":{{}},"metadata":{metadata}}}"#
    )
}

/// What is sent where, and the status that is right.
pub(super) fn bodies() -> Vec<(&'static str, &'static str, String, StatusCode)> {
    let wrong = StatusCode::UNPROCESSABLE_ENTITY;
    let item =
        r#"{"namespace":7,"tenant":7,"provider":7,"action_type":7,"payload":1,"metadata":{"a":1}}"#;
    let twice = format!(r#"{{"{0}":1,"{0}":2}}"#, "\u{7f}".repeat(400_000));
    vec![
        ("names", "/v1/dispatch", names(MIB, "1"), wrong),
        (
            "labels",
            "/v1/dispatch",
            labelled(&names(MIB - 256, "1")),
            wrong,
        ),
        (
            "labels of text",
            "/v1/dispatch",
            labelled(&names(MIB - 256, "\"\"")),
            wrong,
        ),
        (
            "labels within labels",
            "/v1/dispatch",
            labelled(&format!(r#"{{"labels":{}}}"#, names(MIB - 512, "1"))),
            wrong,
        ),
        (
            "one long label",
            "/v1/dispatch",
            labelled(&format!(r#"{{"{}":1}}"#, r"\u0001".repeat(150_000))),
            wrong,
        ),
        ("one long name twice", "/v1/dispatch", twice, wrong),
        (
            "batch of labels",
            "/v1/dispatch/batch",
            format!("[{}]", labelled(&names(MIB - 512, "1"))),
            StatusCode::OK,
        ),
        (
            "batch of wrong items",
            "/v1/dispatch/batch",
            format!("[{}]", vec![item; 1000].join(",")),
            StatusCode::OK,
        ),
        ("unknown fields", "/v1/silences", names(MIB, "1"), wrong),
        (
            "an unknown long field",
            "/v1/quotas",
            format!(r#"{{"{}":1}}"#, "q".repeat(MIB - 64)),
            wrong,
        ),
        (
            "labels of a trial",
            "/v1/rules/evaluate",
            labelled(&names(MIB - 256, "1")),
            wrong,
        ),
        ("nesting", "/v1/dispatch", "[".repeat(MIB), wrong),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_cost_linear_time_and_short_answers() {
    let gateway = Gateway::start(CONFIGURATION).await;
    for (name, path, body, status) in bodies() {
        let began = Instant::now();
        let answer = gateway
            .try_send(reqwest::Method::POST, path, Some(body), None)
            .await
            .expect("an answer");
        let length = answer.body.to_string().len();
        assert_eq!(
            answer.status,
            status,
            "{name}: {}",
            answer
                .body
                .to_string()
                .chars()
                .take(300)
                .collect::<String>()
        );
        let most = if name == "batch of wrong items" {
            1000 * 1024
        } else {
            MOST
        };
        assert!(length <= most, "{name}: {length} bytes");
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "{name}: {:?}",
            began.elapsed()
        );
    }
    let answer = gateway
        .try_send(
            reqwest::Method::POST,
            "/v1/dispatch",
            Some(labelled(&names(MIB - 256, "1"))),
            None,
        )
        .await;
    let body = answer.expect("an answer").body;
    let told = body["fields"].as_array().expect("fields").len();
    let more = body["message"].as_str().and_then(|text| {
        text.rsplit_once("and ")?
            .1
            .strip_suffix(" more")?
            .parse::<usize>()
            .ok()
    });
    assert!(
        told == 20 && more.is_some_and(|more| more > 50_000),
        "{told} told: {more:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_long_is_refused_before_it_is_sent() {
    let gateway = Gateway::start(CONFIGURATION).await;
    let headers =
        "content-type: application/json\r\ncontent-length: 2000000\r\nexpect: 100-continue\r\n";
    let answer = answer_to(&gateway, &head_of("POST", "/v1/dispatch", headers)).await;
    assert!(
        answer.starts_with("HTTP/1.1 413 ") && answer.contains("BODY_TOO_LARGE"),
        "{answer}"
    );
    assert!(
        answer.to_lowercase().contains("connection: close"),
        "its client would send the next request into a closed connection: {answer}"
    );
    let mut stream = connect(&gateway).await;
    let small = action("patient", "log", &json!({})).to_string();
    let headers = format!(
        "content-type: application/json\r\ncontent-length: {}\r\nexpect: 100-continue\r\n",
        small.len()
    );
    stream
        .write_all(head_of("POST", "/v1/dispatch", &headers).as_bytes())
        .await
        .expect("written");
    stream.write_all(small.as_bytes()).await.expect("written");
    let answer = read_answer(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 100 "), "{answer}");
}
