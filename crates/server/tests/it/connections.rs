//! A connection that is not made: what people are told tells the causes apart, with host and port.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::support::{Gateway, action};

/// No resolver takes a label of so many letters, and none asks anybody about it.
const LONG_LABEL: usize = 64;

/// A server that answers every connection with a text, whatever it is asked.
fn answering(text: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(text.as_bytes());
        }
    });
    address
}

fn closed() -> String {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a port")
        .to_string()
}

async fn message_of(provider: &str, payload: Value) -> String {
    let gateway = Gateway::start(&format!(
        "retry.durable = false\nretry.max_retries = 0\n[[providers]]\nname = \"p\"\n{provider}\n"
    ))
    .await;
    let outcome = gateway.final_outcome(&action("a", "p", &payload)).await;
    let failed = &outcome["Failed"];
    assert_eq!(
        (failed["code"].as_str(), failed["retryable"].as_bool()),
        (Some("CONNECTION"), Some(true)),
        "{outcome}"
    );
    failed["message"].as_str().expect("a message").to_owned()
}

async fn webhook(url: &str) -> String {
    message_of(&format!("type = \"webhook\"\nurl = \"{url}\""), json!({})).await
}

fn tells(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{part:?}: {message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_not_reached_says_why() {
    let unknown = format!("{}.example.com", "x".repeat(LONG_LABEL));
    tells(
        &webhook(&format!("http://{unknown}/h00k-secret")).await,
        &[
            &format!("no connection to {unknown}:80: the name {unknown} cannot be resolved"),
            "DNS",
        ],
    );
    let closed = closed();
    let refused = webhook(&format!("http://{closed}/h00k-secret")).await;
    tells(
        &refused,
        &[
            &format!("no connection to {closed}: refused"),
            "check the port",
        ],
    );
    assert!(!refused.contains("h00k-secret"), "{refused}");
    let plain = answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    tells(
        &webhook(&format!("https://{plain}/")).await,
        &[&format!("no connection to {plain}: no TLS"), "speaks TLS"],
    );
}

#[cfg(feature = "wechat")]
async fn wechat(more: &str) -> String {
    let provider = format!(
        "type = \"wechat\"\nwechat.corp_id = \"ww-corp\"\nwechat.corp_secret = \"s3cret\"\nwechat.agent_id = 1\n{more}"
    );
    let message = message_of(&provider, json!({ "touser": "@all", "content": "x" })).await;
    assert!(
        !message.contains("s3cret") && !message.contains("pa55"),
        "{message}"
    );
    message
}

#[cfg(feature = "wechat")]
#[tokio::test(flavor = "multi_thread")]
async fn a_wechat_work_that_is_not_reached_says_why() {
    let unknown = format!("{}.example.com", "x".repeat(LONG_LABEL));
    let at = async |base: &str| {
        wechat(&format!(
            "wechat.api_base_url = \"{base}\"\nwechat.allow_insecure_base_url = true"
        ))
        .await
    };
    tells(
        &at(&format!("http://{unknown}")).await,
        &[&format!(
            "WeChat Work gettoken: no connection to {unknown}:80: the name {unknown} cannot be resolved"
        )],
    );
    let closed = closed();
    tells(
        &at(&format!("http://{closed}")).await,
        &[&format!("no connection to {closed}: refused")],
    );
    let plain = answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    tells(
        &at(&format!("https://{plain}")).await,
        &[&format!("no connection to {plain}: no TLS")],
    );
}

#[cfg(feature = "wechat")]
#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_makes_no_connection_is_named() {
    let through = async |proxy: &str| {
        wechat(&format!("wechat.api_base_url = \"https://qyapi.example.com\"\nwechat.proxy = \"http://user:pa55@{proxy}\"")).await
    };
    let closed = closed();
    tells(
        &through(&closed).await,
        &[&format!("no connection to the proxy {closed}: refused")],
    );
    let asks = answering("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n");
    let message = through(&asks).await;
    tells(
        &message,
        &[
            &format!("to qyapi.example.com:443 through the proxy {asks}"),
            "who calls",
            "user and password",
        ],
    );
    let refuses = answering("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n");
    tells(
        &through(&refuses).await,
        &[&format!(
            "to qyapi.example.com:443 through the proxy {refuses}: the proxy made none"
        )],
    );
}
