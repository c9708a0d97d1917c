//! What callers can make a gateway hold, on a process of its own.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::{CONFIGURATION, connect, head_of, read_answer};
use crate::support::{Client, Process, action};

pub(super) const MIB: usize = 1024 * 1024;
/// Most memory that a gateway takes, whatever its callers do.
const MOST: usize = 512 * MIB;

/// The most memory that the process ever took, in bytes.
pub(super) fn peak(process: &Process) -> usize {
    memory(process, "VmHWM")
}

/// A number that the system keeps of the process's memory, in bytes.
fn memory(process: &Process, name: &str) -> usize {
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", process.id())).expect("its status");
    let line = status
        .lines()
        .find(|line| line.starts_with(name))
        .expect("a number");
    let kilobytes: usize = line
        .split_whitespace()
        .nth(1)
        .and_then(|word| word.parse().ok())
        .expect("a number");
    kilobytes * 1024
}

fn start() -> (tempfile::TempDir, Process) {
    let folder = tempfile::tempdir().expect("a folder");
    let process = Process::start(folder.path(), CONFIGURATION, &[]);
    (folder, process)
}

fn assert_small(process: &Process, what: &str) {
    let peak = peak(process);
    println!("{what}: at most {} MiB", peak / MIB);
    assert!(peak < MOST, "{what}: {} MiB", peak / MIB);
}

/// A small action goes through beside it, in reasonable time.
async fn small_ones_go_through(client: &Client, name: &str) {
    let fresh = Client::new(client.base());
    for number in 0..20 {
        let began = Instant::now();
        let outcome = fresh
            .dispatch(&action(
                &format!("{name}-{number}"),
                "log",
                &json!({ "content": "x".repeat(2000) }),
            ))
            .await;
        assert!(outcome.get("Executed").is_some(), "{outcome}");
        assert!(
            began.elapsed() < Duration::from_secs(5),
            "{:?}",
            began.elapsed()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_half_sent() {
    let (_folder, process) = start();
    let client = process.client();
    let head = head_of(
        "POST",
        "/v1/dispatch",
        &format!("content-type: application/json\r\ncontent-length: {MIB}\r\n"),
    );
    let most = vec![b' '; MIB - 1];
    let mut streams = Vec::new();
    for _ in 0..300 {
        let (mut stream, head, most) = (connect(client).await, head.clone(), most.clone());
        streams.push(tokio::spawn(async move {
            stream.write_all(head.as_bytes()).await.ok();
            stream.write_all(&most).await.ok();
            stream
        }));
    }
    small_ones_go_through(client, "beside").await;
    let large = action(
        "large",
        "log",
        &json!({ "content": "x".repeat(MIB - 1000) }),
    );
    let give_up = Instant::now() + Duration::from_secs(30);
    loop {
        // The slow ones give way to one that comes at once.
        let answer = Client::new(client.base())
            .post("/v1/dispatch", &large)
            .await;
        if answer.status == StatusCode::OK {
            break;
        }
        assert_eq!(
            (answer.status, answer.body["code"].as_str()),
            (StatusCode::SERVICE_UNAVAILABLE, Some("BODIES_FULL"))
        );
        assert!(Instant::now() < give_up, "{}", answer.body);
    }
    assert_small(&process, "half-sent bodies");
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_are_long_and_never_end() {
    let (_folder, process) = start();
    let client = process.client();
    let head = format!(
        "GET /live HTTP/1.1\r\nhost: localhost\r\nx-long: {}",
        "x".repeat(60_000)
    );
    let mut streams = Vec::new();
    for _ in 0..3000 {
        let mut stream = connect(client).await;
        stream.write_all(head.as_bytes()).await.ok();
        streams.push(stream);
    }
    small_ones_go_through(client, "beside").await;
    assert_small(&process, "long heads");
}

/// Heads behind a body that is thrown away are not read while nobody counts them.
#[tokio::test(flavor = "multi_thread")]
async fn long_heads_behind_refusals_whose_body_is_late() {
    const MANY: usize = 2000;
    let (_folder, process) = start();
    let client = process.client();
    let before = memory(&process, "VmRSS");
    let refused = head_of("POST", "/v1/nothing", "content-length: 1\r\n");
    let head = format!(
        "xGET /live HTTP/1.1\r\nhost: localhost\r\nx-long: {}",
        "x".repeat(60_000)
    );
    let mut streams = Vec::new();
    for _ in 0..MANY {
        let mut stream = connect(client).await;
        stream.write_all(refused.as_bytes()).await.expect("written");
        let answer = read_answer(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
        stream.write_all(head.as_bytes()).await.ok();
        streams.push(stream);
    }
    small_ones_go_through(client, "beside").await;
    let taken = peak(&process) - before;
    println!("heads behind late bodies: {} MiB", taken / MIB);
    assert!(taken < 64 * MIB, "{} MiB", taken / MIB);
}

/// An answer to one who comes back when told to.
async fn patient(client: &Client, path: &str) -> Value {
    let give_up = Instant::now() + Duration::from_mins(1);
    loop {
        let answer = client.get(path).await;
        if answer.status == StatusCode::OK {
            return answer.body;
        }
        assert_eq!(
            (answer.status, answer.body["code"].as_str()),
            (StatusCode::SERVICE_UNAVAILABLE, Some("ANSWERS_FULL"))
        );
        assert!(Instant::now() < give_up, "{}", answer.body);
    }
}

/// Forty actions of almost a mebibyte.
async fn filled() -> (tempfile::TempDir, Process) {
    let (folder, process) = start();
    let payload = json!({ "content": "x".repeat(MIB - 2000) });
    for number in 0..40 {
        let outcome = process
            .client()
            .dispatch(&action(&format!("a{number:02}"), "log", &payload))
            .await;
        assert!(outcome.get("Executed").is_some(), "{outcome}");
    }
    (folder, process)
}

#[tokio::test(flavor = "multi_thread")]
async fn small_repeats_of_the_ids_of_large_actions() {
    const MANY: usize = 600;
    let (_folder, process) = start();
    let client = process.client();
    let payload = json!({ "content": "x".repeat(MIB - 2000) });
    let id = |number: usize| format!("large-{number}");
    for number in 0..MANY {
        let outcome = client.dispatch(&action(&id(number), "log", &payload)).await;
        assert!(outcome.get("Executed").is_some(), "{outcome}");
    }
    let repeats: Vec<_> = (0..MANY)
        .map(|number| {
            let (client, repeat) = (client.clone(), action(&id(number), "log", &json!(1)));
            tokio::spawn(async move { client.post("/v1/dispatch", &repeat).await })
        })
        .collect();
    // Its own memory: the database that it has mapped is the system's.
    let mut most = 0;
    while !repeats.iter().all(tokio::task::JoinHandle::is_finished) {
        most = most.max(memory(&process, "RssAnon"));
        tokio::task::yield_now().await;
    }
    for repeat in repeats {
        let answer = repeat.await.expect("an answer");
        // A busy machine may be too slow for all of them, and says so.
        let is_late = answer.body["code"] == "STORE_SLOW" || answer.body["code"] == "STORE_BUSY";
        assert!(
            answer.status == StatusCode::CONFLICT || is_late,
            "{}",
            answer.body
        );
    }
    println!("repeats of large actions: at most {} MiB", most / MIB);
    assert!(most < MOST / 2, "{} MiB", most / MIB);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_and_exports_of_large_actions() {
    let (_folder, process) = filled().await;
    let client = process.client();
    let readers: Vec<_> = (0..12)
        .map(|number| {
            let client = client.clone();
            tokio::spawn(async move {
                let path = if number % 3 == 0 {
                    "/v1/audit/export"
                } else {
                    "/v1/audit?limit=1000"
                };
                match patient(&client, path).await {
                    Value::String(lines) => assert!(lines.lines().count() >= 40),
                    page => {
                        // Small ones may have come meanwhile.
                        let is_large = |record: &&Value| {
                            record["action_id"]
                                .as_str()
                                .is_some_and(|id| id.starts_with('a'))
                        };
                        let large = page["records"]
                            .as_array()
                            .map(|records| records.iter().filter(is_large).count());
                        assert!(
                            large.is_some_and(|large| large < 6),
                            "a page has its bytes: {large:?}"
                        );
                        assert!(
                            page["next_cursor"].is_string() && page["total"].as_u64() >= Some(40),
                            "{}",
                            page["total"]
                        );
                    }
                }
            })
        })
        .collect();
    // Those who ask and do not read.
    let mut streams: Vec<TcpStream> = Vec::new();
    for number in 0..60 {
        let path = if number % 2 == 0 {
            "/v1/audit/export"
        } else {
            "/v1/audit?limit=1000"
        };
        let mut stream = connect(client).await;
        stream
            .write_all(head_of("GET", path, "").as_bytes())
            .await
            .expect("written");
        streams.push(stream);
    }
    small_ones_go_through(client, "beside").await;
    for reader in readers {
        reader.await.expect("no panic");
    }
    assert_small(&process, "lists and exports");
    let (mut walked, mut path) = (0, "/v1/audit?limit=7".to_owned());
    loop {
        let page = patient(client, &path).await;
        walked += page["records"].as_array().map_or(0, Vec::len);
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/v1/audit?limit=7&cursor={next}");
    }
    assert_eq!(walked, 40 + 20, "a cursor leads through all");
}

/// What a viewer may ask for: a text whose objects take many times its bytes, again and again.
#[tokio::test(flavor = "multi_thread")]
async fn evaluations_and_previews_of_large_bodies() {
    let (_folder, process) = start();
    let client = process.client();
    let zeros = vec![0; MIB / 2 - 1000];
    let evaluation = json!({ "namespace": "n", "tenant": "t", "provider": "log", "action_type": "x", "payload": {}, "mock_state": zeros });
    let preview = json!({ "namespace": "n", "tenant": "t", "duration_seconds": 60, "matchers": [{ "name": "a", "value": "x".repeat(MIB - 1000) }] });
    let bodies = [
        ("/v1/rules/evaluate", evaluation.to_string()),
        ("/v1/silences/preview", preview.to_string()),
    ];
    let asked: Vec<_> = (0..240)
        .map(|number| {
            let (client, (path, body)) = (client.clone(), bodies[number % 2].clone());
            tokio::spawn(async move {
                client
                    .try_send(reqwest::Method::POST, path, Some(body), None)
                    .await
                    .expect("an answer")
                    .status
            })
        })
        .collect();
    let mut evaluated = 0;
    for status in asked {
        let status = status.await.expect("asked");
        evaluated += usize::from(status == StatusCode::OK);
        let known = [
            StatusCode::OK,
            StatusCode::UNPROCESSABLE_ENTITY,
            StatusCode::SERVICE_UNAVAILABLE,
        ];
        assert!(known.contains(&status), "{status}");
    }
    assert!(evaluated > 0);
    assert_small(&process, "evaluations");
}
