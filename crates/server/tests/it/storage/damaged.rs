//! Damaged pages, and a damaged log.

use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{LOG, damage_page_with, metric, path, ready};
use crate::stream::Follower;
use crate::support::{Client, PATIENCE, Process, action, log_of, run_command};

const ACTIONS: usize = 200;

/// Posts all actions, which their provider cannot send yet.
async fn post_all(client: &Client) {
    for number in 0..ACTIONS {
        let sent = action(
            &format!("a-{number:03}"),
            "p",
            &json!({ "text": format!("t-{number:03}"), "more": "x".repeat(600) }),
        );
        let answer = client
            .try_send(
                Method::POST,
                "/v1/dispatch",
                Some(sent.to_string()),
                Some("respond-async"),
            )
            .await
            .expect("an answer");
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
    }
}

/// Waits until every action is sent or cannot be read; returns the numbers of those that cannot.
async fn lost(client: &Client, folder: &Path) -> Vec<usize> {
    let give_up = tokio::time::Instant::now() + PATIENCE;
    let mut lost = Vec::new();
    for number in 0..ACTIONS {
        loop {
            let view = client.get(&format!("/v1/actions/a-{number:03}")).await;
            if view.status != StatusCode::OK {
                assert!(view.body.to_string().contains("damaged"), "{}", view.body);
                lost.push(number);
                break;
            }
            if view.body["state"] == "done" {
                break;
            }
            assert!(
                tokio::time::Instant::now() < give_up,
                "a-{number:03} stays {}: {}",
                view.body,
                log_of(folder)
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    lost
}

/// Holds the list of the audit trail to have all but those that are lost.
async fn are_listed(client: &Client, lost: &[usize]) {
    let listed = client.get("/v1/audit?limit=1000").await;
    let records = listed.body["records"].as_array().map_or(0, Vec::len);
    let missing = |number: &usize| {
        !listed
            .body
            .to_string()
            .contains(&format!("\"a-{number:03}\""))
    };
    let missing: Vec<usize> = (0..ACTIONS).filter(missing).collect();
    assert!(
        records >= ACTIONS - lost.len(),
        "{records} of {ACTIONS}: {missing:?} are missing, {lost:?} are lost"
    );
}

/// Waits until all that are lost are counted, and holds the log to say which they are.
async fn are_told(client: &Client, folder: &Path, lost: &[usize]) {
    let give_up = tokio::time::Instant::now() + PATIENCE;
    while metric(client, "acteon_unreadable_rows_total").await < lost.len() as f64 {
        assert!(
            tokio::time::Instant::now() < give_up,
            "those that are lost are not told of: {}",
            log_of(folder)
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let log = log_of(folder);
    assert!(
        lost.iter()
            .all(|number| log.contains(&format!("a-{number:03}"))),
        "the log says which: {log}"
    );
}

/// Holds a backup to refuse the database, and an export to leave out what cannot be read; returns
/// the folder that it was imported into.
fn moved(folder: &Path) -> PathBuf {
    let (data, export, new) = (
        folder.to_str().expect("a path"),
        path(folder, "all.jsonl"),
        path(folder, "new"),
    );
    let export = export.to_str().expect("a path");
    let into = new.to_str().expect("a path");
    let backup = run_command(
        &["backup", &format!("{export}.db"), "--data-dir", data],
        &[],
        "",
    );
    assert!(
        !backup.status.success()
            && String::from_utf8_lossy(&backup.stderr).contains("acteon-server export"),
        "{backup:?}"
    );
    let exported = run_command(&["export", export, "--data-dir", data], &[], "");
    assert!(exported.status.success(), "{exported:?}");
    assert!(
        String::from_utf8_lossy(&exported.stderr).contains("left out"),
        "{exported:?}"
    );
    assert!(
        run_command(&["import", export, "--data-dir", into], &[], "")
            .status
            .success()
    );
    new
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_page_is_told_of_and_what_can_be_read_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let nobody = "[[providers]]\nname = \"p\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:9/\"\n";
    let process = Process::start_exactly(
        folder.path(),
        &format!("retry.max_retries = 0\n{nobody}"),
        &[],
    );
    post_all(process.client()).await;
    assert_eq!(process.terminate().0, Some(0));
    let database = path(folder.path(), "acteon.db");
    damage_page_with(&database, "\"t-100\"");
    // The provider is another now, which takes everything.
    let process = Process::start_exactly(
        folder.path(),
        "[[providers]]\nname = \"p\"\ntype = \"log\"\n",
        &[],
    );
    let client = process.client();
    let lost = lost(client, folder.path()).await;
    assert!((1..=10).contains(&lost.len()), "{lost:?} of a page");
    let told = ready(client, StatusCode::OK).await;
    assert!(
        told["status"] == "degraded" && told.to_string().contains("backup"),
        "{told}"
    );
    assert!(metric(client, "acteon_store_damaged_reads_total").await > 0.0);
    assert!(log_of(folder.path()).contains("acteon-server backup"));
    are_listed(client, &lost).await;
    are_told(client, folder.path(), &lost).await;
    assert_eq!(client.get("/v1/dlq").await.status, StatusCode::OK);
    client.dispatch(&action("after", "p", &json!({}))).await;
    let new = moved(folder.path());
    assert_eq!(process.terminate().0, Some(0));
    let moved = Process::start_exactly(&new, "", &[]);
    assert_eq!(
        moved.client().get("/v1/actions/a-199").await.body["state"],
        "done"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_action_whose_outcome_is_damaged_has_no_next_attempt() {
    let folder = tempfile::tempdir().expect("a folder");
    let process = Process::start_exactly(folder.path(), LOG, &[]);
    let posted = action("a", "log", &json!({}));
    process.client().dispatch(&posted).await;
    assert_eq!(process.terminate().0, Some(0));
    let database = path(folder.path(), "acteon.db");
    let connection = rusqlite::Connection::open(&database).expect("the database");
    connection
        .execute("UPDATE outcomes SET outcome = '{\"Executed\":{\"sta'", [])
        .expect("damage");
    drop(connection);
    let process = Process::start_exactly(folder.path(), LOG, &[]);
    let client = process.client();
    let view = client.get("/v1/actions/a").await.body;
    assert_eq!(
        (
            &view["state"],
            &view["next_attempt_at"],
            &view["outcome"]["Failed"]["code"]
        ),
        (&json!("done"), &json!(null), &json!("UNREADABLE")),
        "{view}"
    );
    let record = &client.get("/v1/audit").await.body["records"][0];
    assert_eq!(record["next_attempt_at"], json!(null), "{record}");
    let repeated = client.dispatch(&posted).await;
    assert_eq!(repeated["Failed"]["code"], "UNREADABLE", "{repeated}");
}

/// What a service repeats of an action is found by what the action has, which nobody can read any more.
#[tokio::test(flavor = "multi_thread")]
async fn of_an_action_that_is_damaged_nothing_is_shown_that_may_have_been_redacted() {
    let folder = tempfile::tempdir().expect("a folder");
    let configuration = format!("audit.redact = [\"payload.password\"]\n{LOG}");
    let process = Process::start_exactly(folder.path(), &configuration, &[]);
    for id in ["failed", "sent"] {
        let posted = action(id, "log", &json!({ "password": "xyzzy" }));
        process.client().dispatch(&posted).await;
    }
    assert_eq!(process.terminate().0, Some(0));
    let database = path(folder.path(), "acteon.db");
    let connection = rusqlite::Connection::open(&database).expect("the database");
    connection
        .execute_batch(
            r#"UPDATE outcomes SET state = 2, tag = 'failed', outcome = '{"Failed":{"code":"EXECUTION_ERROR","message":"no xyzzy","retryable":false,"attempts":1}}'
                 WHERE seq = (SELECT seq FROM actions WHERE id = 'failed');
               UPDATE outcomes SET outcome = '{"Executed":{"status":"success","body":"xyzzy","headers":{"got":"xyzzy"}}}'
                 WHERE seq = (SELECT seq FROM actions WHERE id = 'sent');
               UPDATE actions SET action = '{"id":'"#,
        )
        .expect("damage");
    drop(connection);
    let process = Process::start_exactly(folder.path(), &configuration, &[]);
    let client = process.client();
    for (path, shown) in [
        ("/v1/actions/failed", "EXECUTION_ERROR"),
        ("/v1/actions/sent", "Executed"),
        ("/v1/audit", "EXECUTION_ERROR"),
        ("/v1/audit/export", "EXECUTION_ERROR"),
        ("/v1/dlq", "EXECUTION_ERROR"),
    ] {
        let answer = client.get(path).await.body.to_string();
        assert!(
            answer.contains(shown) && !answer.contains("xyzzy"),
            "{path}: {answer}"
        );
    }
    let mut follower = Follower::from(client, "/v1/stream", Some("nonsense")).await;
    follower.next().await.expect("that its id is not known");
    let told = format!("{:?}", follower.events(2).await);
    assert!(
        told.contains("EXECUTION_ERROR") && !told.contains("xyzzy"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_log_is_told_of_and_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let process = Process::start_exactly(folder.path(), LOG, &[]);
    for number in 0..20 {
        process
            .client()
            .dispatch(&action(&format!("a-{number}"), "log", &json!({})))
            .await;
    }
    process.kill();
    let whole = Process::start_exactly(folder.path(), LOG, &[]);
    assert_eq!(
        ready(whole.client(), StatusCode::OK).await["status"],
        "ready",
        "a crash is no damage"
    );
    whole.kill();
    let log = path(folder.path(), "acteon.db-wal");
    let opened = std::fs::File::options()
        .write(true)
        .open(&log)
        .expect("a log");
    opened
        .write_all_at(&[0xa5; 64], 32 + 24 + 100)
        .expect("written");
    let process = Process::start_exactly(folder.path(), LOG, &[]);
    let told = ready(process.client(), StatusCode::OK).await;
    assert!(
        told["status"] == "degraded" && told.to_string().contains("acteon.db-wal.damaged"),
        "{told}"
    );
    assert!(path(folder.path(), "acteon.db-wal.damaged").exists());
    process
        .client()
        .dispatch(&action("after", "log", &json!({})))
        .await;
}
