//! Limits: how many may follow, how much may wait for one, and the end.

use std::net::SocketAddr;

use acteon_core::limits::{MAX_STREAM_WAITING, MAX_STREAMS_OF_TENANT};
use acteon_store::EventId;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use super::{Follower, LOG, of_type};
use crate::support::{Client, Gateway, PATIENCE};

#[tokio::test(flavor = "multi_thread")]
async fn only_so_many_may_follow_one_tenant_and_a_place_that_is_left_is_free() {
    let gateway = Gateway::start(LOG).await;
    let path = "/v1/stream?tenant=acme";
    let mut followers = Vec::new();
    for _ in 0..MAX_STREAMS_OF_TENANT {
        followers.push(Follower::start(&gateway, path).await);
    }
    let refused = gateway.follow(path, None).await.expect("an answer");
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.headers().contains_key("retry-after"));
    let body: Value = refused.json().await.expect("JSON");
    assert_eq!(
        (body["code"].as_str(), body["retryable"].as_bool()),
        (Some("TOO_MANY_STREAMS"), Some(true)),
        "{body}"
    );
    let subscribing = gateway.get("/v1/subscribe/action/x?tenant=acme").await;
    assert_eq!(subscribing.status, StatusCode::TOO_MANY_REQUESTS);
    let _other = Follower::start(&gateway, "/v1/stream?tenant=other").await;
    let _any = Follower::start(&gateway, "/v1/stream").await;
    followers.pop();
    let taken = async {
        loop {
            let answer = gateway.follow(path, None).await.expect("an answer");
            if answer.status() == StatusCode::OK {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, taken)
        .await
        .expect("the place is free");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_the_stream_at_once_and_in_good_order() {
    let gateway = Gateway::start(LOG).await;
    let mut follower = Follower::start(&gateway, "/v1/stream").await;
    gateway.dispatch(&of_type("a", "notify")).await;
    follower.ids(1).await;
    let began = tokio::time::Instant::now();
    gateway.stop().await;
    assert_eq!(follower.next().await, None);
    assert!(began.elapsed() < std::time::Duration::from_secs(10));
}

/// A reader with small buffers, which reads nothing yet.
async fn connect(client: &Client) -> TcpStream {
    let address: SocketAddr = client
        .base()
        .trim_start_matches("http://")
        .parse()
        .expect("an address");
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("a small buffer");
    let mut stream = socket.connect(address).await.expect("a connection");
    let request = format!("GET /v1/stream HTTP/1.1\r\nhost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("written");
    let mut head = [0; 64];
    stream.peek(&mut head).await.expect("an answer");
    stream
}

/// Reads until its end what a reader was sent, without the marks of the chunks.
async fn rest(mut stream: TcpStream) -> String {
    let mut read = Vec::new();
    let reading = stream.read_to_end(&mut read);
    drop(
        tokio::time::timeout(PATIENCE, reading)
            .await
            .expect("its end"),
    );
    String::from_utf8_lossy(&read).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_who_does_not_keep_up_is_cut_off_and_misses_nothing_by_coming_back() {
    let rules = "rules:\n  - name: none\n    condition: 'true'\n    action: {type: suppress}\n";
    let gateway = Gateway::with_rules(rules, LOG).await;
    let slow = connect(&gateway).await;
    // Fills what the kernel takes for a reader that does not read, and then the reader's queue.
    let (mut posted, long) = (0, "x".repeat(100));
    let lagged = |body: &Value| {
        let text = body.as_str().unwrap_or_default();
        text.lines()
            .any(|line| line == "acteon_stream_lagged_total 1")
    };
    let mut batch = async |count: usize| {
        let mut actions = Vec::new();
        for _ in 0..count {
            posted += 1;
            let mut action = of_type(&format!("{posted}-{long}"), &long);
            action["payload"] = json!({});
            actions.push(action);
        }
        let answer = gateway
            .post("/v1/dispatch/batch", &Value::Array(actions))
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        posted
    };
    for _ in 0..10 {
        batch(1000).await;
    }
    let read = rest(slow).await;
    let posted = batch(MAX_STREAM_WAITING / 64).await;
    assert!(
        read.contains("event: lagged"),
        "{} bytes and no word",
        read.len()
    );
    gateway.until("/metrics", lagged).await;
    let (told, after) = read.split_once("event: lagged\n").expect("a word");
    let skipped = after.split_once("\"skipped\":").and_then(|(_, rest)| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<usize>().ok()
    });
    assert!(skipped.is_some_and(|skipped| skipped > 0), "{after}");
    assert!(
        !after.contains("action_dispatched"),
        "nothing comes behind it"
    );
    let ids: Vec<&str> = told
        .lines()
        .filter_map(|line| line.strip_prefix("id: "))
        .map(str::trim)
        .filter(|id| EventId::parse(id).is_some_and(|id| !id.is_of_position()))
        .collect();
    assert!(ids.len() < posted, "{} of {posted}", ids.len());
    // Together they have every one of them once, in the order of the commits.
    let mut numbers: Vec<usize> = told.lines().filter_map(number).collect();
    assert_eq!(numbers.len(), ids.len());
    let mut back = Follower::from(&gateway, "/v1/stream", ids.last().copied()).await;
    for event in back.events(posted - ids.len()).await {
        numbers.extend(number(&event.data.to_string()));
    }
    numbers.sort_unstable();
    let is_each_there = numbers.iter().copied().eq(1..=posted);
    assert!(is_each_there, "{} of {posted}", numbers.len());
}

/// Number of the action that an event's line is about.
fn number(line: &str) -> Option<usize> {
    let (_, id) = line.split_once("\"action_id\":\"")?;
    id.split('-').next()?.parse().ok()
}
