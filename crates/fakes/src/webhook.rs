//! Receiver of webhooks, which keeps the requests and answers as a test says.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::task::JoinHandle;

/// Request that was received.
#[derive(Clone, Debug)]
pub struct Request {
    /// Body as JSON; `null` when it is none.
    pub body: Value,
    /// Body as text.
    pub text: String,
    /// Value of the `Authorization` header.
    pub authorization: Option<String>,
}

/// Answer to a request.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub body: String,
    /// Value of the header `Retry-After`.
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

/// Running receiver; it stops when it is dropped.
pub struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

impl Receiver {
    /// Starts a receiver on a free port of this machine, which gives each request the answer of `answer`.
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

    /// Address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// URL that requests go to.
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Requests that were received, oldest first.
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
