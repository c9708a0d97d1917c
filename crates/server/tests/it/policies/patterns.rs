//! Patterns that people write, and what they may cost.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;

use super::{PROVIDERS, silence, with_keys};
use crate::support::{Gateway, action};

/// Patterns that no automaton can make, over long texts: they stop nobody, neither in previews nor on the way.
#[tokio::test(flavor = "multi_thread")]
async fn patterns_cost_little_whatever_they_are() {
    let gateway = with_keys(PROVIDERS).await;
    let root = gateway.with_key("root");
    let text: String = (0..900_000_u32)
        .map(|number| {
            if number.wrapping_mul(2_654_435_761) >> 31 == 0 {
                'a'
            } else {
                'b'
            }
        })
        .collect();
    for number in 0..4 {
        root.dispatch(&action(
            &format!("a{number}"),
            "log",
            &json!({ "text": text }),
        ))
        .await;
    }
    let hostile =
        json!([{ "name": "action.payload.text", "value": "[ab]*a[ab]{900}c?", "op": "regex" }]);
    let eyes = gateway.with_key("eyes");
    let body = silence(&hostile);
    let previews =
        futures_util::future::join_all((0..8).map(|_| eyes.post("/v1/silences/preview", &body)));
    let live = async {
        let began = tokio::time::Instant::now();
        for _ in 0..20 {
            assert_eq!(gateway.get("/live").await.status, StatusCode::OK);
        }
        began.elapsed()
    };
    let began = tokio::time::Instant::now();
    let (previews, live) = tokio::join!(previews, live);
    println!("8 previews in {:?}, 20 looks in {live:?}", began.elapsed());
    assert!(
        previews
            .iter()
            .all(|answer| answer.status == StatusCode::OK && answer.body["cut"] == true),
        "{previews:?}"
    );
    assert!(
        began.elapsed() < Duration::from_secs(20) && live < Duration::from_secs(10),
        "{:?} {live:?}",
        began.elapsed()
    );
    let made = root.post("/v1/silences", &body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let began = tokio::time::Instant::now();
    let outcome = root
        .dispatch(&action("b", "log", &json!({ "text": text })))
        .await;
    assert!(
        outcome.get("Executed").is_some(),
        "what cannot be found out holds nothing back: {outcome}"
    );
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn patterns_that_people_write_are_taken_and_mean_what_they_say() {
    let gateway = Gateway::start(PROVIDERS).await;
    let cases: [(&str, &str, bool); 12] = [
        (r"\w+-\w+", "checkout-api", true),
        (r"\w+@\w+\.\w+", "li@example.com", true),
        (
            r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}:\d+",
            "10.0.0.1:9090",
            true,
        ),
        (
            r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z",
            "2026-01-01T00:00:00Z",
            true,
        ),
        (".{0,50}支付.{0,50}", "线上支付失败", true),
        (".*down.*", "db\nis down\nagain", true),
        ("down", "is down", false),
        ("a|b", "ab", false),
        ("a|b", "b", true),
        ("(?i)PAY|core", "pay", true),
        (r"\bpay\b.*", "pay 支付", true),
        ("", "x", false),
    ];
    for (number, (pattern, text, holds)) in cases.into_iter().enumerate() {
        let mut new = silence(&json!([{ "name": "x", "value": pattern, "op": "regex" }]));
        new["tenant"] = json!(format!("t{number}"));
        let made = gateway.post("/v1/silences", &new).await;
        assert_eq!(made.status, StatusCode::CREATED, "{pattern}: {}", made.body);
        let mut sent = action(&format!("a{number}"), "log", &json!({}));
        (sent["tenant"], sent["metadata"]) = (json!(format!("t{number}")), json!({ "x": text }));
        let outcome = gateway.dispatch(&sent).await;
        assert_eq!(
            outcome.get("Silenced").is_some(),
            holds,
            "{pattern} {text}: {outcome}"
        );
    }
    for (pattern, says) in [
        (r"\w{500}", "too large"),
        ("web)|(.*", "not a regular expression"),
        ("(", "not a regular expression"),
    ] {
        let refused = gateway
            .post(
                "/v1/silences",
                &silence(&json!([{ "name": "x", "value": pattern, "op": "regex" }])),
            )
            .await;
        assert_eq!(
            refused.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{pattern}"
        );
        assert!(
            refused.body["message"]
                .as_str()
                .is_some_and(|message| message.contains(says)),
            "{pattern}: {}",
            refused.body
        );
    }
}
