//! What is refused at the door, whatever the body says: names that cannot be told apart, questions that nobody hears, bodies in a coding.

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Gateway, action};

const CONFIGURATION: &str =
    "circuit_breaker.enabled = true\n[[providers]]\nname = \"log\"\ntype = \"log\"\n";

/// Methods and paths of all routes.
fn routes() -> Vec<(Method, String)> {
    acteon_server::routes()
        .into_iter()
        .map(|route| (route.method, route.path.to_owned()))
        .collect()
}

/// Routes for probes and scrapers, which add what they like.
const FOR_PROBES: [&str; 5] = [
    "/health",
    "/live",
    "/ready",
    "/metrics",
    "/metrics/prometheus",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_route_passes_over_a_query_parameter_that_it_does_not_know() {
    let gateway = Gateway::start(CONFIGURATION).await;
    for (method, path) in routes() {
        let path = path
            .replace("{provider}", "log")
            .replace("{lane}", "log")
            .replace(['{', '}'], "");
        let answer = gateway
            .try_send(
                method.clone(),
                &format!("{path}?tenent=x"),
                Some("{}".into()),
                None,
            )
            .await
            .expect("an answer");
        if FOR_PROBES.contains(&path.as_str()) {
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            continue;
        }
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (StatusCode::BAD_REQUEST, &json!("INVALID_QUERY")),
            "{method} {path}: {}",
            answer.body
        );
        let message = answer.body["message"].as_str().expect("a message");
        assert!(
            message.starts_with("there is no query parameter \"tenent\" here; ")
                && message.contains("known are: "),
            "{message}"
        );
        assert!(
            !message.contains("tenant, ") || message.contains("did you mean tenant?"),
            "{message}"
        );
    }
    let breakers = gateway.get("/admin/circuit-breakers").await.body;
    assert_eq!(
        breakers["circuit_breakers"][0]["state"], "closed",
        "nothing was tripped: {breakers}"
    );
}

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

#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_is_no_dead_letter_is_called_none() {
    let gateway = Gateway::start(CONFIGURATION).await;
    gateway.dispatch(&action("done", "log", &json!({}))).await;
    gateway.dispatch(&action("dead", "nope", &json!({}))).await;
    assert_eq!(
        gateway.delete("/v1/dlq/dead").await.status,
        StatusCode::NO_CONTENT
    );
    for (method, path, code, part) in [
        (
            Method::GET,
            "/v1/dlq/done",
            "NOT_A_DEAD_LETTER",
            "is no dead letter: it is done, with the outcome executed",
        ),
        (
            Method::POST,
            "/v1/dlq/done/replay",
            "NOT_A_DEAD_LETTER",
            "is no dead letter",
        ),
        (
            Method::DELETE,
            "/v1/dlq/done",
            "NOT_A_DEAD_LETTER",
            "is no dead letter",
        ),
        (
            Method::DELETE,
            "/v1/dlq/dead",
            "NOT_A_DEAD_LETTER",
            "was taken off the list",
        ),
        (
            Method::GET,
            "/v1/dlq/none",
            "NOT_FOUND",
            "there is no such action",
        ),
    ] {
        let answer = gateway
            .try_send(method.clone(), path, None, None)
            .await
            .expect("an answer");
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (StatusCode::NOT_FOUND, &json!(code)),
            "{method} {path}: {}",
            answer.body
        );
        assert!(
            answer.body["message"]
                .as_str()
                .is_some_and(|text| text.contains(part)),
            "{}",
            answer.body
        );
    }
    for (query, status) in [
        ("state=Dead", 200),
        ("state=DISCARDED", 200),
        ("state=gone", 400),
        ("code=provider_not_found", 200),
        ("code=banana", 400),
    ] {
        assert_eq!(
            gateway
                .get(&format!("/v1/dlq?{query}"))
                .await
                .status
                .as_u16(),
            status,
            "{query}"
        );
    }
    assert_eq!(
        gateway
            .get("/v1/dlq?state=Discarded&code=provider_not_found")
            .await
            .body["count"],
        1
    );
    let near = gateway.get("/v1/audit?code=timeuot").await.body;
    assert!(
        near["message"]
            .as_str()
            .is_some_and(|text| text.contains("did you mean TIMEOUT?")
                && text.contains("known are: NOT_FOUND, ")),
        "{near}"
    );
}

/// Who was refused for now is told when to come again, also where it is looked for by programs that know nothing of outcomes.
#[tokio::test(flavor = "multi_thread")]
async fn what_may_be_sent_again_later_says_when_in_a_header() {
    let rules = "rules:\n  - name: few\n    condition: { field: action.action_type, eq: few }\n    action: { type: throttle, max_count: 1, window_seconds: 60 }\n";
    let gateway = Gateway::with_rules(rules, CONFIGURATION).await;
    let post = async |body: &Value| {
        let request = reqwest::Client::new()
            .post(format!("{}/v1/dispatch", gateway.base()))
            .header("content-type", "application/json");
        let answer = request
            .body(body.to_string())
            .send()
            .await
            .expect("an answer");
        let after = answer.headers().get("retry-after").map(|after| {
            after
                .to_str()
                .expect("text")
                .parse::<u64>()
                .expect("seconds")
        });
        (
            after,
            serde_json::from_str::<Value>(&answer.text().await.expect("text")).expect("JSON"),
        )
    };
    let mut few = action("a", "log", &json!({}));
    few["action_type"] = json!("few");
    assert_eq!(post(&few).await.0, None);
    few["id"] = json!("b");
    let (after, throttled) = post(&few).await;
    let told = throttled["Throttled"]["retry_after"]["secs"]
        .as_u64()
        .expect("seconds");
    assert!(
        after.is_some_and(|after| after >= told && after <= told + 1),
        "{after:?} {throttled}"
    );
    let quota = json!({ "namespace": "incidents", "tenant": "acme", "max_actions": 1, "window": "hourly", "overage_behavior": "block" });
    assert_eq!(
        gateway.post("/v1/quotas", &quota).await.status,
        StatusCode::CREATED
    );
    post(&action("c", "log", &json!({}))).await;
    let (after, exceeded) = post(&action("d", "log", &json!({}))).await;
    assert_eq!(
        (
            &exceeded["QuotaExceeded"]["used"],
            &exceeded["QuotaExceeded"]["limit"]
        ),
        (&json!(1), &json!(1)),
        "{exceeded}"
    );
    assert!(
        after.is_some_and(|after| (1..=3600).contains(&after)),
        "{after:?} {exceeded}"
    );
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

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_told_with_what_is() {
    let down =
        "[[providers]]\nname = \"down\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:9/\"\n";
    let gateway = Gateway::start(&format!("{CONFIGURATION}{down}")).await;
    gateway
        .post_preferring(
            "/v1/dispatch",
            &action("open", "down", &json!({})),
            "wait=0",
        )
        .await;
    for (method, path, status, code, part) in [
        (
            Method::POST,
            "/v1/audit/open/replay",
            409,
            "ACTION_OPEN",
            "\"open\" is still under way",
        ),
        (
            Method::POST,
            "/v1/audit/none/replay",
            404,
            "NOT_FOUND",
            "there is no such action",
        ),
        (
            Method::POST,
            "/admin/circuit-breakers/lgo/trip",
            404,
            "NOT_FOUND",
            "no provider \"lgo\"; did you mean log? known are: down, log",
        ),
        (
            Method::POST,
            "/admin/circuit-breakers/dwn/reset",
            404,
            "NOT_FOUND",
            "did you mean down?",
        ),
        (
            Method::POST,
            "/v1/dispatch/",
            404,
            "NOT_FOUND",
            "there is no route \"/v1/dispatch/\"; did you mean /v1/dispatch?",
        ),
        (
            Method::GET,
            "/healthz",
            404,
            "NOT_FOUND",
            "did you mean /health?",
        ),
        (
            Method::GET,
            "/v1/silence",
            404,
            "NOT_FOUND",
            "did you mean /v1/silences?",
        ),
        (
            Method::GET,
            "/api/v1/audit",
            404,
            "NOT_FOUND",
            "did you mean /v1/audit?",
        ),
        (
            Method::GET,
            "/dispatch",
            404,
            "NOT_FOUND",
            "did you mean /v1/dispatch?",
        ),
        (
            Method::GET,
            "/v1/quota/abc",
            404,
            "NOT_FOUND",
            "did you mean /v1/quotas/abc?",
        ),
        (
            Method::GET,
            "/nothing/like/it",
            404,
            "NOT_FOUND",
            "there is no route \"/nothing/like/it\"; ",
        ),
    ] {
        let answer = gateway
            .try_send(method.clone(), path, None, None)
            .await
            .expect("an answer");
        assert_eq!(
            (answer.status.as_u16(), &answer.body["code"]),
            (status, &json!(code)),
            "{method} {path}: {}",
            answer.body
        );
        assert!(
            answer.body["message"]
                .as_str()
                .is_some_and(|text| text.contains(part)),
            "{path}: {}",
            answer.body
        );
    }
}
