//! Policies: who may write them, what they cost, what of them is in force, and what they must not tell.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Client, Gateway, PATIENCE, action, store_lines};

pub(crate) const PROVIDERS: &str = "circuit_breaker.enabled = true\n[[providers]]\nname = \"log\"\ntype = \"log\"\n[[providers]]\nname = \"ops\"\ntype = \"log\"\n";

/// A caller, and the lines of its grant.
const KEYS: [(&str, &str, &str); 6] = [
    ("root", "admin", "tenants = [\"*\"]\nnamespaces = [\"*\"]"),
    (
        "acme",
        "operator",
        "tenants = [\"acme\"]\nnamespaces = [\"*\"]",
    ),
    (
        "log-only",
        "operator",
        "tenants = [\"acme\"]\nnamespaces = [\"*\"]\nproviders = [\"log\"]",
    ),
    (
        "notify-only",
        "operator",
        "tenants = [\"acme\"]\nnamespaces = [\"*\"]\nactions = [\"notify\"]",
    ),
    (
        "log-of-all",
        "operator",
        "tenants = [\"*\"]\nnamespaces = [\"*\"]\nproviders = [\"log\"]",
    ),
    (
        "eyes",
        "viewer",
        "tenants = [\"acme\"]\nnamespaces = [\"*\"]",
    ),
];

pub(crate) async fn with_keys(configuration: &str) -> Gateway {
    let folder = tempfile::tempdir().expect("a folder");
    let mut text = String::new();
    for (name, role, grant) in KEYS {
        let hash: String =
            acteon_crypto::sha256(name.as_bytes())
                .iter()
                .fold(String::new(), |mut hash, byte| {
                    write!(hash, "{byte:02x}").expect("text");
                    hash
                });
        write!(text, "[[api_keys]]\nname = \"{name}\"\nkey_hash = \"{hash}\"\nrole = \"{role}\"\n[[api_keys.grants]]\n{grant}\n")
            .expect("text");
    }
    let path = folder.path().join("auth.toml");
    std::fs::write(&path, text).expect("written");
    let lines = format!(
        "auth.enabled = true\nauth.config_path = {:?}\n{configuration}",
        path.display().to_string()
    );
    Gateway::start_in(folder, &lines).await
}

fn silence(matchers: &Value) -> Value {
    json!({ "namespace": "incidents", "tenant": "acme", "matchers": matchers, "duration_seconds": 3600 })
}

fn by(name: &str, value: &str) -> Value {
    json!({ "name": name, "value": value })
}

fn quota(more: &Value) -> Value {
    let mut quota = json!({ "namespace": "incidents", "tenant": "acme", "max_actions": 1, "window": "daily", "overage_behavior": "warn" });
    more.as_object()
        .expect("an object")
        .iter()
        .for_each(|(key, value)| quota[key] = value.clone());
    quota
}

async fn status(client: &Client, method: Method, path: &str, body: &Value) -> u16 {
    let body = (!body.is_null()).then(|| body.to_string());
    client
        .try_send(method, path, body, None)
        .await
        .expect("an answer")
        .status
        .as_u16()
}

/// What is written, and which of the keys may.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_writes_a_policy_is_granted_what_it_uses_and_hinders() {
    let gateway = with_keys(PROVIDERS).await;
    let interval = |name: &str| json!({ "namespace": "incidents", "tenant": "acme", "name": name, "time_ranges": [{ "months": [{ "start": 1, "end": 1 }] }] });
    let of_log = by("action.provider", "log");
    let (silences, quotas, breakers) = ("/v1/silences", "/v1/quotas", "/admin/circuit-breakers");
    let cases: Vec<(String, Value, &[&str])> = vec![
        (
            silences.into(),
            silence(&json!([by("team", "pay")])),
            &["root", "acme"],
        ),
        (
            silences.into(),
            silence(&json!([of_log])),
            &["root", "acme", "log-only", "log-of-all"],
        ),
        (
            silences.into(),
            silence(&json!([{ "name": "action.provider", "value": "l.g", "op": "regex" }])),
            &["root", "acme", "log-only", "log-of-all"],
        ),
        (
            silences.into(),
            silence(&json!([{ "name": "action.provider", "value": "log|ops", "op": "regex" }])),
            &["root", "acme"],
        ),
        (
            silences.into(),
            silence(&json!([{ "name": "action.provider", "value": "log", "op": "not_equal" }])),
            &["root", "acme"],
        ),
        (
            silences.into(),
            silence(&json!([{ "name": "action.provider", "value": "ops", "op": "not_equal" }])),
            &["root", "acme", "log-only", "log-of-all"],
        ),
        (
            silences.into(),
            silence(&json!([by("action.action_type", "notify")])),
            &["root", "acme", "notify-only"],
        ),
        (
            silences.into(),
            silence(&json!([by("action.action_type", "other")])),
            &["root", "acme"],
        ),
        (quotas.into(), quota(&json!({})), &["root", "acme"]),
        (
            quotas.into(),
            quota(&json!({ "provider": "log" })),
            &["root", "acme", "log-only", "log-of-all"],
        ),
        (
            quotas.into(),
            quota(&json!({ "provider": "ops" })),
            &["root", "acme"],
        ),
        (
            quotas.into(),
            quota(&json!({ "provider": "log", "overage_behavior": "degrade:ops" })),
            &["root", "acme"],
        ),
        (
            quotas.into(),
            quota(&json!({ "provider": "log", "overage_behavior": "notify:ops" })),
            &["root", "acme"],
        ),
        (
            quotas.into(),
            quota(&json!({ "provider": "log", "overage_behavior": "notify:log" })),
            &["root", "acme", "log-only", "log-of-all"],
        ),
        (
            "/v1/time-intervals".into(),
            interval("nights"),
            &["root", "acme"],
        ),
        (
            format!("{breakers}/log/trip"),
            Value::Null,
            &["root", "log-of-all"],
        ),
        (
            format!("{breakers}/log/reset"),
            Value::Null,
            &["root", "log-of-all"],
        ),
        (format!("{breakers}/ops/trip"), Value::Null, &["root"]),
        ("/v1/rules/reload".into(), json!({}), &["root"]),
    ];
    let root = gateway.with_key("root");
    for (path, body, may) in cases {
        for (key, ..) in KEYS {
            let answer = gateway
                .with_key(key)
                .try_send(
                    Method::POST,
                    &path,
                    Some(body.to_string()).filter(|_| !body.is_null()),
                    None,
                )
                .await;
            let answer = answer.expect("an answer");
            assert_eq!(
                answer.status.is_success(),
                may.contains(&key),
                "{key} {path} {body}: {} {}",
                answer.status,
                answer.body
            );
            assert!(
                answer.status.is_success() || answer.status == StatusCode::FORBIDDEN,
                "{key} {path}: {}",
                answer.body
            );
            let id = answer.body["id"].as_str().map(|id| format!("{path}/{id}"));
            let made = id.or_else(|| {
                answer.body["time_ranges"]
                    .is_array()
                    .then(|| format!("{path}/incidents/acme/nights"))
            });
            let Some(made) = made.filter(|_| answer.status.is_success()) else {
                continue;
            };
            // Who may not make it may neither change it nor take it away.
            for (other, ..) in KEYS.iter().filter(|(other, ..)| !may.contains(other)) {
                let other = gateway.with_key(other);
                assert_eq!(
                    status(&other, Method::PUT, &made, &json!({ "comment": "x" })).await / 100,
                    4,
                    "{made}"
                );
                assert_eq!(
                    status(&other, Method::DELETE, &made, &Value::Null).await,
                    403,
                    "{made}"
                );
            }
            assert_eq!(
                status(&root, Method::DELETE, &made, &Value::Null).await,
                204,
                "{made}"
            );
        }
    }
    let made = root
        .post(quotas, &quota(&json!({ "provider": "log" })))
        .await
        .body;
    let path = format!("{quotas}/{}", made["id"].as_str().expect("an id"));
    let (log_only, acme) = (gateway.with_key("log-only"), gateway.with_key("acme"));
    assert_eq!(
        status(
            &log_only,
            Method::PUT,
            &path,
            &json!({ "overage_behavior": "degrade:ops" })
        )
        .await,
        403,
        "by a change"
    );
    assert_eq!(
        status(
            &acme,
            Method::PUT,
            &path,
            &json!({ "overage_behavior": "degrade:ops" })
        )
        .await,
        200
    );
    assert_eq!(
        status(&log_only, Method::PUT, &path, &json!({ "max_actions": 0 })).await,
        403,
        "it would send through the other now"
    );
}

/// A service may repeat what it was sent, for whichever tenant.
#[tokio::test(flavor = "multi_thread")]
async fn what_calls_failed_with_is_told_to_those_who_may_use_them_for_all() {
    let hook = "retry.max_retries = 0\nretry.durable = false\n[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:9/\"\n";
    let gateway = with_keys(hook).await;
    let (root, eyes) = (gateway.with_key("root"), gateway.with_key("eyes"));
    root.dispatch(&action("a", "hook", &json!({}))).await;
    let told = async |client: &Client| {
        (
            client.get("/v1/providers/health").await.body,
            client.get("/ready").await.body.to_string(),
        )
    };
    let (health, ready) = told(&root).await;
    assert!(
        health["providers"][0]["last_error"].is_string() && ready.contains("no connection"),
        "{health} {ready}"
    );
    let (health, ready) = told(&eyes).await;
    assert!(
        health["providers"][0]
            .get("last_error")
            .is_none_or(Value::is_null),
        "{health}"
    );
    assert!(
        ready.contains("hook") && !ready.contains("no connection"),
        "{ready}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_redacted_is_told_by_nothing() {
    let redact = "audit.redact = [\"payload.password\", \"payload.users.*.phone\", \"metadata.token\", \"dedup_key\"]\n";
    let gateway = with_keys(&format!("{redact}{PROVIDERS}")).await;
    let root = gateway.with_key("root");
    let mut secret = action(
        "a",
        "log",
        &json!({ "password": "xyzzy", "users": [{ "phone": "555", "name": "li" }], "text": "hello" }),
    );
    (secret["metadata"], secret["dedup_key"]) = (
        json!({ "token": "t0ken", "team": "pay" }),
        json!("dedup-xyzzy"),
    );
    root.dispatch(&secret).await;
    for path in [
        "/v1/audit/a",
        "/v1/audit",
        "/v1/actions/a",
        "/v1/audit/export",
    ] {
        let shown = root.get(path).await.body.to_string();
        assert!(
            shown.contains("hello") || path.contains("actions"),
            "{path}: {shown}"
        );
        assert!(
            !["xyzzy", "555", "t0ken"]
                .iter()
                .any(|secret| shown.contains(secret)),
            "{path}: {shown}"
        );
    }
    for name in [
        "action.payload.password",
        "action.payload.users",
        "action.payload",
        "action.metadata",
        "token",
        "action.metadata.token",
        "action.dedup_key",
    ] {
        for op in ["equal", "not_equal", "regex", "not_regex"] {
            let body = silence(&json!([{ "name": name, "value": "x.*", "op": op }]));
            for (key, path) in [
                ("eyes", "/v1/silences/preview"),
                ("root", "/v1/silences/preview"),
                ("root", "/v1/silences"),
            ] {
                let answer = gateway.with_key(key).post(path, &body).await;
                let told = answer.body["message"].as_str().unwrap_or_default();
                assert_eq!(
                    answer.status,
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "{key} {path} {name}: {}",
                    answer.body
                );
                assert!(
                    told.contains("redacted") && told.contains("matchers[0]"),
                    "{told}"
                );
            }
        }
    }
    let found = gateway
        .with_key("eyes")
        .post(
            "/v1/silences/preview",
            &silence(&json!([
                by("team", "pay"),
                by("action.payload.text", "hello")
            ])),
        )
        .await;
    assert_eq!(found.body["matched"], 1, "{}", found.body);
}

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

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_bounded_and_the_answer_names_the_field() {
    let gateway = Gateway::start(PROVIDERS).await;
    let long = "x".repeat(5000);
    let many: Value = (0..65)
        .map(|number| (format!("l{number}"), json!("x")))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let wide: Value = (0..10)
        .map(|number| (format!("l{number}"), json!("x".repeat(1000))))
        .collect::<serde_json::Map<_, _>>()
        .into();
    for (body, field) in [
        (json!({ "labels": { "a": long } }), "labels"),
        (json!({ "labels": { "x".repeat(200): "a" } }), "labels"),
        (json!({ "labels": many }), "labels"),
        (json!({ "labels": wide }), "labels"),
        (json!({ "description": long }), "description"),
    ] {
        let refused = gateway.post("/v1/quotas", &quota(&body)).await;
        let told = refused.body["fields"][0]["field"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert!(
            refused.status == StatusCode::UNPROCESSABLE_ENTITY && told.starts_with(field),
            "{field}: {}",
            refused.body
        );
    }
    let matchers: Value = (0..4)
        .map(|number| by(&format!("l{number}"), &"x".repeat(4000)))
        .collect();
    let refused = gateway.post("/v1/silences", &silence(&matchers)).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.body["fields"][0]["field"]),
        (422, &json!("matchers")),
        "{}",
        refused.body
    );
    let mut talkative = silence(&json!([by("a", "b")]));
    talkative["comment"] = json!(long);
    assert_eq!(
        gateway.post("/v1/silences", &talkative).await.body["fields"][0]["field"],
        "comment"
    );
    let wordy = json!({ "namespace": "incidents", "tenant": "acme", "name": "n", "description": "x".repeat(20_000), "time_ranges": [{ "months": [{ "start": 1, "end": 1 }] }] });
    assert_eq!(
        gateway.post("/v1/time-intervals", &wordy).await.body["fields"][0]["field"],
        "description"
    );
    assert_eq!(
        status(
            &gateway,
            Method::DELETE,
            "/v1/time-intervals/n/t/%00",
            &Value::Null
        )
        .await
            / 100,
        4
    );
    assert_eq!(gateway.get("/ready").await.body["status"], "ready");
}

/// Clients that post a change and leave, while the database is held up: what was written all the same is in force.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_that_left_wrote_is_in_force() {
    let folder = tempfile::tempdir().expect("a folder");
    if !store_lines(folder.path()).is_empty() {
        return;
    }
    let database = folder.path().join("acteon.db");
    let gateway = Gateway::start_in(folder, PROVIDERS).await;
    let ending = gateway
        .post("/v1/silences", &silence(&json!([by("ending", "yes")])))
        .await
        .body["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let holder = rusqlite::Connection::open(&database).expect("the database");
    holder.busy_timeout(PATIENCE).expect("set");
    holder.execute_batch("BEGIN IMMEDIATE").expect("held");
    for number in 0..8 {
        post_and_leave(
            gateway.base(),
            "POST",
            "/v1/silences",
            &silence(&json!([by("left", &number.to_string())])),
        );
    }
    post_and_leave(gateway.base(), "POST", "/v1/quotas", &quota(&json!({})));
    post_and_leave(
        gateway.base(),
        "PUT",
        &format!("/v1/silences/{ending}"),
        &json!({ "comment": "changed" }),
    );
    holder.execute_batch("COMMIT").expect("let go");
    // The writer takes turns: what was queued before this is done when this is.
    let last = gateway
        .post("/v1/silences", &silence(&json!([by("last", "one")])))
        .await;
    assert_eq!(last.status, StatusCode::CREATED, "{}", last.body);
    gateway
        .until("/v1/silences", |body| body["count"] == 10)
        .await;
    for number in 0..8 {
        let mut sent = action(&format!("a{number}"), "log", &json!({}));
        sent["metadata"] = json!({ "left": number.to_string() });
        let outcome = gateway.dispatch(&sent).await;
        assert!(outcome.get("Silenced").is_some(), "{number}: {outcome}");
    }
    gateway
        .until(&format!("/v1/silences/{ending}"), |body| {
            body["comment"] == "changed"
        })
        .await;
    gateway.until("/v1/quotas", |body| body["count"] == 1).await;
    assert_eq!(stored(&database), 11);
}

fn stored(database: &Path) -> i64 {
    let reader = rusqlite::Connection::open(database).expect("the database");
    reader
        .query_row("SELECT COUNT(*) FROM documents", [], |row| row.get(0))
        .expect("a count")
}

/// Sends a request, its body only once the server asks for it, and leaves when the body has gone.
fn post_and_leave(base: &str, method: &str, path: &str, body: &Value) {
    let address = base.trim_start_matches("http://");
    let body = body.to_string();
    let mut stream = std::net::TcpStream::connect(address).expect("a connection");
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("sent");
    let mut answer = [0; 25];
    stream.read_exact(&mut answer).expect("asked for the body");
    assert!(
        answer.starts_with(b"HTTP/1.1 100 Continue"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    stream.write_all(body.as_bytes()).expect("sent");
}
