//! Bodies in another coding, and what is absent in them.

use reqwest::StatusCode;
use serde_json::json;

use super::CONFIGURATION;
use crate::support::{Gateway, action};

/// A body in another coding would be read as other letters.
#[tokio::test(flavor = "multi_thread")]
async fn another_coding_and_a_header_given_twice_are_refused() {
    let gateway = Gateway::start(CONFIGURATION).await;
    let post_with = async |headers: &[(&str, &str)], content: &str| {
        let mut request =
            reqwest::Client::new().post(format!("{}/v1/dispatch?dry_run=true", gateway.base()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request
            .body(action("a", "log", &json!({ "content": content })).to_string())
            .send()
            .await
            .expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    };
    let post = async |headers: &[(&str, &str)]| post_with(headers, "ok").await;
    for (charset, taken) in [
        ("utf-8", true),
        ("UTF-8", true),
        ("\"utf-8\"", true),
        ("us-ascii", true),
        ("US-ASCII; x=y", true),
        ("gbk", true),
        ("GB18030", true),
        ("latin-1", true),
        ("iso-8859-15", true),
        ("\"iso-8859-1\"", true),
        ("Windows-1252", true),
        ("utf-16", false),
        ("UTF_32LE", false),
        ("iso-10646-ucs-2", false),
        ("iso-2022-cn", false),
        ("hz-gb-2312", false),
        ("ibm037", false),
        ("ebcdic-cp-us", false),
        ("utf-8; charset=gbk", true),
        ("iso-8859-1; charset=utf-7", false),
    ] {
        let (status, text) = post(&[(
            "content-type",
            &format!("application/json; charset={charset}"),
        )])
        .await;
        assert_eq!(status, if taken { 200 } else { 415 }, "{charset}: {text}");
        assert!(
            taken || text.contains("send it as UTF-8"),
            "{charset}: {text}"
        );
    }
    // Of ASCII alone they are the same.
    for (charset, status) in [
        ("utf-8", 200),
        ("iso-8859-1", 415),
        ("windows-1252", 415),
        ("gbk", 415),
    ] {
        let (answered, text) = post_with(
            &[(
                "content-type",
                &format!("application/json; charset={charset}"),
            )],
            "\u{e4}",
        )
        .await;
        assert_eq!(answered, status, "{charset}: {text}");
    }
    for (name, value) in [
        ("content-type", "application/json"),
        ("content-type", "text/plain"),
    ] {
        let (status, text) = post(&[
            ("content-type", "application/json"),
            ("prefer", "wait=2"),
            (name, value),
        ])
        .await;
        assert!(
            status == 400 && text.contains("INVALID_HEADER") && text.contains("given twice"),
            "{name}: {status} {text}"
        );
    }
}

/// Nothing that a caller leaves empty is taken for a wish.
#[tokio::test(flavor = "multi_thread")]
async fn nulls_and_blanks_are_absent_wherever_they_may_be() {
    let gateway = Gateway::start(CONFIGURATION).await;
    let mut body = action("", "log", &json!({}));
    (body["expires_at"], body["starts_at"], body["ends_at"]) = (json!(""), json!(" "), json!(null));
    body["metadata"] = json!({ "a": null, "team": "pay", "labels": { "b": null } });
    let answer = gateway.post("/v1/dispatch", &body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let record = gateway.get("/v1/audit").await.body["records"][0].clone();
    assert_eq!(
        (
            &record["metadata"],
            record["action_id"].as_str().map(str::len)
        ),
        (&json!({ "team": "pay" }), Some(36)),
        "{record}"
    );
    body["tenant"] = json!(" ");
    assert_eq!(
        gateway.post("/v1/dispatch", &body).await.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "what is needed is not left empty"
    );
}
