//! The embedded database on a disk of its own: full, freed again, and copied by a command that stands still.

use std::path::Path;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;

use crate::support::{Client, DISK, PATIENCE, Process, action, disk_of, log_of, start_beside};

const LOG: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";

fn large(id: &str, bytes: usize) -> serde_json::Value {
    action(id, "log", &json!({ "content": "x".repeat(bytes) }))
}

/// Fills a file system to its last byte.
fn fill(filler: &Path) {
    use std::io::Write as _;
    let mut file = std::fs::File::create(filler).expect("a file");
    for size in [1 << 20, 4096, 1] {
        let block = vec![0; size];
        while file.write_all(&block).is_ok() {}
    }
}

/// Posts until the answer is a refusal for want of room; says which were accepted.
async fn post_until_full(client: &Client, accepted: &mut Vec<String>) -> String {
    let give_up = tokio::time::Instant::now() + PATIENCE;
    for number in 0.. {
        assert!(tokio::time::Instant::now() < give_up, "it is never full");
        let id = format!("full-{number}");
        let answer = client.post("/v1/dispatch", &large(&id, 100_000)).await;
        if answer.status == StatusCode::OK {
            accepted.push(id);
            continue;
        }
        assert_eq!(
            answer.status,
            StatusCode::SERVICE_UNAVAILABLE,
            "{}",
            answer.body
        );
        if answer.body["code"] == "STORE_FULL" {
            return id;
        }
    }
    String::new()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_what_it_cannot_keep_and_goes_on_once_there_is_room() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(process) = Process::start_on_a_disk(folder.path(), "100m", LOG, &[]) else {
        return;
    };
    let client = process.client();
    let mut accepted = vec!["first".to_owned()];
    client.dispatch(&large("first", 1000)).await;
    let daily = json!({
        "namespace": "incidents", "tenant": "acme", "provider": "log", "action_type": "report", "cron_expression": "@daily",
        "payload": { "content": "x".repeat(100_000) },
    });
    let made = client.post("/v1/recurring", &daily).await.body;
    let filler = disk_of(&process, folder.path()).join("filler");
    fill(&filler);
    let refused = post_until_full(client, &mut accepted).await;
    let path = format!(
        "/v1/recurring/{}/backfill",
        made["id"].as_str().expect("an id")
    );
    let span = json!({ "start": "2026-03-01T00:00:00Z", "end": "2026-03-03T00:00:00Z" });
    let backfill = client.post(&path, &span).await;
    assert_eq!(
        (backfill.status, &backfill.body["code"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("STORE_FULL"))
    );
    assert_eq!(
        client.get(&format!("/v1/actions/{refused}")).await.status,
        StatusCode::NOT_FOUND,
        "nothing was stored of it"
    );
    assert_eq!(
        client.get("/v1/actions/first").await.status,
        StatusCode::OK,
        "what is there can be read"
    );
    std::fs::remove_file(&filler).expect("freed");
    let give_up = tokio::time::Instant::now() + PATIENCE;
    while client
        .post("/v1/dispatch", &large(&refused, 100_000))
        .await
        .status
        != StatusCode::OK
    {
        assert!(
            tokio::time::Instant::now() < give_up,
            "there is room, and it does not go on: {}",
            log_of(folder.path())
        );
        tokio::task::yield_now().await;
    }
    accepted.push(refused);
    for id in &accepted {
        client
            .until(&format!("/v1/actions/{id}"), |view| view["state"] == "done")
            .await;
    }
    assert_eq!(process.terminate().0, Some(0), "it was never started again");
}

/// Whether a process reads the database just now: it has locked one of the five marks of readers in the log's index.
fn is_reading(process: u32) -> bool {
    let locks = std::fs::read_to_string("/proc/locks").expect("the locks");
    locks.lines().any(|line| {
        let words: Vec<&str> = line
            .split_whitespace()
            .filter(|word| *word != "->")
            .collect();
        let (Some(pid), Some(first)) = (words.get(4), words.get(6)) else {
            return false;
        };
        *pid == process.to_string() && matches!(first.parse(), Ok(123..=127_u64))
    })
}

fn signal(process: u32, name: &str) {
    let sent = std::process::Command::new("kill")
        .args([&format!("-{name}"), &process.to_string()])
        .status();
    assert!(sent.expect("kill").success());
}

/// Whether a process stands still: a signal takes a moment.
fn stands_still(process: u32) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("its state");
    state
        .rsplit(')')
        .next()
        .is_some_and(|rest| rest.trim_start().starts_with('T'))
}

/// Stops a command for as long as it takes, at a moment at which it reads nothing.
async fn stop_between_pages(command: &mut std::process::Child) {
    let give_up = tokio::time::Instant::now() + PATIENCE;
    loop {
        signal(command.id(), "STOP");
        while !stands_still(command.id()) {
            assert!(
                command.try_wait().expect("its state").is_none(),
                "it ended before it was stopped"
            );
            tokio::task::yield_now().await;
        }
        if !is_reading(command.id()) {
            return;
        }
        signal(command.id(), "CONT");
        assert!(
            tokio::time::Instant::now() < give_up,
            "it reads all the time"
        );
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_stands_still_keeps_no_log_from_being_used_again() {
    const BEFORE: usize = 40;
    /// More than the log may have on such a disk, by far.
    const BESIDE: usize = 90;
    /// What goes on behind the writer lets the log grow beyond its ceiling for a moment, on a busy machine more; pinned, it would be longer.
    const LONGEST_LOG: u64 = 100 << 20;
    let folder = tempfile::tempdir().expect("a folder");
    let Some(process) = Process::start_on_a_disk(folder.path(), "260m", LOG, &[]) else {
        return;
    };
    let client = process.client();
    let post = async |numbers: std::ops::Range<usize>| {
        for number in numbers {
            client
                .dispatch(&large(&format!("a{number}"), 900_000))
                .await;
        }
    };
    post(0..BEFORE).await;
    let disk = disk_of(&process, folder.path());
    let export = folder.path().join("everything.jsonl");
    let (file, data) = (
        export.display().to_string(),
        folder.path().join(DISK).display().to_string(),
    );
    let mut command = start_beside(&process, &["export", &file, "--data-dir", &data]);
    let give_up = tokio::time::Instant::now() + PATIENCE;
    while std::fs::metadata(&export).map_or(0, |file| file.len()) == 0 {
        assert!(tokio::time::Instant::now() < give_up, "it writes nothing");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    stop_between_pages(&mut command).await;
    let log = || std::fs::metadata(disk.join("acteon.db-wal")).map_or(0, |file| file.len());
    let mut longest = 0;
    for number in BEFORE..BEFORE + BESIDE {
        post(number..number + 1).await;
        longest = longest.max(log());
    }
    assert!(longest < LONGEST_LOG, "the log grew to {longest} bytes");
    signal(command.id(), "CONT");
    let output = command.wait_with_output().expect("its output");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success() && told.starts_with(&format!("{} rows", 2 * BEFORE)),
        "{told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    post(BEFORE + BESIDE..BEFORE + BESIDE + 1).await;
    assert!(log() < LONGEST_LOG, "the log has {} bytes", log());
    assert_eq!(process.terminate().0, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_writer_dies_ends_with_a_word_and_its_successor_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let fault = folder.path().join("fault");
    let process = Process::start_exactly(
        folder.path(),
        LOG,
        &[(
            "ACTEON_TEST_PANIC_ONCE_THERE_IS",
            fault.to_str().expect("a path"),
        )],
    );
    process.client().dispatch(&large("before", 10)).await;
    std::fs::write(&fault, "").expect("a file");
    let answer = process
        .client()
        .try_send(
            reqwest::Method::POST,
            "/v1/dispatch",
            Some(large("during", 10).to_string()),
            None,
        )
        .await;
    assert!(
        answer.is_err()
            || answer.is_ok_and(|answer| answer.status == StatusCode::SERVICE_UNAVAILABLE),
        "nobody is told that it was stored"
    );
    let code = process.wait();
    let log = log_of(folder.path());
    assert!(code.is_some_and(|code| code != 0), "{code:?}");
    assert!(
        log.contains("error: the store has ended, and with it the server")
            && log.contains("panicked: simulated"),
        "{log}"
    );
    let next = Process::start_exactly(folder.path(), LOG, &[]);
    next.client().dispatch(&large("during", 10)).await;
    assert_eq!(
        next.client().get("/v1/actions/before").await.body["state"],
        "done"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_journal_that_was_looked_at_is_no_memory_of_the_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let process = Process::start_exactly(folder.path(), LOG, &[]);
    let client = process.client();
    for number in 0..20 {
        client
            .dispatch(&large(&format!("long-{number}"), 100_000))
            .await;
    }
    // A stop moves everything from the log into the database.
    assert_eq!(process.terminate().0, Some(0));
    let process = Process::start_exactly(folder.path(), LOG, &[]);
    let export = process.client().get("/v1/audit/export?tenant=acme").await;
    assert_eq!(export.status, StatusCode::OK, "{}", export.body);
    let maps = std::fs::read_to_string(format!("/proc/{}/maps", process.id())).expect("its maps");
    let mapped: Vec<&str> = maps
        .lines()
        .filter(|line| line.contains(".db") && !line.ends_with(".db-shm"))
        .collect();
    assert!(maps.contains(".db-shm"), "its database is in use: {maps}");
    assert_eq!(mapped, Vec::<&str>::new());
}
