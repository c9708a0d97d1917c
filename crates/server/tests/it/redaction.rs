//! What is redacted: shown by nothing that looks back, and guessed by nobody.

use std::io::{Read as _, Write as _};

use reqwest::StatusCode;
use serde_json::json;

use crate::policies::{PROVIDERS, with_keys};
use crate::support::{Gateway, action};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_service_repeats_of_what_is_redacted_is_not_shown() {
    let url = echo();
    let configuration = format!(
        "audit.redact = [\"payload.password\"]\n[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{url}\"\n"
    );
    let gateway = Gateway::start(&configuration).await;
    let outcome = gateway
        .dispatch(&action(
            "a",
            "hook",
            &json!({ "password": "xyzzy", "text": "hello" }),
        ))
        .await;
    assert!(
        outcome.to_string().contains("xyzzy"),
        "its sender knows it: {outcome}"
    );
    for path in [
        "/v1/audit/a",
        "/v1/actions/a",
        "/v1/audit",
        "/v1/audit/export",
    ] {
        let shown = gateway.get(path).await.body.to_string();
        assert!(
            shown.contains("hello") && !shown.contains("xyzzy"),
            "{path}: {shown}"
        );
    }
    let replayed = gateway
        .post("/v1/audit/a/replay", &json!({}))
        .await
        .body
        .to_string();
    assert!(
        replayed.contains("hello") && !replayed.contains("xyzzy"),
        "who replays it need not know: {replayed}"
    );
}

/// Numbers, names and short texts are repeated like long texts, and a text within JSON has its quotes escaped.
#[tokio::test(flavor = "multi_thread")]
async fn no_form_of_what_is_redacted_is_shown_when_a_service_repeats_it() {
    let configuration = format!(
        "audit.redact = [\"payload.secrets\"]\n[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{}\"\n",
        echo()
    );
    let gateway = Gateway::start(&configuration).await;
    let secrets = json!({ "pin": 73519, "half": 4.25, "code": "x7", "quoted": "a\"b'c", "names": { "li-lei": true } });
    let payload = json!({ "secrets": secrets, "log": json!({ "said": "a\"b'c" }).to_string(), "text": "hello" });
    gateway.dispatch(&action("a", "hook", &payload)).await;
    let many: Vec<String> = (0..2000).map(|number| format!("word-{number}")).collect();
    gateway
        .dispatch(&action(
            "b",
            "hook",
            &json!({ "secrets": many, "text": "hello" }),
        ))
        .await;
    for (path, field) in [
        ("/v1/audit/a", "outcome_details"),
        ("/v1/actions/a", "outcome"),
    ] {
        let shown = gateway.get(path).await.body[field].to_string();
        assert!(shown.contains("hello"), "{path}: {shown}");
        for hidden in ["73519", "4.25", "\"x7\"", "b'c", "li-lei"] {
            assert!(!shown.contains(hidden), "{path} shows {hidden}: {shown}");
        }
    }
    assert!(
        !gateway
            .get("/v1/audit/b")
            .await
            .body
            .to_string()
            .contains("word-77")
    );
}

/// Whoever posts guesses under an id that is known would learn which is right.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_finds_out_what_is_redacted_by_sending_it_again() {
    let gateway = with_keys(&format!("audit.redact = [\"payload.pin\"]\n{PROVIDERS}")).await;
    let (sender, other) = (gateway.with_key("root"), gateway.with_key("acme"));
    let secret = action("a", "log", &json!({ "pin": "4711" }));
    sender.dispatch(&secret).await;
    assert_eq!(
        sender.post("/v1/dispatch", &secret).await.status,
        StatusCode::OK,
        "its sender gets the outcome again"
    );
    assert_eq!(
        other.post("/v1/dispatch", &secret).await.status,
        StatusCode::CONFLICT,
        "another's right guess"
    );
    assert_eq!(
        other
            .post(
                "/v1/dispatch",
                &action("a", "log", &json!({ "pin": "0000" }))
            )
            .await
            .status,
        StatusCode::CONFLICT
    );
    let open = action("b", "log", &json!({ "text": "hello" }));
    sender.dispatch(&open).await;
    assert_eq!(
        other.post("/v1/dispatch", &open).await.status,
        StatusCode::OK,
        "nothing of it is hidden"
    );
}

/// The gateway's own words and times stay, whatever is hidden: what was sent is never shown as failed.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_is_shown_as_sent_whatever_is_hidden() {
    let configuration = format!(
        "audit.redact = [\"payload\"]\n[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{}\"\n",
        echo()
    );
    let gateway = Gateway::start(&configuration).await;
    let words = [
        "success",
        "Executed",
        "hook",
        "2026",
        "2027",
        "202",
        "incidents",
        "notify",
        "0000",
        "headers",
        "status",
        "xyzzy",
    ];
    gateway
        .dispatch(&action(
            "a",
            "hook",
            &json!({ "words": words, "status": "success" }),
        ))
        .await;
    let audit = gateway.get("/v1/audit/a").await.body;
    assert_eq!(
        (
            audit["outcome"].as_str(),
            audit["outcome_details"]["status"].as_str()
        ),
        (Some("executed"), Some("success")),
        "{audit}"
    );
    assert_eq!(
        audit["attempt_history"].as_array().map(Vec::len),
        Some(1),
        "{audit}"
    );
    let replayed = gateway.post("/v1/audit/a/replay", &json!({})).await.body;
    let status = replayed["outcome"]["Executed"]["status"].as_str();
    assert_eq!(
        (replayed["success"].as_bool(), status),
        (Some(true), Some("success")),
        "{replayed}"
    );
    assert!(
        !audit.to_string().contains("xyzzy") && !replayed.to_string().contains("xyzzy"),
        "{audit} {replayed}"
    );
}

/// A service that answers with what it is sent.
pub(crate) fn echo() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut read = Vec::new();
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                read.extend_from_slice(&buffer[..count]);
                let text = String::from_utf8_lossy(&read).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else {
                    continue;
                };
                let length = head.lines().find_map(|line| {
                    line.to_lowercase()
                        .strip_prefix("content-length:")?
                        .trim()
                        .parse()
                        .ok()
                });
                if body.len() >= length.unwrap_or(0) {
                    let answer = format!(
                        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                        body.len()
                    );
                    drop(stream.write_all(answer.as_bytes()));
                    break;
                }
            }
        }
    });
    format!("http://{address}/")
}

/// Labels may be sent within `labels`, and then they are written so.
#[tokio::test(flavor = "multi_thread")]
async fn a_label_is_hidden_however_it_is_written() {
    for path in [
        "metadata.labels.token",
        "metadata.labels['token']",
        "metadata.labels.*",
        "metadata.labels",
        "action.metadata.labels.token",
    ] {
        let providers = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";
        let gateway = Gateway::start(&format!("audit.redact = [\"{path}\"]\n{providers}")).await;
        for (id, metadata) in [
            ("a", json!({ "labels": { "token": "xyzzy" } })),
            ("b", json!({ "token": "xyzzy" })),
        ] {
            let mut labelled = action(id, "log", &json!({ "text": "hello" }));
            labelled["metadata"] = metadata;
            gateway.dispatch(&labelled).await;
            let shown = gateway.get(&format!("/v1/audit/{id}")).await.body;
            assert_eq!(
                shown["metadata"],
                json!({ "token": "[redacted]" }),
                "{path} {id}: {shown}"
            );
        }
        let matchers = json!([{ "name": "token", "value": "x.*", "op": "regex" }]);
        let silence = json!({ "namespace": "incidents", "tenant": "acme", "matchers": matchers, "duration_seconds": 60 });
        assert_eq!(
            gateway.post("/v1/silences/preview", &silence).await.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{path}"
        );
    }
}
