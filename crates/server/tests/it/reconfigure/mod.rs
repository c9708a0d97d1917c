//! A configuration that is changed under a running server: what is in force at once, what waits for a restart, and what happens to a broken one.

mod keys;
mod lease;
mod pipe;
mod secrets;

use std::path::Path;

use acteon_fakes::webhook::Receiver;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Process, action, log_of, with_store};

/// `RUST_LOG` as good as not set, whatever the tests run with.
const QUIET: (&str, &str) = ("RUST_LOG", "");

/// A webhook that takes what comes with this token, and refuses all else.
async fn webhook(token: &'static str) -> Receiver {
    let wanted = format!("Bearer {token}");
    let answer = move |authorization: Option<&str>| {
        (
            if authorization == Some(&*wanted) {
                200
            } else {
                401
            },
            String::new(),
        )
    };
    Receiver::start(move |request| answer(request.authorization.as_deref()))
        .await
        .expect("a receiver")
}

/// The block of a webhook whose token is in a file beside the configuration.
fn hook(receiver: &Receiver, folder: &Path, more: &str) -> String {
    let token = folder.join("token");
    format!(
        "[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{}\"\nheaders = {{ authorization = \"Bearer ${{file:{}}}\" }}\n{more}\n",
        receiver.url(),
        token.display()
    )
}

fn write_token(folder: &Path, token: &str) {
    std::fs::write(folder.join("token"), format!("{token}\n")).expect("written");
}

fn write(folder: &Path, configuration: &str) {
    std::fs::write(
        folder.join("acteon.toml"),
        with_store(folder, configuration),
    )
    .expect("written");
}

async fn reload(process: &Process) -> crate::support::Answer {
    process.client().post("/admin/reload", &json!(null)).await
}

/// The value of a metric.
async fn metric(process: &Process, line: &str) -> Option<f64> {
    let Value::String(metrics) = process.client().get("/metrics").await.body else {
        panic!("metrics are text")
    };
    metrics
        .lines()
        .find_map(|found| found.strip_prefix(line)?.strip_prefix(' ')?.parse().ok())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_is_in_force_for_the_next_call() {
    let (folder, receiver) = (
        tempfile::tempdir().expect("a folder"),
        webhook("second").await,
    );
    write_token(folder.path(), "first");
    let process = Process::start(folder.path(), &hook(&receiver, folder.path(), ""), &[QUIET]);
    let client = process.client();
    assert_eq!(
        client.dispatch(&action("a", "hook", &json!({}))).await["Failed"]["code"],
        "CONFIGURATION"
    );
    let answer = reload(&process).await;
    let nothing = json!({ "configuration": { "changed": [], "needs_restart": [] }, "api_keys": null, "rules": null, "people": null, "errors": [] });
    assert_eq!((answer.status, &answer.body), (StatusCode::OK, &nothing));
    write_token(folder.path(), "second");
    assert_eq!(
        reload(&process).await.body["configuration"]["changed"],
        json!(["hook: headers"])
    );
    assert!(
        client
            .dispatch(&action("b", "hook", &json!({})))
            .await
            .get("Executed")
            .is_some()
    );
    let log = log_of(folder.path());
    assert!(
        log.contains("reading the configuration, rules, people and API keys anew caller=")
            && log.contains("provider=hook changed=\"headers\""),
        "{log}"
    );
    for secret in ["first", "second"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_a_restart_is_named_until_it_is_made() {
    let (folder, receiver) = (
        tempfile::tempdir().expect("a folder"),
        webhook("second").await,
    );
    write_token(folder.path(), "second");
    let process = Process::start(folder.path(), &hook(&receiver, folder.path(), ""), &[QUIET]);
    let client = process.client();
    let other = webhook("third").await;
    write_token(folder.path(), "third");
    let more = "retry = \"never\"\nmax_concurrency = 3\non_repairable = \"hold\"\n[[providers]]\nname = \"log\"\ntype = \"log\"\n";
    write(
        folder.path(),
        &format!(
            "server.port = 4711\nretry.max_retries = 1\n{}",
            hook(&other, folder.path(), more)
        ),
    );
    let waits = json!([
        "server.port",
        "retry.max_retries",
        "hook: max_concurrency",
        "hook: on_repairable",
        "log: the provider is new"
    ]);
    let answer = reload(&process).await.body;
    assert_eq!(
        answer["configuration"],
        json!({ "changed": ["hook: headers", "hook: retry", "hook: url"], "needs_restart": waits }),
        "{answer}"
    );
    assert!(
        client
            .dispatch(&action("c", "hook", &json!({})))
            .await
            .get("Executed")
            .is_some()
    );
    assert_eq!((receiver.requests().len(), other.requests().len()), (0, 1));
    let again = reload(&process).await.body;
    assert_eq!(
        again["configuration"],
        json!({ "changed": [], "needs_restart": waits }),
        "told until it is so"
    );
    assert_eq!(
        metric(&process, "acteon_configuration_needs_restart").await,
        Some(5.0)
    );
    assert_eq!(
        metric(
            &process,
            "acteon_reloads_total{what=\"configuration\",result=\"success\"}"
        )
        .await,
        Some(3.0)
    );
    let log = log_of(folder.path());
    assert!(
        log.contains(
            "needs a restart: until then what was before stays in force setting=\"server.port\""
        ),
        "{log}"
    );
    for secret in ["second", "third"] {
        assert!(
            !log.contains(secret) && !again.to_string().contains(secret),
            "{secret}: {log}"
        );
    }
}

/// A running gateway whose configuration is broken since it was changed, and its folder and webhook.
/// The token of before is "first".
async fn with_a_broken_file() -> (tempfile::TempDir, Receiver, Process) {
    let (folder, receiver) = (
        tempfile::tempdir().expect("a folder"),
        webhook("first").await,
    );
    write_token(folder.path(), "first");
    let process = Process::start(folder.path(), &hook(&receiver, folder.path(), ""), &[QUIET]);
    write_token(folder.path(), "second");
    write(
        folder.path(),
        &hook(&receiver, folder.path(), "retry = \"a-canary\""),
    );
    process.signal("HUP");
    process
        .client()
        .until("/ready", |body| body["status"] == "degraded")
        .await;
    (folder, receiver, process)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_changes_nothing_and_is_told() {
    let (folder, _receiver, process) = with_a_broken_file().await;
    let client = process.client();
    let ready = client.get("/ready").await.body;
    let reason = ready["reasons"][0].as_str().expect("a reason");
    assert!(
        reason.starts_with("configuration: what was before stays in force: ")
            && reason.ends_with("providers[0] (hook): retry"),
        "{reason}"
    );
    assert!(
        !reason.contains("a-canary"),
        "what stands there may be a secret: {reason}"
    );
    assert_eq!(
        metric(&process, "acteon_configuration_broken").await,
        Some(1.0)
    );
    let answer = reload(&process).await;
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (
            StatusCode::UNPROCESSABLE_ENTITY,
            &json!("INVALID_CONFIGURATION")
        ),
        "{}",
        answer.body
    );
    let error = answer.body["errors"][0].as_str().expect("an error");
    assert!(
        error.contains("acteon.toml:")
            && error.contains("providers[0] (hook): retry: must be \"safe\""),
        "{error}"
    );
    assert!(
        answer.body["message"]
            .as_str()
            .is_some_and(|message| message.contains("what was before stays in force")),
        "{}",
        answer.body
    );
    assert!(answer.body["configuration"].is_null(), "{}", answer.body);
    assert!(
        client
            .dispatch(&action("a", "hook", &json!({})))
            .await
            .get("Executed")
            .is_some(),
        "with the token of before"
    );
    assert!(
        log_of(folder.path())
            .contains("the configuration could not be read anew; nothing has changed")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_is_told_until_it_is_mended() {
    let (folder, receiver, process) = with_a_broken_file().await;
    let client = process.client();
    std::fs::remove_file(folder.path().join("acteon.toml")).expect("removed");
    let answer = reload(&process).await;
    assert!(
        answer.body["errors"][0]
            .as_str()
            .is_some_and(|error| error.contains("cannot be read anew")),
        "{}",
        answer.body
    );
    write(folder.path(), &hook(&receiver, folder.path(), ""));
    process.signal("HUP");
    client
        .until("/ready", |body| body["status"] == "ready")
        .await;
    assert_eq!(
        client.dispatch(&action("b", "hook", &json!({}))).await["Failed"]["code"],
        "CONFIGURATION",
        "with the new one"
    );
    assert_eq!(
        metric(&process, "acteon_configuration_broken").await,
        Some(0.0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_follows_the_configuration_unless_the_environment_says_otherwise() {
    let log = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";
    for (variable, level) in [("", "debug"), ("acteon_gateway=info", "info")] {
        let folder = tempfile::tempdir().expect("a folder");
        let process = Process::start(
            folder.path(),
            &format!("log.level = \"warn\"\n{log}"),
            &[("RUST_LOG", variable)],
        );
        let client = process.client();
        client.dispatch(&action("a", "log", &json!({}))).await;
        write(
            folder.path(),
            &format!("log.level = \"info,acteon_gateway=debug\"\n{log}"),
        );
        let answer = reload(&process).await.body["configuration"].clone();
        client.dispatch(&action("b", "log", &json!({}))).await;
        let lines = log_of(folder.path());
        let delivered = |id: &str| lines.contains(&format!("action delivered action={id}"));
        if level == "debug" {
            assert_eq!(
                answer,
                json!({ "changed": ["log.level"], "needs_restart": [] })
            );
            assert!(
                !delivered("a") && delivered("b") && lines.contains("changed=\"log.level\""),
                "{lines}"
            );
            assert!(
                !lines.contains("\"a\"") && lines.contains("acteon::log"),
                "{lines}"
            );
        } else {
            assert_eq!(
                answer,
                json!({ "changed": [], "needs_restart": ["log.level, and without RUST_LOG, which wins"] })
            );
            assert!(!delivered("a") && !delivered("b"), "{lines}");
        }
    }
    for (level, told) in [
        (
            "inof",
            "\"inof\" is no level: off, error, warn, info, debug, trace; did you mean \"info\"?",
        ),
        ("acteon_gateway=loud", "expected something like"),
    ] {
        let error = crate::support::parse(&format!("log.level = {level:?}\n{log}"))
            .err()
            .expect("an error");
        assert!(
            error.contains("log: level: ") && error.contains(told),
            "{error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_told_of_a_broken_file_is_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";
    let process = Process::start(folder.path(), log, &[QUIET]);
    let many = (0..60).fold(String::new(), |lines, number| {
        lines + &format!("unknown{number} = 1\n")
    });
    write(folder.path(), &format!("{log}{many}"));
    let answer = reload(&process).await;
    let errors = answer.body["errors"].as_array().expect("errors");
    assert_eq!(errors.len(), 21, "{}", answer.body);
    assert_eq!(
        errors[20], "and 40 more, which the log tells",
        "{}",
        answer.body
    );
}
