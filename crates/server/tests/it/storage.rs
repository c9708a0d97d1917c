//! What the disk does to the embedded database: it does not answer, its files are taken away, and its bytes are not those that were written.

use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use acteon_simulation::webhook::Receiver;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, Client, PATIENCE, Process, action, log_of, run_command};

const LOG: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";
/// Longest until a caller hears that the disk does not answer: the bound, a look, and a busy machine.
const TOLD_WITHIN: Duration = Duration::from_secs(20);

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

fn assert_told_to_come_back(answer: &Answer) {
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("STORE_SLOW")),
        "{}",
        answer.body
    );
    assert!(answer.body["retry_after"].is_u64(), "{}", answer.body);
    assert!(
        answer.body["message"]
            .as_str()
            .is_some_and(|told| told.contains("again")),
        "{}",
        answer.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_does_not_answer_is_told_of_in_time_and_loses_and_doubles_nothing() {
    let receiver = Receiver::start(|_| (200, "{}".into()))
        .await
        .expect("a receiver");
    let folder = tempfile::tempdir().expect("a folder");
    let hang = path(folder.path(), "hang");
    let configuration = format!(
        "[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{}\"\n",
        receiver.url()
    );
    let process = Process::start_exactly(
        folder.path(),
        &configuration,
        &[(
            "ACTEON_TEST_HANG_WHILE_THERE_IS",
            hang.to_str().expect("a path"),
        )],
    );
    let client = process.client();
    client.dispatch(&action("before", "hook", &json!({}))).await;
    std::fs::write(&hang, "").expect("a file");
    let body = |id: &str| Some(action(id, "hook", &json!({})).to_string());
    let began = tokio::time::Instant::now();
    let (at_once, waiting, change) = tokio::join!(
        client.try_send(
            Method::POST,
            "/v1/dispatch",
            body("at-once"),
            Some("respond-async")
        ),
        client.try_send(
            Method::POST,
            "/v1/dispatch",
            body("waiting"),
            Some("wait=60")
        ),
        client.try_send(Method::POST, "/v1/quotas", Some(quota().to_string()), None),
    );
    for answer in [at_once, waiting, change] {
        assert_told_to_come_back(&answer.expect("an answer"));
    }
    let batch = json!([
        action("in-a-batch", "hook", &json!({})),
        action("in-a-batch-too", "hook", &json!({}))
    ]);
    let batch = client.post("/v1/dispatch/batch", &batch).await;
    assert!(
        batch.body.to_string().contains("STORE_SLOW"),
        "{}",
        batch.body
    );
    assert!(began.elapsed() < TOLD_WITHIN, "{:?}", began.elapsed());
    let told = ready(client, StatusCode::SERVICE_UNAVAILABLE)
        .await
        .to_string();
    assert!(told.contains("its disk has not answered for"), "{told}");
    assert!(
        metric(client, "acteon_store_failing").await > 0.0
            && metric(client, "acteon_store_stalled_seconds").await >= 5.0
    );
    std::fs::remove_file(&hang).expect("the disk answers again");
    ready(client, StatusCode::OK).await;
    for id in ["at-once", "waiting"] {
        client
            .until(&format!("/v1/actions/{id}"), |view| view["state"] == "done")
            .await;
        // The same again gets what became of it.
        client.dispatch(&action(id, "hook", &json!({}))).await;
    }
    client.dispatch(&action("after", "hook", &json!({}))).await;
    let mut sent: Vec<_> = receiver
        .requests()
        .iter()
        .filter_map(|request| request.body["id"].as_str().map(str::to_owned))
        .collect();
    sent.sort_unstable();
    assert_eq!(sent, ["after", "at-once", "before", "waiting"]);
    assert_eq!(process.terminate().0, Some(0));
}

fn quota() -> Value {
    json!({ "namespace": "n", "tenant": "t", "max_actions": 5, "window": "hourly", "overage_behavior": "block" })
}

#[test]
fn a_server_whose_disk_does_not_answer_can_be_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    let hang = path(folder.path(), "hang");
    let variables = [(
        "ACTEON_TEST_HANG_WHILE_THERE_IS",
        hang.to_str().expect("a path"),
    )];
    let process = Process::start_exactly(
        folder.path(),
        &format!("server.shutdown_timeout_seconds = 1\n{LOG}"),
        &variables,
    );
    std::fs::write(&hang, "").expect("a file");
    let began = tokio::time::Instant::now();
    assert_eq!(process.terminate().0, Some(0));
    assert!(began.elapsed() < TOLD_WITHIN, "{:?}", began.elapsed());
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

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_page_is_told_of_and_what_can_be_read_goes_on() {
    const ACTIONS: usize = 200;
    let folder = tempfile::tempdir().expect("a folder");
    let nobody = "[[providers]]\nname = \"p\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:9/\"\n";
    let process = Process::start_exactly(
        folder.path(),
        &format!("retry.max_retries = 0\n{nobody}"),
        &[],
    );
    let client = process.client();
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
                log_of(folder.path())
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    assert!((1..=10).contains(&lost.len()), "{lost:?} of a page");
    let told = ready(client, StatusCode::OK).await;
    assert!(
        told["status"] == "degraded" && told.to_string().contains("backup"),
        "{told}"
    );
    assert!(metric(client, "acteon_store_damaged_reads_total").await > 0.0);
    assert!(log_of(folder.path()).contains("acteon-server backup"));
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
    let give_up = tokio::time::Instant::now() + PATIENCE;
    while metric(client, "acteon_unreadable_rows_total").await < lost.len() as f64 {
        assert!(
            tokio::time::Instant::now() < give_up,
            "those that are lost are not told of: {}",
            log_of(folder.path())
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let log = log_of(folder.path());
    assert!(
        lost.iter()
            .all(|number| log.contains(&format!("a-{number:03}"))),
        "the log says which: {log}"
    );
    assert_eq!(client.get("/v1/dlq").await.status, StatusCode::OK);
    client.dispatch(&action("after", "p", &json!({}))).await;
    let (data, export, new) = (
        folder.path().to_str().expect("a path"),
        path(folder.path(), "all.jsonl"),
        path(folder.path(), "new"),
    );
    let (export, new) = (
        export.to_str().expect("a path"),
        new.to_str().expect("a path"),
    );
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
        run_command(&["import", export, "--data-dir", new], &[], "")
            .status
            .success()
    );
    assert_eq!(process.terminate().0, Some(0));
    let moved = Process::start_exactly(Path::new(new), "", &[]);
    assert_eq!(
        moved.client().get("/v1/actions/a-199").await.body["state"],
        "done"
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
