//! Clients that write their whole body before they read the answer, which was decided without it.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{CONFIGURATION, connect, head_of, read_answer};
use crate::support::{Client, Gateway, PATIENCE, Process, run_command};

const MIB: usize = 1024 * 1024;

/// Writes so much of a body. `false` where the connection does not take it.
async fn write(stream: &mut TcpStream, length: usize, is_chunked: bool) -> bool {
    let piece = vec![b'x'; MIB / 2];
    for _ in 0..length / piece.len() {
        let written = async {
            if is_chunked {
                stream
                    .write_all(format!("{:x}\r\n", piece.len()).as_bytes())
                    .await?;
            }
            stream.write_all(&piece).await?;
            if is_chunked {
                stream.write_all(b"\r\n").await
            } else {
                Ok(())
            }
        };
        if written.await.is_err() {
            return false;
        }
    }
    !is_chunked || stream.write_all(b"0\r\n\r\n").await.is_ok()
}

async fn refused(client: &Client, path: &str, headers: &str, length: usize) -> String {
    let is_chunked = headers.contains("chunked");
    let mut stream = connect(client).await;
    let declared = if is_chunked {
        String::new()
    } else {
        format!("content-length: {length}\r\n")
    };
    stream
        .write_all(head_of("POST", path, &format!("{headers}{declared}")).as_bytes())
        .await
        .expect("written");
    assert!(
        write(&mut stream, length, is_chunked).await,
        "{path} {headers}: the connection was cut"
    );
    read_answer(&mut stream).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_writes_all_before_reading_gets_the_refusal_and_not_a_reset() {
    let gateway = Gateway::start(CONFIGURATION).await;
    let json = "content-type: application/json\r\n";
    let chunked = "content-type: application/json\r\ntransfer-encoding: chunked\r\n";
    for (path, headers, status) in [
        ("/v1/dispatch", json, "413"),
        ("/v1/dispatch", chunked, "413"),
        ("/v1/dispatch", "content-type: text/plain\r\n", "415"),
        ("/v1/nothing", json, "404"),
        ("/live", json, "405"),
    ] {
        for length in [3 * MIB / 2, 10 * MIB] {
            let answer = refused(&gateway, path, headers, length).await;
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status} ")),
                "{path} {headers} {length}: {answer}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_key_gets_the_refusal_and_not_a_reset() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = run_command(&["api-key", "ops", "--role", "admin"], &[], "");
    std::fs::write(folder.path().join("auth.toml"), &made.stdout).expect("written");
    let process = Process::start(
        folder.path(),
        &format!("auth.enabled = true\n{CONFIGURATION}"),
        &[],
    );
    let answer = refused(
        process.client(),
        "/v1/dispatch",
        "content-type: application/json\r\n",
        10 * MIB,
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
}

/// Nobody is read for ever, nor waited for.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_thrown_away_has_an_end() {
    let gateway = Gateway::start(CONFIGURATION).await;
    let mut stream = connect(&gateway).await;
    stream
        .write_all(head_of("POST", "/v1/nothing", "content-length: 1000000000\r\n").as_bytes())
        .await
        .expect("written");
    assert!(!write(&mut stream, 256 * MIB, false).await, "it read on");
    // One that sends nothing of it.
    let mut silent = connect(&gateway).await;
    silent
        .write_all(head_of("POST", "/v1/nothing", "content-length: 1000000000\r\n").as_bytes())
        .await
        .expect("written");
    assert!(read_answer(&mut silent).await.starts_with("HTTP/1.1 404 "));
    let mut rest = Vec::new();
    let began = tokio::time::Instant::now();
    tokio::time::timeout(PATIENCE, silent.read_to_end(&mut rest))
        .await
        .expect("it is closed")
        .ok();
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "{:?}",
        began.elapsed()
    );
    // One that waits to be asked is not asked, and its connection ends at once.
    let began = tokio::time::Instant::now();
    let mut polite = connect(&gateway).await;
    let head = head_of(
        "POST",
        "/v1/dispatch",
        "content-type: application/json\r\ncontent-length: 9000000\r\nexpect: 100-continue\r\n",
    );
    polite.write_all(head.as_bytes()).await.expect("written");
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENCE, polite.read_to_end(&mut answer))
        .await
        .expect("it is closed")
        .expect("read");
    assert!(
        answer.starts_with(b"HTTP/1.1 413 "),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
}

/// A rest ends with its length, and a small one that came with its head costs nobody the connection.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_thrown_away_ends_with_its_length() {
    let gateway = Gateway::start(CONFIGURATION).await;
    let mut stream = connect(&gateway).await;
    let head = head_of("POST", "/v1/nothing", "content-length: 9\r\n");
    for _ in 0..2 {
        stream
            .write_all(format!("{head}something").as_bytes())
            .await
            .expect("written");
        let answer = read_answer(&mut stream).await;
        assert!(
            answer.starts_with("HTTP/1.1 404 ") && !answer.contains("connection: close"),
            "{answer}"
        );
    }
    stream.write_all(head.as_bytes()).await.expect("written");
    assert!(read_answer(&mut stream).await.contains("connection: close"));
    let began = tokio::time::Instant::now();
    stream.write_all(b"something").await.expect("written");
    assert_eq!(stream.read(&mut [0; 9]).await.expect("its end"), 0);
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
}
