//! Names that cannot be told apart, or that no path can ask for.

use std::collections::BTreeSet;

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{CONFIGURATION, routes};
use crate::support::{Gateway, action};

#[tokio::test(flavor = "multi_thread")]
async fn names_that_look_like_others_are_refused() {
    let gateway = Gateway::start(CONFIGURATION).await;
    for letter in [
        "\u{200b}",
        "\u{200d}",
        "\u{feff}",
        "\u{202e}",
        "\u{2066}",
        "\u{2060}",
        "\u{ad}",
        "\u{e0041}",
    ] {
        for field in ["id", "namespace", "tenant", "provider", "action_type"] {
            let mut hidden = action("a", "log", &json!({}));
            hidden[field] = json!(format!("lo{letter}g"));
            let answer = gateway.post("/v1/dispatch", &hidden).await;
            assert_eq!(
                (answer.status, &answer.body["fields"][0]["field"]),
                (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)),
                "{}",
                answer.body
            );
            assert!(
                answer.body["message"]
                    .as_str()
                    .is_some_and(|text| text.contains("invisible characters, and has U+")),
                "{}",
                answer.body
            );
        }
        let quota = json!({ "namespace": "n", "tenant": format!("t{letter}"), "max_actions": 1, "window": "daily", "overage_behavior": "warn" });
        assert_eq!(
            gateway.post("/v1/quotas", &quota).await.status,
            StatusCode::UNPROCESSABLE_ENTITY
        );
    }
    let mut shown = action(
        "告警-1 ÄÖ",
        "log",
        &json!({ "content": "a\u{200b}b\u{202e}c" }),
    );
    shown["metadata"] = json!({ "note": "zero\u{200d}width" });
    assert!(
        gateway.dispatch(&shown).await.get("Executed").is_some(),
        "texts may hold what they like"
    );
}

/// What no path can ask for cannot be an id.
#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_a_route_has_taken_is_refused() {
    let gateway = Gateway::start(CONFIGURATION).await;
    let taken: BTreeSet<String> = routes()
        .into_iter()
        .filter_map(|(_, path)| {
            path.strip_prefix("/v1/audit/")
                .or_else(|| path.strip_prefix("/v1/dlq/"))
                .map(str::to_owned)
        })
        .filter(|rest| !rest.contains('{'))
        .collect();
    assert_eq!(
        taken.iter().map(String::as_str).collect::<Vec<_>>(),
        ["drain", "export", "replay", "stats"]
    );
    for id in taken.iter().map(String::as_str).chain([".", ".."]) {
        let answer = gateway
            .post("/v1/dispatch", &action(id, "log", &json!({})))
            .await;
        assert_eq!(
            (answer.status, &answer.body["fields"][0]["field"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("id")),
            "{id}: {}",
            answer.body
        );
        let keyed = reqwest::Client::new()
            .post(format!("{}/v1/dispatch", gateway.base()))
            .header("idempotency-key", id);
        let mut body = action("x", "log", &json!({}));
        body.as_object_mut().expect("an object").remove("id");
        let keyed = keyed
            .header("content-type", "application/json")
            .body(body.to_string())
            .send()
            .await
            .expect("an answer");
        assert_eq!(keyed.status(), StatusCode::UNPROCESSABLE_ENTITY, "{id}");
    }
    for id in ["Stats", "stats-1", "a/b", "...", "%", "?"] {
        assert!(
            gateway
                .dispatch(&action(id, "log", &json!({})))
                .await
                .get("Executed")
                .is_some(),
            "{id}"
        );
        let path = id
            .bytes()
            .fold(String::new(), |path, byte| format!("{path}%{byte:02x}"));
        for folder in ["actions", "audit"] {
            assert_eq!(
                gateway.get(&format!("/v1/{folder}/{path}")).await.status,
                StatusCode::OK,
                "{folder} {id}"
            );
        }
    }
}

/// A blank at an end is seen by nobody: what is asked for, granted or held back under the name would not be found.
#[tokio::test(flavor = "multi_thread")]
async fn names_with_blanks_at_their_ends_are_refused() {
    let gateway = Gateway::start(CONFIGURATION).await;
    let refused = async |path: &str, body: &Value, field: &str, part: &str| {
        let answer = gateway.post(path, body).await;
        let found = (answer.status, &answer.body["fields"][0]["field"]);
        assert_eq!(
            found,
            (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)),
            "{body}: {}",
            answer.body
        );
        assert!(
            answer.body["message"]
                .as_str()
                .is_some_and(|text| text.contains(part)),
            "{body}: {}",
            answer.body
        );
    };
    for name in [" log", "log ", "log\u{a0}", "\u{3000}log"] {
        for field in ["id", "namespace", "tenant", "provider", "action_type"] {
            let mut blank = action("a", "log", &json!({}));
            blank[field] = json!(name);
            refused(
                "/v1/dispatch",
                &blank,
                field,
                "what looks like another name would not be it",
            )
            .await;
        }
        let mut labelled = action("a", "log", &json!({}));
        labelled["metadata"] = json!({ name: "x" });
        refused(
            "/v1/dispatch",
            &labelled,
            &format!("metadata.{name}"),
            "another name",
        )
        .await;
        labelled["metadata"] = json!({ "labels": { name: "x" } });
        refused(
            "/v1/dispatch",
            &labelled,
            &format!("metadata.labels.{name}"),
            "another name",
        )
        .await;
        let mut silence = json!({ "namespace": "n", "tenant": "t", "matchers": [{ "name": "team", "value": "x" }], "duration_seconds": 60 });
        silence["tenant"] = json!(name);
        refused("/v1/silences", &silence, "tenant", "another name").await;
        (silence["tenant"], silence["matchers"][0]["name"]) = (json!("t"), json!(name));
        refused("/v1/silences", &silence, "matchers[0]", "another name").await;
        let quota = |field: &str| {
            let mut quota = json!({ "namespace": "n", "tenant": "t", "max_actions": 1, "window": "daily", "overage_behavior": "warn" });
            quota[field] = if field == "labels" {
                json!({ name: "x" })
            } else {
                json!(name)
            };
            quota
        };
        for field in ["namespace", "tenant", "principal"] {
            refused("/v1/quotas", &quota(field), field, "another name").await;
        }
        refused(
            "/v1/quotas",
            &quota("labels"),
            &format!("labels.{name}"),
            "another name",
        )
        .await;
        let interval = json!({ "namespace": "n", "tenant": "t", "name": name, "time_ranges": [{ "months": [{ "start": 1, "end": 1 }] }] });
        refused("/v1/time-intervals", &interval, "name", "another name").await;
    }
    for tenant in ["acme.", ".acme", "acme..us", "."] {
        let mut dotted = action("a", "log", &json!({}));
        dotted["tenant"] = json!(tenant);
        refused("/v1/dispatch", &dotted, "tenant", "").await;
        let silence = json!({ "namespace": "n", "tenant": tenant, "matchers": [{ "name": "a", "value": "x" }], "duration_seconds": 60 });
        refused("/v1/silences", &silence, "tenant", "").await;
    }
    let mut dots = action("a.", "log", &json!({}));
    (dots["namespace"], dots["action_type"], dots["metadata"]) =
        (json!("n."), json!("..."), json!({ "a b": " x " }));
    assert!(
        gateway.dispatch(&dots).await.get("Executed").is_some(),
        "only tenants go by dots, and values are what they are"
    );
}
