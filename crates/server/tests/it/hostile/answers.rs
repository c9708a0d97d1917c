//! Answers that nobody reads, and what becomes of those of others.

use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};

use super::head_of;
use super::memory::MIB;
use crate::support::{Client, Gateway, PATIENCE, action};

const DOWN: &str =
    "retry.durable = false\nretry.max_retries = 0\n[[providers]]\nname = \"log\"\ntype = \"log\"\n";

/// A caller who asks for a page of 4 MiB and reads none of it.
async fn asks_and_does_not_read(client: &Client) -> TcpStream {
    let address = client.base().strip_prefix("http://").expect("an address");
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("a small buffer");
    let mut stream = socket
        .connect(address.parse().expect("an address"))
        .await
        .expect("a connection");
    stream
        .write_all(head_of("GET", "/v1/audit?limit=1000", "").as_bytes())
        .await
        .expect("written");
    stream
}

/// Callers who do not read, until there is no room for the answer of anybody who only looks.
async fn fill(client: &Client) -> Vec<TcpStream> {
    let mut readers = Vec::new();
    let give_up = tokio::time::Instant::now() + PATIENCE;
    loop {
        readers.push(asks_and_does_not_read(client).await);
        let answer = client.get("/v1/audit?limit=1000").await;
        if answer.status == StatusCode::SERVICE_UNAVAILABLE {
            assert_eq!(
                (
                    answer.body["code"].as_str(),
                    answer.body["retryable"].as_bool()
                ),
                (Some("ANSWERS_FULL"), Some(true))
            );
            assert!(
                answer.body["message"]
                    .as_str()
                    .is_some_and(|text| text.contains("nothing was changed")),
                "{}",
                answer.body
            );
            return readers;
        }
        assert!(
            tokio::time::Instant::now() < give_up,
            "there is always room"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_changes_something_gets_the_answer_however_many_do_not_read_theirs() {
    let gateway = Gateway::start(DOWN).await;
    let payload = json!({ "content": "x".repeat(MIB - 2000) });
    for number in 0..8 {
        gateway
            .dispatch(&action(&format!("large-{number}"), "log", &payload))
            .await;
    }
    let mut without_ids = action("", &format!("nowhere-{}", "x".repeat(100)), &json!({}));
    without_ids.as_object_mut().expect("an object").remove("id");
    let _readers = fill(&gateway).await;

    let batch = gateway
        .post("/v1/dispatch/batch", &Value::Array(vec![without_ids; 100]))
        .await;
    assert_eq!(
        batch.status,
        StatusCode::OK,
        "it was carried out: {}",
        batch.body
    );
    assert!(batch.body.to_string().len() > 8192, "a large answer");
    let replayed = gateway
        .post("/v1/audit/replay?provider=log&limit=100", &Value::Null)
        .await;
    assert_eq!(replayed.status, StatusCode::OK, "{}", replayed.body);

    let drained = gateway.post("/v1/dlq/drain", &Value::Null).await;
    assert_eq!(
        (drained.status, drained.body["count"].as_u64()),
        (StatusCode::OK, Some(100)),
        "{}",
        drained.body
    );
    assert!(drained.body.to_string().len() > 8192, "a large answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_that_were_taken_off_the_list_can_be_listed() {
    let gateway = Gateway::start(DOWN).await;
    for number in 0..2 {
        gateway
            .dispatch(&action(
                &format!("letter-{number}"),
                "nowhere",
                &json!({ "kept": number }),
            ))
            .await;
    }
    assert_eq!(
        gateway.get("/v1/dlq?state=discarded").await.body["count"],
        0
    );
    gateway.post("/v1/dlq/drain", &Value::Null).await;
    assert_eq!(gateway.get("/v1/dlq").await.body["count"], 0);
    let discarded = gateway.get("/v1/dlq?state=discarded").await.body;
    assert_eq!(
        (
            &discarded["count"],
            &discarded["entries"][1]["action"]["payload"]
        ),
        (&json!(2), &json!({ "kept": 0 })),
        "{discarded}"
    );
    let refused = gateway.get("/v1/dlq?state=gone").await;
    assert_eq!(
        (refused.status, refused.body["code"].as_str()),
        (StatusCode::BAD_REQUEST, Some("INVALID_QUERY"))
    );
}
