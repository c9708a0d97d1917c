//! Callers without a key, or with a wrong one.

use std::path::Path;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::time::Instant;

use super::CONFIGURATION;
use crate::support::{Client, Process, action, log_of, run_command, store_lines};

/// Starts a server with keys, and returns it with a key that may do everything.
fn start(folder: &Path, more: &str) -> (Process, String) {
    start_after("", folder, more)
}

fn start_after(before: &str, folder: &Path, more: &str) -> (Process, String) {
    let made = run_command(&["api-key", "ops", "--role", "admin"], &[], "");
    std::fs::write(folder.join("auth.toml"), &made.stdout).expect("written");
    let key = String::from_utf8_lossy(&made.stderr)
        .lines()
        .find(|line| line.len() == 64)
        .expect("a key")
        .to_owned();
    let configuration = format!(
        "{}auth.enabled = true\n{more}{CONFIGURATION}",
        store_lines(folder)
    );
    (
        Process::start_after(before, folder, &configuration, &[]),
        key,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_logged_without_the_key_and_slowed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (process, key) = start(folder.path(), "");
    let guess = process.client().with_key("GUESSED-KEY");
    let began = Instant::now();
    for _ in 0..15 {
        assert_eq!(
            guess.get("/v1/audit").await.status,
            StatusCode::UNAUTHORIZED
        );
    }
    assert!(
        began.elapsed() > Duration::from_millis(900),
        "five waited: {:?}",
        began.elapsed()
    );
    // Many at a time gain nothing, and hold up nobody who has a key.
    let many: Vec<_> = (0..150)
        .map(|_| {
            let guess = guess.clone();
            tokio::spawn(async move { guess.get("/v1/audit").await.status })
        })
        .collect();
    let began = Instant::now();
    let good = process.client().with_key(&key);
    assert!(
        good.dispatch(&action("a", "log", &json!({})))
            .await
            .get("Executed")
            .is_some()
    );
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    let mut refused = 0;
    for answer in many {
        refused += usize::from(answer.await.expect("no panic") == StatusCode::TOO_MANY_REQUESTS);
    }
    assert!((50..150).contains(&refused), "{refused}");
    let log = log_of(folder.path());
    assert!(
        log.contains("sign-in failed") && log.contains("127.0.0.1") && log.contains("/v1/audit"),
        "{log}"
    );
    assert!(!log.contains("GUESSED-KEY") && !log.contains(&key), "{log}");
    assert!(
        log.matches("sign-in failed").count() <= 150,
        "a flood does not fill the log"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_those_who_may_look_are_told_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("rules")).expect("a folder");
    let failing = "[[providers]]\nname = \"canary-hook\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:9/\"\n";
    let (process, key) = start(
        folder.path(),
        &format!("rules.directory = \"rules\"\nretry.max_retries = 0\n{failing}"),
    );
    let (nobody, ops) = (process.client(), process.client().with_key(&key));
    ops.dispatch(&action("a", "canary-hook", &json!({}))).await;
    std::fs::write(folder.path().join("rules/canary-file.yaml"), "rules: [{}]").expect("written");
    let ready = ops
        .until("/ready", |ready| ready.to_string().contains("canary-file"))
        .await;
    assert!(
        ready["status"] == "degraded" && ready.to_string().contains("canary-hook"),
        "{ready}"
    );
    assert!(
        ops.get("/metrics")
            .await
            .body
            .to_string()
            .contains("canary-hook")
    );
    assert!(ops.get("/health").await.body["metrics"]["dispatched"].is_number());
    assert_eq!(
        nobody.get("/ready").await.body,
        json!({ "status": "degraded" })
    );
    assert_eq!(nobody.get("/health").await.body, json!({ "status": "ok" }));
    for path in [
        "/live",
        "/ready",
        "/health",
        "/metrics",
        "/metrics/prometheus",
    ] {
        let answer = nobody.get(path).await;
        let text = match answer.body {
            Value::String(text) => text,
            other => other.to_string(),
        };
        assert!(
            answer.status == StatusCode::OK
                && !text.contains("canary")
                && !text.contains("provider"),
            "{path}: {text}"
        );
    }
    assert_eq!(
        told(&nobody.with_key("wrong")).await,
        StatusCode::UNAUTHORIZED,
        "a wrong key is no probe"
    );
}

async fn told(client: &Client) -> StatusCode {
    client.get("/ready").await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_that_wait_for_their_answer_give_way_to_good_keys() {
    let folder = tempfile::tempdir().expect("a folder");
    let (process, key) = start_after("ulimit -n 600;", folder.path(), "");
    let address: std::net::SocketAddr = process
        .client()
        .base()
        .strip_prefix("http://")
        .and_then(|text| text.parse().ok())
        .expect("an address");
    // From many networks, so that none has its own limit reached; more connections than the server takes.
    let mut guesses = Vec::new();
    for number in 0..20_u8 {
        for _ in 0..20 {
            let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
            socket
                .bind(std::net::SocketAddr::from(([127, 0, 1, number], 0)))
                .expect("a network of its own");
            let mut stream = socket.connect(address).await.expect("a connection");
            let request =
                super::head_of("GET", "/v1/audit", "authorization: Bearer guessed\r\n").repeat(20);
            stream.write_all(request.as_bytes()).await.ok();
            guesses.push(stream);
        }
    }
    for number in 0..20 {
        let good = Client::new(process.client().base()).with_key(&key);
        assert!(
            good.dispatch(&action(&format!("a-{number}"), "log", &json!({})))
                .await
                .get("Executed")
                .is_some()
        );
    }
}
