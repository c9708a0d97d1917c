//! A server that takes long to start, because it waits for a word of others who may live.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use acteon_core::{Clock as _, SystemClock};
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{Shared, lines};
use crate::support::{Client, Gateway, PATIENCE, action};

const LEASE: u32 = 4;
const HOUR_MILLIS: i64 = 3_600_000;

/// A server that does not say yet where it listens, and a client of the port that it was given.
struct Starting {
    child: Child,
    client: Client,
    _folder: tempfile::TempDir,
}

impl Drop for Starting {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Starts a server after an hour in which nobody told the time, beside the row of one who may live.
async fn start(shared: &Shared) -> Starting {
    let options = shared.database.options();
    let configuration = lines(&options.url, &options.schema, LEASE)
        + "[[providers]]\nname = \"log\"\ntype = \"log\"\n";
    Gateway::start_exactly(tempfile::tempdir().expect("a folder"), &configuration)
        .await
        .stop()
        .await;
    let told = SystemClock::default().now().as_millis() - HOUR_MILLIS;
    let note = format!(
        "INSERT INTO notes VALUES ('clock:steps', '0 {told}', 9000000000000000) ON CONFLICT (name) DO UPDATE SET text = excluded.text"
    );
    shared.database.execute(&note).await.expect("an old note");
    shared
        .database
        .execute("INSERT INTO processes (owner, beats) VALUES (7, 1)")
        .await
        .expect("one who may live");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("acteon.toml");
    std::fs::write(&file, configuration).expect("a configuration file");
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|free| free.local_addr())
        .expect("a free port")
        .port();
    let mut command = Command::new(env!("CARGO_BIN_EXE_acteon-server"));
    command
        .args(["--port", &port.to_string(), "-c"])
        .arg(&file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let client = Client::new(&format!("http://127.0.0.1:{port}"));
    Starting {
        child: command.spawn().expect("a started server"),
        client,
        _folder: folder,
    }
}

impl Starting {
    /// Waits until it answers that it lives.
    async fn lives(&self) {
        let give_up = tokio::time::Instant::now() + PATIENCE;
        while !self
            .client
            .try_send(Method::GET, "/live", None, None)
            .await
            .is_ok_and(|answer| answer.status == StatusCode::OK)
        {
            assert!(tokio::time::Instant::now() < give_up, "it does not answer");
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_still_starting_says_that_it_lives_and_asks_others_to_come_back() {
    let Some(shared) = Shared::find().await else {
        return;
    };
    let server = start(&shared).await;
    server.lives().await;
    let ready = server.client.get("/ready").await;
    assert_eq!(
        (ready.status, ready.body["code"].as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, Some("STARTING")),
        "{}",
        ready.body
    );
    let early = action("early", "log", &json!({}));
    let refused = server.client.post("/v1/dispatch", &early).await;
    assert_eq!(
        (refused.status, refused.body["retryable"].as_bool()),
        (StatusCode::SERVICE_UNAVAILABLE, Some(true)),
        "{}",
        refused.body
    );
    server.client.dispatch_until_taken(&early).await;
    let outcome = server.client.final_outcome(&early).await;
    assert!(outcome.get("Executed").is_some(), "{outcome}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_still_starting_stops_when_it_is_told_to() {
    let Some(shared) = Shared::find().await else {
        return;
    };
    let mut server = start(&shared).await;
    server.lives().await;
    assert!(
        Command::new("kill")
            .arg(server.child.id().to_string())
            .status()
            .expect("kill")
            .success()
    );
    let code = tokio::task::block_in_place(|| server.child.wait())
        .expect("gone")
        .code();
    assert_eq!(code, Some(0));
}
