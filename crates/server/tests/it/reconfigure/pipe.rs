//! A configuration from a pipe, which can be read once.

use std::process::Command;

use reqwest::StatusCode;
use serde_json::Value;

use super::{metric, reload};
use crate::support::{Process, log_of, with_store};

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_from_a_pipe_is_not_read_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
    assert!(made.success());
    let text = with_store(
        folder.path(),
        "[[providers]]\nname = \"log\"\ntype = \"log\"\n",
    );
    let writing = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::write(pipe, text)
    });
    let mut command = Command::new(env!("CARGO_BIN_EXE_acteon-server"));
    command
        .args(["--port", "0", "--data-dir"])
        .arg(folder.path())
        .arg("-c")
        .arg(&pipe);
    let process = Process::of(command, &folder.path().join("log.txt"));
    writing.join().expect("its end").expect("written");
    process.signal("HUP");
    let give_up = tokio::time::Instant::now() + crate::support::PATIENCE;
    while !log_of(folder.path()).contains("SIGHUP: reading") {
        assert!(tokio::time::Instant::now() < give_up);
        tokio::task::yield_now().await;
    }
    let answer = reload(&process).await;
    assert_eq!(
        (answer.status, &answer.body["configuration"]),
        (StatusCode::OK, &Value::Null),
        "{}",
        answer.body
    );
    let ready = process.client().get("/ready").await.body;
    assert_eq!(ready["status"], "ready", "{ready}");
    assert_eq!(
        metric(&process, "acteon_configuration_broken").await,
        Some(0.0)
    );
}
