//! Clients that shut their side once they have sent everything, and bodies in codings that nobody undoes.

use acteon_fakes::webhook::Receiver;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{CONFIGURATION, answer_to, connect, head_of};
use crate::support::{Client, Gateway, action};

/// Sends like `nc -N`: everything, then the end of its side, and reads until the server closes.
async fn sent_whole(gateway: &Client, request: &str) -> String {
    let mut stream = connect(gateway).await;
    stream.write_all(request.as_bytes()).await.expect("written");
    stream.shutdown().await.expect("shut");
    let mut read = Vec::new();
    let reading = stream.read_to_end(&mut read);
    tokio::time::timeout(crate::support::PATIENCE, reading)
        .await
        .expect("an answer in time")
        .expect("an answer");
    String::from_utf8_lossy(&read).into_owned()
}

fn post(path: &str, headers: &str, body: &str) -> String {
    let headers = format!(
        "content-type: application/json\r\ncontent-length: {}\r\n{headers}",
        body.len()
    );
    head_of("POST", path, &headers) + body
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_shuts_its_side_is_answered() {
    let receiver = Receiver::start(|_| {
        // Longer than any look at the connection.
        std::thread::sleep(std::time::Duration::from_millis(1500));
        (200, "{}".into())
    });
    let receiver = receiver.await.expect("a receiver");
    let slow = format!(
        "{CONFIGURATION}[[providers]]\nname = \"slow\"\ntype = \"webhook\"\nurl = \"{}\"\n",
        receiver.url()
    );
    let gateway = Gateway::start(&slow).await;
    for (number, provider) in [(1, "log"), (2, "slow")] {
        let body = action(&format!("a{number}"), provider, &json!({})).to_string();
        let answer = sent_whole(&gateway, &post("/v1/dispatch", "", &body)).await;
        assert!(
            answer.starts_with("HTTP/1.1 200 ") && answer.contains("Executed"),
            "{provider}: {answer}"
        );
    }
    for path in ["/live", "/v1/audit", "/v1/actions/a1"] {
        let answer = sent_whole(&gateway, &head_of("GET", path, "")).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{path}: {answer}");
    }
    let two = head_of("GET", "/live", "") + &head_of("GET", "/v1/audit", "");
    assert_eq!(
        sent_whole(&gateway, &two)
            .await
            .matches("HTTP/1.1 200 ")
            .count(),
        2,
        "also who sent ahead"
    );
    let cut = post("/v1/dispatch", "", "{}").replace("content-length: 2", "content-length: 200");
    let answer = sent_whole(&gateway, &cut).await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 400 "),
        "half a body is none: {answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_coding_is_taken_for_what_it_hides() {
    let gateway = Gateway::start(CONFIGURATION).await;
    let body = action("a", "log", &json!({})).to_string();
    let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let send = async |headers: &str| {
        let headers = format!("content-type: application/json\r\n{headers}");
        answer_to(
            &gateway,
            &(head_of("POST", "/v1/dispatch", &headers) + &chunked),
        )
        .await
    };
    for headers in [
        "transfer-encoding: gzip, chunked\r\n",
        "transfer-encoding: gzip\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked, chunked\r\n",
    ] {
        let answer = send(headers).await;
        assert!(
            answer.starts_with("HTTP/1.1 501 ") || answer.starts_with("HTTP/1.1 400 "),
            "{headers}: {answer}"
        );
    }
    for headers in [
        "transfer-encoding: gzip\r\n",
        "transfer-encoding: identity\r\n",
    ] {
        assert!(!send(headers).await.contains(" 200 "), "{headers}");
    }
    assert!(
        send("transfer-encoding: gzip, chunked\r\n")
            .await
            .contains("TRANSFER_CODING")
    );
    assert!(
        send("transfer-encoding: Chunked\r\n")
            .await
            .starts_with("HTTP/1.1 200 ")
    );
    for (encoding, status) in [
        ("identity", " 200 "),
        ("Identity", " 200 "),
        ("identity, identity", " 200 "),
        ("gzip", " 415 "),
        ("identity, br", " 415 "),
    ] {
        let answer = send(&format!(
            "transfer-encoding: chunked\r\ncontent-encoding: {encoding}\r\n"
        ))
        .await;
        assert!(answer.contains(status), "{encoding}: {answer}");
    }
}
