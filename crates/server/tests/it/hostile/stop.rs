//! A stop ends as soon as nobody waits, and everybody who waited was told.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use super::{CONFIGURATION, connect, head_of, read_answer};
use crate::support::{Gateway, LONG_CALLS, PATIENCE, action};

/// A service that takes calls and answers them when it is told to.
pub(crate) async fn held_call(service: &TcpListener) -> TcpStream {
    let (mut call, _) = tokio::time::timeout(PATIENCE, service.accept())
        .await
        .expect("a call in time")
        .expect("a call");
    let mut read = vec![0; 4096];
    assert_ne!(call.read(&mut read).await.expect("a request"), 0);
    call
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_turn_is_told_at_once_and_a_call_in_flight_ends() {
    let service = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let url = format!("http://{}/", service.local_addr().expect("an address"));
    let hook = format!(
        "[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{url}\"\nmax_concurrency = 1\n{LONG_CALLS}"
    );
    let gateway = Gateway::start(&hook).await;
    let client = (*gateway).clone();
    let dispatch = |id: &'static str| {
        let client = client.clone();
        let action = action(id, "hook", &json!({}));
        tokio::spawn(async move {
            client
                .post_preferring("/v1/dispatch", &action, "wait=60")
                .await
                .body
        })
    };
    let first = dispatch("first");
    let mut call = held_call(&service).await;
    let waiting: Vec<_> = ["a", "b", "c"].into_iter().map(dispatch).collect();
    let loads = |body: &serde_json::Value| {
        body.as_str()
            .is_some_and(|text| text.contains("acteon_open_actions 4"))
    };
    client.until("/metrics", loads).await;
    // An action that already waits is asked about again.
    let joined = dispatch("a");
    client
        .until("/metrics", |body| {
            body.as_str()
                .is_some_and(|text| text.contains("acteon_actions_dispatched_total 5"))
        })
        .await;
    let _idle = connect(&client).await;
    let mut half_sent = connect(&client).await;
    let headers = "content-type: application/json\r\ncontent-length: 1000\r\n";
    half_sent
        .write_all((head_of("POST", "/v1/dispatch", headers) + "{").as_bytes())
        .await
        .expect("written");
    let began = Instant::now();
    let stopping = tokio::spawn(gateway.stop());
    for waiting in waiting.into_iter().chain([joined]) {
        let told = waiting.await.expect("no panic");
        assert!(told["Scheduled"]["action_id"].is_string(), "{told}");
    }
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "told after {:?}",
        began.elapsed()
    );
    assert!(!first.is_finished());
    call.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
        .await
        .expect("answered");
    assert!(
        first.await.expect("no panic").get("Executed").is_some(),
        "the call in flight was let end"
    );
    stopping.await.expect("no panic");
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "stopped after {:?}",
        began.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_with_nothing_to_do_takes_no_time() {
    let gateway = Gateway::start(CONFIGURATION).await;
    assert!(
        gateway
            .dispatch(&action("a", "log", &json!({})))
            .await
            .get("Executed")
            .is_some()
    );
    let _idle = connect(&gateway).await;
    let began = Instant::now();
    gateway.stop().await;
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_nothing_of_a_refused_body_holds_up_no_stop() {
    let gateway = Gateway::start(CONFIGURATION).await;
    let mut silent = connect(&gateway).await;
    silent
        .write_all(head_of("POST", "/v1/nothing", "content-length: 9\r\n").as_bytes())
        .await
        .expect("written");
    assert!(read_answer(&mut silent).await.starts_with("HTTP/1.1 404 "));
    let began = Instant::now();
    gateway.stop().await;
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "{:?}",
        began.elapsed()
    );
}
