//! Times as callers write them: taken, or refused with what to write.

use reqwest::StatusCode;
use serde_json::json;

use crate::support::{Gateway, action};

const LOG: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_time_is_taken_as_it_is_meant_or_refused_with_what_to_write() {
    let gateway = Gateway::start(LOG).await;
    for (number, (time, told)) in [
        ("2099-01-31T09:00:00Z", None),
        ("2099-01-31T09:00:00.1234567890123456Z", None),
        ("2099-01-31t09:00:00z", None),
        ("2099-01-31 09:00:00+23:59", None),
        ("2099-12-31T23:59:60Z", None),
        ("2099-12-31T15:59:60.5-08:00", None),
        ("9999-12-31T23:59:59Z", None),
        ("0001-01-01T00:00:00Z", None),
        ("2099-01-31T09:00:00+25:00", Some("offset")),
        ("2099-01-31T09:00:00-24:00", Some("offset")),
        ("2099-01-31T09:00:00+08:60", Some("offset")),
        (
            "2099-01-31T09:00:60Z",
            Some("a leap second is 23:59:60Z at the end of a month"),
        ),
        ("2099-12-30T23:59:60Z", Some("a leap second")),
        ("2099-12-31T23:59:60+08:00", Some("a leap second")),
        ("0000-01-01T00:00:00Z", Some("there is no year 0000")),
        (
            "2099-01-31T09:00:00",
            Some("its zone is missing: write Z for UTC, or an offset such as +08:00"),
        ),
        ("2099-01-31", Some("its time of day and zone are missing")),
        (
            "2099-02-30T09:00:00Z",
            Some("there is no such day: 2099-02 has 28 days"),
        ),
        ("2099-13-01T09:00:00Z", Some("there is no such month")),
        ("2099-01-31T24:00:00Z", Some("there is no such time of day")),
        (
            "tomorrow",
            Some("must be an RFC 3339 time such as 2026-01-31T09:00:00Z"),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let mut timed = action(&format!("a{number}"), "log", &json!({}));
        timed["expires_at"] = json!(time);
        let answer = gateway.post("/v1/dispatch", &timed).await;
        let Some(told) = told else {
            assert_eq!(answer.status, StatusCode::OK, "{time}: {}", answer.body);
            continue;
        };
        assert_eq!(
            answer.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{time}: {}",
            answer.body
        );
        assert!(
            answer.body["fields"][0]["message"]
                .as_str()
                .is_some_and(|text| text.contains(told)),
            "{time}: {}",
            answer.body
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_cannot_be_meant_is_refused_with_what_to_write() {
    let gateway = Gateway::start(LOG).await;
    for (query, told) in [
        (
            "from=2026-01-31T09:00:00+08:00",
            "write + as %2B in a query",
        ),
        ("from=2026-01-31T09:00:00", "its zone is missing"),
        ("tenant=%ff", "\"tenant\" is not UTF-8"),
        ("tenant=a&te%ffnant=b", "is not UTF-8"),
        (
            "from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z",
            "from is after to",
        ),
    ] {
        for path in ["/v1/audit", "/v1/audit/export", "/v1/dlq"] {
            let answer = gateway.get(&format!("{path}?{query}")).await;
            assert_eq!(
                (answer.status, &answer.body["code"]),
                (StatusCode::BAD_REQUEST, &json!("INVALID_QUERY")),
                "{path}?{query}"
            );
            assert!(
                answer.body["message"]
                    .as_str()
                    .is_some_and(|text| text.contains(told)),
                "{query}: {}",
                answer.body
            );
        }
    }
    for query in [
        "from=2026-01-31T09:00:00%2B08:00",
        "tenant=%E5%91%8A",
        "from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z",
    ] {
        assert_eq!(
            gateway.get(&format!("/v1/audit?{query}")).await.status,
            StatusCode::OK,
            "{query}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_that_contradicts_its_offset_is_no_instant() {
    let gateway = Gateway::start("[[providers]]\nname = \"log\"\ntype = \"log\"\n").await;
    let mut body = action("a", "log", &serde_json::json!({}));
    for (text, status) in [
        ("2099-01-31T09:00:00+08:00[Asia/Shanghai]", 200),
        ("2099-01-31T09:00:00Z[UTC]", 200),
        ("2099-01-31T09:00:00+08:00[Europe/Berlin]", 422),
        ("2099-01-31T09:00:00+08:00[Nowhere/Land]", 422),
        ("2099-01-31T09:00:00+08:00[", 422),
    ] {
        body["id"] = text.into();
        body["expires_at"] = text.into();
        let answer = gateway.post("/v1/dispatch", &body).await;
        assert_eq!(answer.status, status, "{text}: {}", answer.body);
    }
}
