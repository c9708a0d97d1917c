//! A gateway in this process or as a process of its own, and a client.

mod process;

use std::time::Duration;

use acteon_server::config::{Config, Surroundings};
use acteon_server::{Server, StartError};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

pub(crate) use process::{Process, run_command};

/// Longest that a test waits for something to happen.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A gateway in this process, with its data in a folder that goes with it.
pub(crate) struct Gateway {
    server: Option<Server>,
    client: Client,
    folder: tempfile::TempDir,
}

/// A client of one gateway.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
}

/// An answer: status and JSON.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
}

impl Gateway {
    /// Starts with the text of a configuration; the port is a free one.
    pub(crate) async fn start(configuration: &str) -> Self {
        Self::start_in(tempfile::tempdir().expect("a folder"), configuration).await
    }

    pub(crate) async fn start_in(folder: tempfile::TempDir, configuration: &str) -> Self {
        let give_up = tokio::time::Instant::now() + PATIENCE;
        let server = loop {
            let config = parse(configuration).expect("a valid configuration");
            match Server::start(config, folder.path()).await {
                Ok(server) => break server,
                // The one before lets go of its database when its last connection is closed.
                Err(StartError::Store(..)) if tokio::time::Instant::now() < give_up => tokio::task::yield_now().await,
                Err(error) => panic!("{error}"),
            }
        };
        let client = Client::new(&format!("http://{}", server.address()));
        Self { server: Some(server), client, folder }
    }

    /// Stops in good order and starts again on the same data.
    pub(crate) async fn restart(mut self, configuration: &str) -> Self {
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
        Self::start_in(self.folder, configuration).await
    }
}

impl std::ops::Deref for Gateway {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Client {
    pub(crate) fn new(base: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE * 2).build().expect("a client");
        Self { http, base: base.to_owned() }
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.try_send(Method::GET, path, None, None).await.expect("an answer")
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.try_send(Method::POST, path, Some(body.to_string()), None).await.expect("an answer")
    }

    pub(crate) async fn post_preferring(&self, path: &str, body: &Value, prefer: &str) -> Answer {
        self.try_send(Method::POST, path, Some(body.to_string()), Some(prefer)).await.expect("an answer")
    }

    /// A request that may fail because the gateway is gone.
    pub(crate) async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
        prefer: Option<&str>,
    ) -> Result<Answer, reqwest::Error> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        if let Some(prefer) = prefer {
            request = request.header("prefer", prefer);
        }
        let response = request.send().await?;
        let status = response.status();
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok(Answer { status, body })
    }

    /// Posts an action and returns its outcome.
    pub(crate) async fn dispatch(&self, action: &Value) -> Value {
        let answer = self.post("/v1/dispatch", action).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.body
    }

    /// Posts the same action again, which waits for its outcome and sends nothing, until it is final.
    pub(crate) async fn final_outcome(&self, action: &Value) -> Value {
        let give_up = tokio::time::Instant::now() + PATIENCE;
        loop {
            let answer = self.post_preferring("/v1/dispatch", action, "wait=20").await;
            if answer.status == StatusCode::OK && answer.body.get("Scheduled").is_none() {
                return answer.body;
            }
            assert!(tokio::time::Instant::now() < give_up, "no outcome: {}", answer.body);
            tokio::task::yield_now().await;
        }
    }
}

/// Checks a configuration whose secrets are plain.
pub(crate) fn parse(configuration: &str) -> Result<Config, String> {
    let with_port = format!("server.port = 0\n{configuration}");
    let none = |_: &str| None;
    let surroundings = Surroundings::new(&none).map_err(|error| error.to_string())?;
    Config::parse("acteon.toml", &with_port, &surroundings).map_err(|error| error.to_string())
}

/// An action for a provider.
pub(crate) fn action(id: &str, provider: &str, payload: &Value) -> Value {
    json!({ "id": id, "namespace": "incidents", "tenant": "acme", "provider": provider, "action_type": "notify", "payload": payload })
}
