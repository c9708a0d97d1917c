//! A gateway in this process or as a process of its own, and a client.

pub(crate) mod browser;
mod database;
#[cfg(feature = "wechat")]
pub(crate) mod ledger;
mod process;
#[cfg(feature = "wechat")]
pub(crate) mod reminders;

use std::time::Duration;

use acteon_server::config::{Config, Env};
use acteon_server::{Server, StartError};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

#[cfg(feature = "wechat")]
pub(crate) use database::dump;
pub(crate) use database::{LONG_CALLS, is_embedded, store_lines, with_store};
#[cfg(all(feature = "postgres", feature = "wechat", target_os = "linux"))]
pub(crate) use process::BINARY;
pub(crate) use process::{DISK, Process, disk_of, log_of, run_command, start_beside};

/// Shorter than the server keeps an idle connection, so that none is used that is just being closed.
const IDLE: Duration = Duration::from_secs(3);
/// Longest that a test waits for something to happen.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

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
    key: Option<String>,
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

    /// Starts with rules in a file of their own, and the lines of a configuration.
    pub(crate) async fn with_rules(rules: &str, configuration: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let configuration = with_rules_in(&folder, rules, configuration);
        Self::start_in(folder, &configuration).await
    }

    /// Writes the file of rules anew.
    pub(crate) fn write_rules(&self, rules: &str) {
        std::fs::write(self.folder.path().join("rules/rules.yaml"), rules).expect("written");
    }

    pub(crate) async fn start_in(folder: tempfile::TempDir, configuration: &str) -> Self {
        let configuration = with_store(folder.path(), configuration);
        Self::start_exactly(folder, &configuration).await
    }

    /// Starts with nothing but these lines and a free port.
    pub(crate) async fn start_exactly(folder: tempfile::TempDir, configuration: &str) -> Self {
        let give_up = tokio::time::Instant::now() + PATIENCE;
        let server = loop {
            let config = parse(configuration).expect("a valid configuration");
            match Box::pin(Server::start(config, folder.path())).await {
                Ok(server) => break server,
                // The one before lets go of its database when its last connection is closed.
                Err(StartError::Store(..)) if tokio::time::Instant::now() < give_up => {
                    tokio::task::yield_now().await;
                }
                Err(error) => panic!("{error}"),
            }
        };
        let client = Client::new(&format!("http://{}", server.address()));
        Self {
            server: Some(server),
            client,
            folder,
        }
    }

    /// Stops in good order.
    pub(crate) async fn stop(mut self) {
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
    }

    /// Stops in good order and hands out its folder.
    pub(crate) async fn stop_and_keep(mut self) -> tempfile::TempDir {
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
        self.folder
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
        let http = reqwest::Client::builder()
            .no_proxy()
            .pool_idle_timeout(IDLE)
            .timeout(PATIENCE * 2)
            .build()
            .expect("a client");
        Self {
            http,
            base: base.to_owned(),
            key: None,
        }
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The same client with an API key.
    pub(crate) fn with_key(&self, key: &str) -> Self {
        Self {
            key: Some(key.to_owned()),
            ..self.clone()
        }
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.try_send(Method::PUT, path, Some(body.to_string()), None)
            .await
            .expect("an answer")
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.try_send(Method::DELETE, path, None, None)
            .await
            .expect("an answer")
    }

    /// Looks at a route again and again until it is as wanted.
    pub(crate) async fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let give_up = tokio::time::Instant::now() + PATIENCE;
        loop {
            let body = self.get(path).await.body;
            if wanted(&body) {
                return body;
            }
            assert!(tokio::time::Instant::now() < give_up, "{path} stays {body}");
            tokio::task::yield_now().await;
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.try_send(Method::GET, path, None, None)
            .await
            .expect("an answer")
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.try_send(Method::POST, path, Some(body.to_string()), None)
            .await
            .expect("an answer")
    }

    pub(crate) async fn post_preferring(&self, path: &str, body: &Value, prefer: &str) -> Answer {
        self.try_send(Method::POST, path, Some(body.to_string()), Some(prefer))
            .await
            .expect("an answer")
    }

    /// A request under a key, so that what comes again does nothing twice.
    pub(crate) async fn post_once(&self, path: &str, key: &str, body: &Value) -> Answer {
        let request = self.http.post(format!("{}{path}", self.base));
        let request = request
            .header("content-type", "application/json")
            .header("idempotency-key", key)
            .body(body.to_string());
        let response = request.send().await.expect("an answer");
        let status = response.status();
        let text = response.text().await.expect("a body");
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Answer { status, body }
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
            request = request
                .header("content-type", "application/json")
                .body(body);
        }
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
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

    /// Asks for an answer that goes on, from behind the event that was read last.
    pub(crate) async fn follow(
        &self,
        path: &str,
        last: Option<&str>,
    ) -> Result<reqwest::Response, reqwest::Error> {
        let mut request = self.http.get(format!("{}{path}", self.base));
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        request.send().await
    }

    /// Posts an action and returns its outcome.
    pub(crate) async fn dispatch(&self, action: &Value) -> Value {
        let answer = self.post("/v1/dispatch", action).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.body
    }

    /// Posts an action, as often as it is told to come back, and returns its outcome.
    pub(crate) async fn dispatch_until_taken(&self, action: &Value) -> Value {
        let give_up = tokio::time::Instant::now() + PATIENCE;
        loop {
            let answer = self.post("/v1/dispatch", action).await;
            if answer.status == StatusCode::OK {
                return answer.body;
            }
            assert_eq!(
                answer.status,
                StatusCode::SERVICE_UNAVAILABLE,
                "{}",
                answer.body
            );
            assert!(
                tokio::time::Instant::now() < give_up,
                "never taken: {}",
                answer.body
            );
            tokio::task::yield_now().await;
        }
    }

    /// Posts the same action again, which waits for its outcome and sends nothing, until it is final.
    pub(crate) async fn final_outcome(&self, action: &Value) -> Value {
        let give_up = tokio::time::Instant::now() + PATIENCE;
        loop {
            let answer = self
                .post_preferring("/v1/dispatch", action, "wait=20")
                .await;
            if answer.status == StatusCode::OK && answer.body.get("Scheduled").is_none() {
                return answer.body;
            }
            assert!(
                tokio::time::Instant::now() < give_up,
                "no outcome: {}",
                answer.body
            );
            tokio::task::yield_now().await;
        }
    }
}

/// Writes a file of rules into `folder`, and returns the configuration that names it.
pub(crate) fn with_rules_in(
    folder: &tempfile::TempDir,
    rules: &str,
    configuration: &str,
) -> String {
    let directory = folder.path().join("rules");
    std::fs::create_dir_all(&directory).expect("a folder");
    std::fs::write(directory.join("rules.yaml"), rules).expect("written");
    format!(
        "rules.directory = {:?}\n{configuration}",
        directory.display().to_string()
    )
}

/// Checks a configuration, with a key ring.
pub(crate) fn parse(configuration: &str) -> Result<Config, String> {
    let with_port = format!("server.port = 0\n{configuration}");
    let key = |name: &str| (name == "ACTEON_AUTH_KEY").then(|| "5e".repeat(32));
    let env = Env::new(&key).map_err(|error| error.to_string())?;
    Config::parse("acteon.toml", &with_port, &env).map_err(|error| error.to_string())
}

/// An action for a provider.
pub(crate) fn action(id: &str, provider: &str, payload: &Value) -> Value {
    json!({ "id": id, "namespace": "incidents", "tenant": "acme", "provider": provider, "action_type": "notify", "payload": payload })
}

/// Looks again and again until it is so.
pub(crate) async fn until(otherwise: &str, limit: Duration, mut so: impl AsyncFnMut() -> bool) {
    let give_up = tokio::time::Instant::now() + limit;
    while !so().await {
        assert!(
            tokio::time::Instant::now() < give_up,
            "{otherwise} within {limit:?}"
        );
        tokio::task::yield_now().await;
    }
}
