//! App that is called back: it opens what it gets with a codec of its own, and answers as a test says.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aes::Aes256;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::{BlockModeDecrypt as _, KeyIvInit as _};
use tokio::task::JoinHandle;

use crate::support::{AES_KEY, Client};

/// Signature of [`greyed`].
pub(crate) const SIGNATURE: &str = "d897bbc96dda257d3c1a66dd1fa18f2eb3c7f682";

/// Passive reply that greys a button, which a library sealed for this corporation with a time and nonce of its own.
pub(crate) fn greyed(signature: &str) -> String {
    let sealed = "DpQeJfnf/MGZ/+GTIspwVLBjT2oDFyvpnBs/v0/D8naPb5hjaSf/cTtwhxBJvYVUBpRnDT+BwR+kgTUT97Gzz38UJR1jQDpqH+HHT9P+Y9YG0/L2x3cgwxfNJlXwSfuYp0wcPfaSrV9GSyI/0RYnQ1cMRTDOgkek+4VnnxoYwT8zUYORLYxjafzDSxNHQhHlMsSQI/4Zgc3tGudhN97oi2XpDQ7Q5VJb1f4eXyGRnzqbAhZHtuSiyunJfJAMf8nhqMb/5fpVKaR/iniOG+0MT6wLyxOhb+PVd1b0KWkrlmQ70T+qMoBynS82Vw6N8rvczBvE/bufaK86s1qO7A1d3J6x64FB4chUUQ5O/1p2Uh0D8/ow6L0ud55hcTVuoyiapSgocMzx5AAg0Vej0gSnuBts6dyLQxNFqMqscvkzbLQ=";
    format!(
        "<xml><Encrypt><![CDATA[{sealed}]]></Encrypt><MsgSignature>{signature}</MsgSignature><TimeStamp>1700000005</TimeStamp><Nonce>n0nceAAA5</Nonce></xml>"
    )
}

/// Answer to one callback.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Status(u16),
    /// 200 with this body.
    Body(String),
    /// Never answers.
    Silence,
}

#[derive(Default)]
struct Inside {
    /// Decrypted texts, oldest first.
    received: Vec<String>,
    nonces: Vec<String>,
    /// Answers to the next requests; 200 when there are none.
    answers: VecDeque<Answer>,
    /// Answer to a verification; the decrypted text when there is none.
    echo: Option<String>,
}

pub(crate) struct App {
    pub(crate) url: String,
    inside: Arc<Mutex<Inside>>,
    serving: JoinHandle<()>,
}

impl App {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let url = format!(
            "http://{}/wecom?tenant=a%26b",
            listener.local_addr().expect("an address")
        );
        let inside = Arc::<Mutex<Inside>>::default();
        let router = Router::new()
            .route("/wecom", axum::routing::get(verified).post(called))
            .with_state(Arc::clone(&inside));
        let serving = tokio::spawn(async { drop(axum::serve(listener, router).await) });
        Self {
            url,
            inside,
            serving,
        }
    }

    pub(crate) fn answers(&self, answers: impl IntoIterator<Item = Answer>) {
        self.inside.lock().expect("it").answers.extend(answers);
    }

    pub(crate) fn echoes(&self, text: &str) {
        self.inside.lock().expect("it").echo = Some(text.to_owned());
    }

    /// Decrypted texts, oldest first.
    pub(crate) fn received(&self) -> Vec<String> {
        self.inside.lock().expect("it").received.clone()
    }

    pub(crate) fn nonces(&self) -> Vec<String> {
        self.inside.lock().expect("it").nonces.clone()
    }
}

/// App, and a client of the corporation whose callbacks it gets.
pub(crate) async fn called_back() -> (App, Client) {
    let app = App::start().await;
    let client = Client::called_back_at(&app.url).await;
    (app, client)
}

impl Drop for App {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn verified(State(inside): State<Arc<Mutex<Inside>>>, RawQuery(query): RawQuery) -> String {
    let query = query.expect("a query");
    let echo = parameter(&query, "echostr");
    assert!(echo.contains('+') && echo.contains('/'), "{echo}");
    let (next, answer) = {
        let mut inside = inside.lock().expect("it");
        (inside.answers.pop_front(), inside.echo.clone())
    };
    if let Some(Answer::Silence) = next {
        return std::future::pending().await;
    }
    answer.unwrap_or_else(|| opened(&echo))
}

async fn called(
    State(inside): State<Arc<Mutex<Inside>>>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> (StatusCode, String) {
    let query = query.expect("a query");
    assert_eq!(
        parameter(&query, "tenant"),
        "a&b",
        "the URL keeps its own query"
    );
    assert_eq!(parameter(&query, "msg_signature").len(), 40);
    let body = String::from_utf8(body.to_vec()).expect("UTF-8");
    let sealed = between(&body, "<Encrypt><![CDATA[", "]]></Encrypt>");
    let answer = {
        let mut inside = inside.lock().expect("it");
        inside.received.push(opened(sealed));
        inside.nonces.push(parameter(&query, "nonce"));
        inside.answers.pop_front()
    };
    match answer {
        None => (StatusCode::OK, String::new()),
        Some(Answer::Status(status)) => (
            StatusCode::from_u16(status).expect("a status"),
            String::new(),
        ),
        Some(Answer::Body(body)) => (StatusCode::OK, body),
        Some(Answer::Silence) => std::future::pending().await,
    }
}

fn parameter(query: &str, name: &str) -> String {
    let url = reqwest::Url::parse(&format!("http://localhost/?{query}")).expect("a URL");
    let mut pairs = url.query_pairs();
    let found = pairs.find(|(key, _)| key == name);
    found
        .unwrap_or_else(|| panic!("no {name} in {query}"))
        .1
        .into_owned()
}

pub(crate) fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text
        .split_once(start)
        .unwrap_or_else(|| panic!("no {start} in {text}"));
    rest.split_once(end).expect(end).0
}

/// Text within a sealed one. Any client library reads it so.
fn opened(sealed: &str) -> String {
    let lenient = base64::engine::general_purpose::NO_PAD.with_decode_allow_trailing_bits(true);
    let engine = base64::engine::GeneralPurpose::new(&base64::alphabet::STANDARD, lenient);
    let key: [u8; 32] = engine
        .decode(AES_KEY)
        .expect("base64")
        .try_into()
        .expect("32 bytes");
    let vector: [u8; 16] = key[..16].try_into().expect("16 bytes");
    let mut bytes = STANDARD.decode(sealed).expect("base64");
    let mut decryptor = cbc::Decryptor::<Aes256>::new(&key.into(), &vector.into());
    for block in bytes.as_chunks_mut::<16>().0 {
        decryptor.decrypt_block(block.into());
    }
    let length = u32::from_be_bytes(bytes[16..20].try_into().expect("4 bytes")) as usize;
    let rest = &bytes[20 + length..];
    assert!(
        rest.starts_with(b"ww0123456789abcdef"),
        "for the corporation"
    );
    String::from_utf8(bytes[20..20 + length].to_vec()).expect("UTF-8")
}
