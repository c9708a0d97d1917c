//! Why nothing can be written: each reason in words that say what to do, to callers, by readiness and in the log.

use reqwest::StatusCode;
use serde_json::json;

use crate::support::{Client, Process, action, log_of, run_command};

const LOG: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";

/// Posts until one is refused; returns what its caller was told.
async fn refused(client: &Client) -> serde_json::Value {
    for number in 0..100 {
        let answer = client
            .post(
                "/v1/dispatch",
                &action(&format!("a-{number}"), "log", &json!({})),
            )
            .await;
        if answer.status == StatusCode::SERVICE_UNAVAILABLE {
            return answer.body;
        }
    }
    panic!("everything is accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_another_program_locks() {
    let folder = tempfile::tempdir().expect("a folder");
    let process = Process::start_exactly(folder.path(), LOG, &[]);
    let client = process.client();
    let holder = rusqlite::Connection::open(folder.path().join("acteon.db")).expect("the database");
    holder.execute_batch("BEGIN IMMEDIATE").expect("held");
    let told = refused(client).await;
    assert!(
        told["code"] == "STORE_LOCKED"
            && told
                .to_string()
                .contains("another program holds the database"),
        "{told}"
    );
    let ready = client.get("/ready").await;
    assert!(
        ready.status == StatusCode::SERVICE_UNAVAILABLE
            && ready.body.to_string().contains("another program"),
        "{}",
        ready.body
    );
    assert!(log_of(folder.path()).contains("another program holds the database"));
    holder.execute_batch("COMMIT").expect("let go");
    client
        .until("/ready", |body| body["status"] == "ready")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_on_the_size_of_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let process = Process::start_exactly(folder.path(), LOG, &[]);
    let client = process.client();
    process.limit_files(Some(1));
    let told = refused(client).await;
    assert!(
        told["message"]
            .as_str()
            .is_some_and(|told| told.contains("ulimit -f")),
        "{told}"
    );
    let ready = client.get("/ready").await;
    assert!(
        ready.status == StatusCode::SERVICE_UNAVAILABLE
            && ready.body.to_string().contains("ulimit -f"),
        "{}",
        ready.body
    );
    process.limit_files(None);
    client
        .until("/ready", |body| body["status"] == "ready")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_of_what_was_overwritten_says_what_is_left_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let process = Process::start_exactly(folder.path(), LOG, &[]);
    process
        .client()
        .dispatch(&action("kept", "log", &json!({})))
        .await;
    process.kill();
    let (data, to) = (
        folder.path().to_str().expect("a path"),
        folder.path().join("out.jsonl"),
    );
    std::fs::write(folder.path().join("acteon.db"), "another").expect("overwritten");
    std::fs::remove_file(folder.path().join("acteon.db-wal")).expect("its log");
    let export = || {
        let output = run_command(
            &["export", to.to_str().expect("a path"), "--data-dir", data],
            &[],
            "",
        );
        assert!(!output.status.success() && !to.exists());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let said = export();
    assert!(
        said.contains("acteon-server backup") && said.contains("no server has kept a copy as"),
        "{said}"
    );
    std::fs::write(folder.path().join("acteon.db.rescued"), "").expect("a copy");
    let said = export();
    assert!(
        said.contains("acteon.db.rescued has what a server kept"),
        "{said}"
    );
}
