//! Callers who hold on to connections.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use super::{CONFIGURATION, connect, head_of};
use crate::support::{Client, LONG_CALLS, PATIENCE, Process, action, log_of, with_store};

/// With so many files a server takes 280 connections, and a few in reserve.
const FEW_FILES: &str = "ulimit -n 600;";
const MORE_THAN_FIT: usize = 400;

fn start(before: &str, folder: &tempfile::TempDir, configuration: &str) -> Process {
    Process::start_after(
        before,
        folder.path(),
        &with_store(folder.path(), configuration),
        &[],
    )
}

async fn many(client: &Client, request: &str) -> Vec<TcpStream> {
    let mut streams = Vec::new();
    for _ in 0..MORE_THAN_FIT {
        let mut stream = connect(client).await;
        // One that was closed meanwhile cannot be written to.
        stream.write_all(request.as_bytes()).await.ok();
        streams.push(stream);
    }
    streams
}

/// A caller of whom nothing was heard before gets health and an outcome, quickly.
async fn is_served(client: &Client) {
    let began = Instant::now();
    let fresh = Client::new(client.base());
    assert_eq!(fresh.get("/live").await.status, StatusCode::OK);
    assert!(
        fresh
            .dispatch(&action(&format!("{:?}", Instant::now()), "log", &json!({})))
            .await
            .get("Executed")
            .is_some()
    );
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
}

async fn is_closed(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest))
        .await
        .is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connections_that_are_idle_the_longest_give_way() {
    let folder = tempfile::tempdir().expect("a folder");
    let process = start(FEW_FILES, &folder, CONFIGURATION);
    let mut idle = many(process.client(), "").await;
    is_served(process.client()).await;
    assert!(is_closed(&mut idle[0]).await, "the oldest gave way");
    let mut newest = idle.pop().expect("a connection");
    newest
        .write_all(head_of("GET", "/live", "").as_bytes())
        .await
        .expect("written");
    assert!(
        super::read_answer(&mut newest)
            .await
            .starts_with("HTTP/1.1 200 "),
        "the newest did not"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_gives_way_and_is_closed_in_the_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let process = start(FEW_FILES, &folder, CONFIGURATION);
    let pipelined = head_of("GET", "/metrics", "").repeat(3000);
    let address = process
        .client()
        .base()
        .strip_prefix("http://")
        .expect("an address")
        .to_owned();
    let mut readers = Vec::new();
    for _ in 0..MORE_THAN_FIT {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("a small buffer");
        let mut stream = socket
            .connect(address.parse().expect("an address"))
            .await
            .expect("a connection");
        tokio::time::timeout(
            Duration::from_millis(20),
            stream.write_all(pipelined.as_bytes()),
        )
        .await
        .ok();
        readers.push(stream);
    }
    // To make that many answers takes a slow machine longer than anything that is measured here.
    let began = Instant::now();
    let mut quick = 0;
    while quick < 10 {
        assert!(began.elapsed() < PATIENCE, "it is busy for ever");
        let asked = Instant::now();
        Client::new(process.client().base()).get("/live").await;
        quick = if asked.elapsed() < Duration::from_millis(100) {
            quick + 1
        } else {
            0
        };
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // Who has not read for a second gives way; until then they may be about to.
    let began = Instant::now();
    let served = Client::new(process.client().base())
        .dispatch_until_taken(&action("served", "log", &json!({})))
        .await;
    assert!(
        served.get("Executed").is_some() && began.elapsed() < Duration::from_secs(10),
        "{:?} {served}",
        began.elapsed()
    );
    // The last that came gives way to nobody, but is not waited for either.
    let mut last = readers.pop().expect("a connection");
    let began = Instant::now();
    while last.write_all(pipelined.as_bytes()).await.is_ok() {
        assert!(began.elapsed() < PATIENCE, "it was never closed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn health_and_metrics_are_served_while_every_connection_waits() {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let url = format!("http://{}/", silent.local_addr().expect("an address"));
    let folder = tempfile::tempdir().expect("a folder");
    let hook = format!(
        "{CONFIGURATION}[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{url}\"\n{LONG_CALLS}"
    );
    let process = start(FEW_FILES, &folder, &hook);
    let body = json!([action("x", "hook", &json!({}))])
        .to_string()
        .replace("\"x\"", "\"ID\"");
    let mut waiting = Vec::new();
    let mut wait = async || {
        let body = body.replace("ID", &waiting.len().to_string());
        let headers = format!(
            "content-type: application/json\r\nprefer: wait=60\r\ncontent-length: {}\r\n",
            body.len()
        );
        let mut stream = connect(process.client()).await;
        stream
            .write_all((head_of("POST", "/v1/dispatch/batch", &headers) + &body).as_bytes())
            .await
            .ok();
        waiting.push(stream);
    };
    for _ in 0..MORE_THAN_FIT {
        wait().await;
    }
    let refused = async || {
        let answer = Client::new(process.client().base())
            .try_send(Method::GET, "/v1/audit", None, None)
            .await
            .ok()?;
        (answer.status == StatusCode::SERVICE_UNAVAILABLE).then_some(answer)
    };
    let give_up = Instant::now() + PATIENCE;
    let answer = loop {
        if let Some(answer) = refused().await {
            break answer;
        }
        assert!(Instant::now() < give_up, "there was always room");
        // One whose request was not read yet may have given way.
        wait().await;
    };
    assert_eq!(
        (
            answer.body["code"].as_str(),
            answer.body["retryable"].as_bool()
        ),
        (Some("CONNECTIONS_FULL"), Some(true))
    );
    for path in ["/live", "/ready", "/metrics", "/health"] {
        assert_eq!(
            Client::new(process.client().base()).get(path).await.status,
            StatusCode::OK,
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_soft_limit_on_open_files_is_raised_and_leaves_room_for_the_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let process = start("ulimit -Sn 256;", &folder, CONFIGURATION);
    let _idle = many(process.client(), "").await;
    is_served(process.client()).await;
    let limits =
        std::fs::read_to_string(format!("/proc/{}/limits", process.id())).expect("its limits");
    let files = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .expect("files");
    let soft: u64 = files
        .split_whitespace()
        .nth(3)
        .and_then(|word| word.parse().ok())
        .expect("a number");
    assert!(soft > 1000, "{files}");
    let log = log_of(folder.path());
    assert!(
        log.contains("limit on open files raised") && !log.contains("ERROR"),
        "{log}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn long_heads_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let process = start("", &folder, CONFIGURATION);
    let long = format!("x-long: {}\r\n", "x".repeat(70_000));
    let answer = super::answer_to(process.client(), &head_of("GET", "/live", &long)).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let fits = format!("x-long: {}\r\n", "x".repeat(60_000));
    let answer = super::answer_to(process.client(), &head_of("GET", "/live", &fits)).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}
