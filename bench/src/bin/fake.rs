//! Fastest server that answers `gettoken` and `message/send` as WeChat Work does, for measuring the gateway before it.
//!
//! `fake PORT [MILLISECONDS]` answers sends after so many milliseconds.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

#[tokio::main(worker_threads = 2)]
async fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or(18090);
    let delay = Duration::from_millis(
        arguments
            .next()
            .and_then(|text| text.parse().ok())
            .unwrap_or(0),
    );
    let router = Router::new()
        .route("/cgi-bin/gettoken", get(token))
        .route("/cgi-bin/message/send", post(send))
        .with_state(delay);
    axum::serve(
        tokio::net::TcpListener::bind(("127.0.0.1", port)).await?,
        router,
    )
    .await
}

async fn token() -> ([(&'static str, &'static str); 1], &'static str) {
    (
        JSON,
        r#"{"errcode":0,"errmsg":"ok","access_token":"fake-token","expires_in":7200}"#,
    )
}

async fn send(
    State(delay): State<Duration>,
    _body: axum::body::Bytes,
) -> ([(&'static str, &'static str); 1], &'static str) {
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    (JSON, r#"{"errcode":0,"errmsg":"ok","msgid":"m1"}"#)
}
