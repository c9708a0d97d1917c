//! A receiver of webhooks that records what it got and answers as it is told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::task::JoinHandle;

/// A request that was received.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its body.
    pub body: Value,
    /// Its body, as it came.
    pub text: String,
    /// Its `Authorization` header.
    pub authorization: Option<String>,
}

/// What it is answered with.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: String,
    /// `Retry-After`.
    pub retry_after: Option<String>,
}

impl From<(u16, String)> for Reply {
    fn from((status, body): (u16, String)) -> Self {
        Self {
            status,
            body,
            retry_after: None,
        }
    }
}

type Answer = dyn Fn(&Request) -> Reply + Send + Sync;

struct Shared {
    requests: Mutex<Vec<Request>>,
    answer: Box<Answer>,
}

/// A running receiver. Stops when dropped.
pub struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

impl Receiver {
    /// Starts on a free port of this machine. `answer` gives status and body.
    pub async fn start<R: Into<Reply>>(
        answer: impl Fn(&Request) -> R + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            requests: Mutex::default(),
            answer: Box::new(move |request| answer(request).into()),
        });
        let router = Router::new()
            .fallback(receive)
            .with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async {
            drop(axum::serve(listener, router).await);
        });
        Ok(Self {
            address,
            shared,
            serving,
        })
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// What it got, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        self.shared
            .requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn receive(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap, String) {
    let authorization = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let text = String::from_utf8_lossy(&body).into_owned();
    let request = Request {
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        text,
        authorization,
    };
    let Reply {
        status,
        body: text,
        retry_after,
    } = (shared.answer)(&request);
    let retry_after = retry_after
        .and_then(|value| value.parse().ok())
        .map(|value| (RETRY_AFTER, value));
    shared
        .requests
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(request);
    (
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        retry_after.into_iter().collect(),
        text,
    )
}
