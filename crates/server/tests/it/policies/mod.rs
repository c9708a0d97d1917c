//! Policies: who may write them, what they cost, what of them is in force, and what they must not tell.

mod documents;
mod patterns;
mod redacted;

use std::fmt::Write as _;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Client, Gateway};

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

/// Keys that may do what touches all that acme sends.
const OF_ACME: &[&str] = &["root", "acme"];
/// Keys that may do what touches only what acme sends through log.
const THROUGH_LOG: &[&str] = &["root", "acme", "log-only", "log-of-all"];
/// Keys that may do what touches what everybody sends through log.
const LOG_OF_ALL: &[&str] = &["root", "log-of-all"];

/// Paths, bodies, and who may post them.
fn policies() -> Vec<(&'static str, Value, &'static [&'static str])> {
    let held = |matcher: Value| silence(&json!([matcher]));
    let provider = |op: &str, value: &str| {
        held(json!({ "name": "action.provider", "value": value, "op": op }))
    };
    let limited = |overage: &str| quota(&json!({ "provider": "log", "overage_behavior": overage }));
    let interval = json!({ "namespace": "incidents", "tenant": "acme", "name": "nights", "time_ranges": [{ "months": [{ "start": 1, "end": 1 }] }] });
    let notify = held(by("action.action_type", "notify"));
    let other = held(by("action.action_type", "other"));
    let (silences, quotas) = ("/v1/silences", "/v1/quotas");
    vec![
        (silences, held(by("team", "pay")), OF_ACME),
        (silences, held(by("action.provider", "log")), THROUGH_LOG),
        (silences, provider("regex", "l.g"), THROUGH_LOG),
        (silences, provider("regex", "log|ops"), OF_ACME),
        (silences, provider("not_equal", "log"), OF_ACME),
        (silences, provider("not_equal", "ops"), THROUGH_LOG),
        (silences, notify, &["root", "acme", "notify-only"]),
        (silences, other, OF_ACME),
        (quotas, quota(&json!({})), OF_ACME),
        (quotas, quota(&json!({ "provider": "log" })), THROUGH_LOG),
        (quotas, quota(&json!({ "provider": "ops" })), OF_ACME),
        (quotas, limited("degrade:ops"), OF_ACME),
        (quotas, limited("notify:ops"), OF_ACME),
        (quotas, limited("notify:log"), THROUGH_LOG),
        ("/v1/time-intervals", interval, OF_ACME),
        ("/admin/circuit-breakers/log/trip", Value::Null, LOG_OF_ALL),
        ("/admin/circuit-breakers/log/reset", Value::Null, LOG_OF_ALL),
        ("/admin/circuit-breakers/ops/trip", Value::Null, &["root"]),
        ("/v1/rules/reload", json!({}), &["root"]),
    ]
}

/// Posts a policy as `key`, and holds that who may not make it may neither change it nor take it away.
async fn is_written_by(gateway: &Gateway, key: &str, path: &str, body: &Value, may: &[&str]) {
    let root = gateway.with_key("root");
    let answer = gateway
        .with_key(key)
        .try_send(
            Method::POST,
            path,
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
        return;
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

#[tokio::test(flavor = "multi_thread")]
async fn whoever_writes_a_policy_is_granted_what_it_uses_and_hinders() {
    let gateway = with_keys(PROVIDERS).await;
    for (path, body, may) in policies() {
        for (key, ..) in KEYS {
            is_written_by(&gateway, key, path, &body, may).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_changes_a_quota_is_granted_what_it_used_and_what_it_uses_then() {
    let gateway = with_keys(PROVIDERS).await;
    let (root, quotas) = (gateway.with_key("root"), "/v1/quotas");
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
