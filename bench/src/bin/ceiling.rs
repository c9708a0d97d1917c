//! What a bare program reaches: the same work without any of the gateway's features.
//!
//! `ceiling b1|b2|b3|b4 PORT FOLDER [SINK]`: b1 parses, makes an id and answers; b2 commits to SQLite in groups before it answers; b3 also
//! posts to the sink; b4 also commits the outcome before it answers.

use std::sync::{Arc, mpsc};

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::oneshot;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Deserialize)]
struct Action {
    namespace: String,
    tenant: String,
    provider: String,
    #[serde(rename = "action_type")]
    kind: String,
    payload: Box<RawValue>,
}

enum Write {
    Insert(String, String),
    Finish(String, String),
}

struct Bare {
    commits: bool,
    finishes: bool,
    writer: mpsc::Sender<(Write, oneshot::Sender<()>)>,
    sink: Option<String>,
    client: reqwest::Client,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, mode, port, folder, rest @ ..] = arguments.as_slice() else {
        return Err("usage: ceiling b1|b2|b3|b4 PORT FOLDER [SINK]".into());
    };
    let bare = Bare {
        commits: mode != "b1",
        finishes: mode == "b4",
        writer: start_writer(&format!("{folder}/ceiling.db"))?,
        sink: rest.first().cloned(),
        client: reqwest::Client::new(),
    };
    let router = Router::new().route("/v1/dispatch", post(dispatch)).with_state(Arc::new(bare));
    axum::serve(tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?, router).await?;
    Ok(())
}

fn start_writer(path: &str) -> Result<mpsc::Sender<(Write, oneshot::Sender<()>)>, Failure> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", 4000)?;
    connection.execute_batch(
        "CREATE TABLE actions (seq INTEGER PRIMARY KEY, id TEXT, body TEXT, outcome TEXT); CREATE UNIQUE INDEX by_id ON actions (id);",
    )?;
    let (sender, inbox) = mpsc::channel::<(Write, oneshot::Sender<()>)>();
    std::thread::spawn(move || {
        while let Ok(first) = inbox.recv() {
            let batch: Vec<_> = std::iter::once(first).chain(inbox.try_iter().take(1023)).collect();
            if commit(&connection, &batch).is_ok() {
                for (_, done) in batch {
                    done.send(()).ok();
                }
            }
        }
    });
    Ok(sender)
}

fn commit(connection: &Connection, batch: &[(Write, oneshot::Sender<()>)]) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    let mut insert = transaction.prepare_cached("INSERT INTO actions (id, body) VALUES (?1, ?2)")?;
    let mut finish = transaction.prepare_cached("UPDATE actions SET outcome = ?2 WHERE id = ?1")?;
    for (write, _) in batch {
        match write {
            Write::Insert(id, body) => insert.execute([id, body])?,
            Write::Finish(id, outcome) => finish.execute([id, outcome])?,
        };
    }
    drop((insert, finish));
    transaction.commit()
}

impl Bare {
    async fn write(&self, write: Write) -> Option<()> {
        let (done, committed) = oneshot::channel();
        self.writer.send((write, done)).ok()?;
        committed.await.ok()
    }
}

async fn dispatch(State(bare): State<Arc<Bare>>, body: String) -> Result<String, axum::http::StatusCode> {
    let work = async {
        let action: Action = serde_json::from_str(&body).ok()?;
        let Action { namespace, tenant, provider, kind, payload } = &action;
        let id = uuid::Builder::from_unix_timestamp_millis(now(), &random()).into_uuid().to_string();
        if bare.commits {
            bare.write(Write::Insert(id.clone(), body.clone())).await?;
        }
        if let Some(sink) = &bare.sink {
            let request = bare.client.post(sink).header("content-type", "application/json").body(payload.get().to_owned());
            let answer = request.send().await.ok()?.text().await.ok()?;
            if bare.finishes {
                bare.write(Write::Finish(id.clone(), answer)).await?;
            }
        }
        Some(format!(r#"{{"id":"{id}","scope":"{namespace}/{tenant}/{provider}/{kind}"}}"#))
    };
    work.await.ok_or(axum::http::StatusCode::INTERNAL_SERVER_ERROR)
}

#[expect(clippy::disallowed_methods, reason = "a ceiling has no clock to inject")]
fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_millis() as u64
}

fn random() -> [u8; 10] {
    let mut bytes = [0; 10];
    bytes.copy_from_slice(&uuid::Uuid::new_v4().as_bytes()[..10]);
    bytes
}
