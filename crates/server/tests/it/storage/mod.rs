//! What the disk does to the embedded database: it does not answer, its files are taken away, and its bytes are not those that were written.

mod damaged;
mod irregular;
mod stalled;

use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use acteon_fakes::webhook::Receiver;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Client, PATIENCE, Process, action, log_of, run_command};

const LOG: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";

fn path(folder: &Path, name: &str) -> PathBuf {
    folder.join(name)
}

async fn ready(client: &Client, wanted: StatusCode) -> Value {
    let give_up = tokio::time::Instant::now() + PATIENCE;
    loop {
        let answer = client.get("/ready").await;
        if answer.status == wanted {
            return answer.body;
        }
        assert!(
            tokio::time::Instant::now() < give_up,
            "/ready stays {}: {}",
            answer.status,
            answer.body
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn metric(client: &Client, name: &str) -> f64 {
    let Value::String(metrics) = client.get("/metrics").await.body else {
        panic!("metrics are text")
    };
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
        .unwrap_or_else(|| panic!("no {name}"));
    line.parse().expect("a number")
}

/// Posts until nothing is accepted any more; returns the ids that were.
async fn post_until_refused(client: &Client) -> Vec<String> {
    let mut accepted = Vec::new();
    for number in 0..1000 {
        let id = format!("late-{number}");
        let answer = client
            .post("/v1/dispatch", &action(&id, "log", &json!({})))
            .await;
        if answer.status != StatusCode::OK {
            assert_eq!(
                answer.status,
                StatusCode::SERVICE_UNAVAILABLE,
                "{}",
                answer.body
            );
            assert!(
                !answer.body.to_string().contains("/acteon.db"),
                "where it lies is nothing for callers: {}",
                answer.body
            );
            return accepted;
        }
        accepted.push(id);
    }
    panic!("everything is accepted: {accepted:?}");
}

fn database_files(folder: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path());
    files
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("acteon.db"))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_deleted_under_a_server_takes_nothing_more_and_what_it_had_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let process = Process::start_exactly(folder.path(), LOG, &[]);
    let client = process.client();
    client.dispatch(&action("kept", "log", &json!({}))).await;
    for file in database_files(folder.path()) {
        std::fs::remove_file(file).expect("deleted");
    }
    assert_eq!(
        post_until_refused(client).await,
        Vec::<String>::new(),
        "nothing is acknowledged after that"
    );
    let told = client
        .until("/ready", |body| {
            body.to_string().contains("acteon.db.rescued")
        })
        .await
        .to_string();
    assert!(
        told.contains("not there any more") && told.contains("stop the server"),
        "{told}"
    );
    assert!(metric(client, "acteon_store_failing").await > 0.0);
    assert_eq!(
        client.get("/v1/actions/kept").await.status,
        StatusCode::OK,
        "what is there can be read"
    );
    process.kill();
    assert!(log_of(folder.path()).contains("acteon.db.rescued"));
    // A start would begin with nothing, and nobody would know.
    let data = folder.path().to_str().expect("a path");
    let refused = run_command(&["--port", "0", "--data-dir", data], &[], "");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && said.contains("mv ") && said.contains("acteon.db.rescued"),
        "{said}"
    );
    std::fs::rename(
        path(folder.path(), "acteon.db.rescued"),
        path(folder.path(), "acteon.db"),
    )
    .expect("moved");
    let next = Process::start_exactly(folder.path(), LOG, &[]);
    assert_eq!(
        next.client().get("/v1/actions/kept").await.body["state"],
        "done"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_overwritten_under_a_server_takes_nothing_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let process = Process::start_exactly(folder.path(), LOG, &[]);
    let client = process.client();
    client.dispatch(&action("kept", "log", &json!({}))).await;
    let copy = path(folder.path(), "copy.db");
    backup(folder.path(), &copy);
    // Into the file that is open, as `cp` does: nothing tells it but what is in it.
    std::fs::write(
        path(folder.path(), "acteon.db"),
        std::fs::read(&copy).expect("the copy"),
    )
    .expect("overwritten");
    assert_eq!(
        post_until_refused(client).await,
        Vec::<String>::new(),
        "nothing is acknowledged after that"
    );
    client
        .until("/ready", |body| {
            body.to_string().contains("overwritten or cut short")
        })
        .await;
    drop(process);
    // Back to the backup, as it says. What was kept beside it is not whole, and no start asks for it instead.
    for file in ["acteon.db-wal", "acteon.db-shm"] {
        std::fs::remove_file(path(folder.path(), file)).ok();
    }
    std::fs::copy(&copy, path(folder.path(), "acteon.db")).expect("restored");
    let process = Process::start_exactly(folder.path(), LOG, &[]);
    let kept = process.client().get("/v1/actions/kept").await;
    assert_eq!(kept.status, 200, "{}", kept.body);
}

fn backup(data: &Path, to: &Path) {
    let (to, data) = (to.to_str().expect("a path"), data.to_str().expect("a path"));
    let output = run_command(&["backup", to, "--data-dir", data], &[], "");
    assert!(output.status.success(), "{output:?}");
}

fn refused_start(data: &Path) -> String {
    let output = run_command(
        &["--port", "0", "--data-dir", data.to_str().expect("a path")],
        &[],
        "",
    );
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_asks_which_of_two_databases_is_meant() {
    let folder = tempfile::tempdir().expect("a folder");
    let process = Process::start_exactly(folder.path(), LOG, &[]);
    process
        .client()
        .dispatch(&action("first", "log", &json!({})))
        .await;
    let (database, copy) = (
        path(folder.path(), "acteon.db"),
        path(folder.path(), "copy.db"),
    );
    backup(folder.path(), &copy);
    process
        .client()
        .dispatch(&action("second", "log", &json!({})))
        .await;
    process.kill();
    // The log of the one that died has nothing to do with the copy.
    std::fs::copy(&copy, &database).expect("restored");
    let said = refused_start(folder.path());
    assert!(
        said.contains("no server has used yet") && said.contains("acteon.db-wal"),
        "{said}"
    );
    for file in ["acteon.db-wal", "acteon.db-shm"] {
        std::fs::remove_file(path(folder.path(), file)).expect("removed");
    }
    // What another server kept may have more.
    std::fs::copy(&copy, path(folder.path(), "acteon.db.rescued")).expect("a rescued copy");
    let said = refused_start(folder.path());
    assert!(
        said.contains("there may be less at") && said.contains("mv "),
        "{said}"
    );
    std::fs::remove_file(path(folder.path(), "acteon.db.rescued")).expect("removed");
    let next = Process::start_exactly(folder.path(), LOG, &[]);
    assert_eq!(
        next.client().get("/v1/actions/first").await.body["state"],
        "done"
    );
    assert_eq!(
        next.client().get("/v1/actions/second").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_owed_in_a_copy_is_marked_when_it_is_sent() {
    let folder = tempfile::tempdir().expect("a folder");
    let works = Arc::new(AtomicBool::new(false));
    let is_well = Arc::clone(&works);
    let answer = move |_: &_| {
        if is_well.load(Ordering::Relaxed) {
            (200, "{}".into())
        } else {
            (429, String::new())
        }
    };
    let receiver = Receiver::start(answer).await.expect("a receiver");
    let configuration = format!(
        "[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{}\"\n",
        receiver.url()
    );
    let process = Process::start_exactly(folder.path(), &configuration, &[]);
    let client = process.client();
    client
        .post_preferring(
            "/v1/dispatch",
            &action("owed", "hook", &json!({})),
            "respond-async",
        )
        .await;
    let elsewhere = tempfile::tempdir().expect("a folder");
    backup(folder.path(), &path(elsewhere.path(), "acteon.db"));
    works.store(true, Ordering::Relaxed);
    let sent = client
        .until("/v1/actions/owed", |body| body["state"] == "done")
        .await;
    assert_ne!(sent["possible_duplicate"], true, "{sent}");
    process.kill();
    let copy = Process::start_exactly(elsewhere.path(), &configuration, &[]);
    let found = copy
        .client()
        .until("/v1/actions/owed", |body| body["state"] == "done")
        .await;
    assert_eq!(
        found["possible_duplicate"], true,
        "the original has sent it: {found}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_replaced_is_not_written_and_one_that_is_moved_back_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let process = Process::start_exactly(folder.path(), LOG, &[]);
    let client = process.client();
    client.dispatch(&action("kept", "log", &json!({}))).await;
    let (database, aside) = (
        path(folder.path(), "acteon.db"),
        path(folder.path(), "aside"),
    );
    std::fs::rename(&database, &aside).expect("moved");
    std::fs::write(&database, "another").expect("replaced");
    assert_eq!(post_until_refused(client).await, Vec::<String>::new());
    client
        .until("/ready", |body| {
            body.to_string().contains("it was replaced")
        })
        .await;
    std::fs::rename(&aside, &database).expect("moved back");
    ready(client, StatusCode::OK).await;
    client.dispatch(&action("after", "log", &json!({}))).await;
    process.kill();
    let next = Process::start_exactly(folder.path(), LOG, &[]);
    for id in ["kept", "after"] {
        assert_eq!(
            next.client().get(&format!("/v1/actions/{id}")).await.body["state"],
            "done"
        );
    }
}

/// Where a text lies in a file.
fn find(file: &Path, text: &str) -> u64 {
    let bytes = std::fs::read(file).expect("a file");
    let found = bytes
        .windows(text.len())
        .position(|window| window == text.as_bytes());
    found.unwrap_or_else(|| panic!("no {text}")) as u64
}

/// Writes over the page of a file that holds a text.
fn damage_page_with(file: &Path, text: &str) {
    const PAGE: u64 = 4096;
    let start = find(file, text) / PAGE * PAGE;
    let opened = std::fs::File::options()
        .write(true)
        .open(file)
        .expect("a file");
    opened
        .write_all_at(&[0xa5; PAGE as usize], start)
        .expect("written");
}
