//! Ceiling of throughput: a bare program that does the gateway's work without its features.
//!
//! `ceiling b1|b2|b3|b4|c2|p4 PORT PLACE [SINK|BYTES]`: b1 parses an action, makes an id and answers; b2 also commits to SQLite, in groups, before it answers; b3
//! also posts to the sink; b4 also commits the outcome; c2 starts a chain: it commits the action and a flow of so many bytes before it answers, and the
//! flow's next state behind that. p4 does the same as b4 on PostgreSQL, in batches of arrays. PLACE is a folder, or for p4 a URL.

use std::sync::{Arc, mpsc};

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::oneshot;
use tokio_postgres::NoTls;

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
    /// An action with the outcome that it has at once, and a flow that begins with it.
    Begin(String, String, Arc<str>),
    /// Next state of a flow.
    Step(String, Arc<str>),
}

struct Bare {
    commits: bool,
    finishes: bool,
    /// State of a flow, where each action begins one.
    flow: Option<Arc<str>>,
    writer: Writer,
    sink: Option<String>,
    client: reqwest::Client,
}

type Waiting = (Write, oneshot::Sender<()>);

enum Writer {
    Sqlite(mpsc::Sender<Waiting>),
    /// Senders of insertions and of outcomes.
    Postgres([tokio::sync::mpsc::UnboundedSender<Waiting>; 2]),
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, mode, port, place, rest @ ..] = arguments.as_slice() else {
        return Err("usage: ceiling b1|b2|b3|b4|c2|p4 PORT PLACE [SINK|BYTES]".into());
    };
    let begins = mode == "c2";
    let bytes: usize = match rest.first().filter(|_| begins) {
        Some(bytes) => bytes.parse()?,
        None => 0,
    };
    let bare = Bare {
        flow: begins.then(|| "x".repeat(bytes).into()),
        commits: mode != "b1",
        finishes: mode.ends_with('4'),
        writer: if mode == "p4" {
            start_postgres(place).await?
        } else {
            start_writer(&format!("{place}/ceiling.db"))?
        },
        sink: rest.first().filter(|_| !begins).cloned(),
        client: reqwest::Client::new(),
    };
    let router = Router::new()
        .route("/v1/dispatch", post(dispatch))
        .with_state(Arc::new(bare));
    axum::serve(
        tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?,
        router,
    )
    .await?;
    Ok(())
}

fn start_writer(path: &str) -> Result<Writer, Failure> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", 4000)?;
    connection.execute_batch(
        "CREATE TABLE actions (seq INTEGER PRIMARY KEY, id TEXT, body TEXT, outcome TEXT); CREATE UNIQUE INDEX by_id ON actions (id); \
         CREATE TABLE flows (id TEXT PRIMARY KEY, due INTEGER, body TEXT); CREATE INDEX by_due ON flows (due);",
    )?;
    let (sender, inbox) = mpsc::channel::<Waiting>();
    std::thread::spawn(move || {
        while let Ok(first) = inbox.recv() {
            let batch: Vec<_> = std::iter::once(first)
                .chain(inbox.try_iter().take(1023))
                .collect();
            if commit(&connection, &batch).is_ok() {
                for (_, done) in batch {
                    done.send(()).ok();
                }
            }
        }
    });
    Ok(Writer::Sqlite(sender))
}

const SETUP: &str = "DROP SCHEMA IF EXISTS ceiling CASCADE; CREATE SCHEMA ceiling;
    CREATE TABLE ceiling.actions (id TEXT PRIMARY KEY, body TEXT, outcome TEXT)";
const INSERT: &str =
    "INSERT INTO ceiling.actions (id, body) SELECT * FROM unnest($1::text[], $2::text[])";
const FINISH: &str = "UPDATE ceiling.actions a SET outcome = i.outcome FROM unnest($1::text[], $2::text[]) AS i (id, outcome) WHERE a.id = i.id";

/// Settings of a connection: rows are looked up by their keys. Otherwise plans made while the table was empty would scan it.
const PLANS: &str =
    "SET enable_seqscan = off; SET enable_mergejoin = off; SET enable_hashjoin = off";

/// Starts two connections for each kind of write: while one waits for its commit, the other collects a batch.
async fn start_postgres(url: &str) -> Result<Writer, Failure> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    client.batch_execute(SETUP).await?;
    let mut senders = Vec::new();
    for statement in [INSERT, FINISH] {
        let (sender, inbox) = tokio::sync::mpsc::unbounded_channel::<Waiting>();
        let inbox = Arc::new(tokio::sync::Mutex::new(inbox));
        for _ in 0..2 {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
            tokio::spawn(connection);
            client.batch_execute(PLANS).await?;
            let statement = client.prepare(statement).await?;
            let inbox = Arc::clone(&inbox);
            tokio::spawn(async move {
                loop {
                    let mut batch = Vec::new();
                    inbox.lock().await.recv_many(&mut batch, 512).await;
                    let (ids, texts): (Vec<&String>, Vec<&String>) =
                        batch.iter().map(|(write, _)| write.parts()).unzip();
                    if client.execute(&statement, &[&ids, &texts]).await.is_ok() {
                        for (_, done) in batch {
                            done.send(()).ok();
                        }
                    }
                }
            });
        }
        senders.push(sender);
    }
    let senders = senders.try_into().map_err(|_| "two kinds of writes")?;
    Ok(Writer::Postgres(senders))
}

impl Write {
    fn parts(&self) -> (&String, &String) {
        match self {
            Self::Insert(id, text) | Self::Finish(id, text) | Self::Begin(id, text, _) => {
                (id, text)
            }
            // Nothing begins flows there.
            Self::Step(id, _) => (id, id),
        }
    }
}

fn commit(connection: &Connection, batch: &[Waiting]) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    let mut insert =
        transaction.prepare_cached("INSERT INTO actions (id, body) VALUES (?1, ?2)")?;
    let mut finish = transaction.prepare_cached("UPDATE actions SET outcome = ?2 WHERE id = ?1")?;
    let mut end = transaction
        .prepare_cached("INSERT INTO actions (id, body, outcome) VALUES (?1, ?2, ?1)")?;
    let mut begin =
        transaction.prepare_cached("INSERT INTO flows (id, due, body) VALUES (?1, 0, ?2)")?;
    let mut step =
        transaction.prepare_cached("UPDATE flows SET due = 1, body = ?2 WHERE id = ?1")?;
    for (write, _) in batch {
        match write {
            Write::Insert(id, body) => insert.execute([id, body])?,
            Write::Finish(id, outcome) => finish.execute([id, outcome])?,
            Write::Begin(id, body, flow) => {
                end.execute([id, body])?;
                begin.execute([id, &**flow])?
            }
            Write::Step(id, flow) => step.execute([id, &**flow])?,
        };
    }
    drop((insert, finish, end, begin, step));
    transaction.commit()
}

impl Bare {
    async fn write(&self, write: Write) -> Option<()> {
        let (done, committed) = oneshot::channel();
        match &self.writer {
            Writer::Sqlite(sender) => sender.send((write, done)).ok()?,
            Writer::Postgres(senders) => senders[usize::from(matches!(write, Write::Finish(..)))]
                .send((write, done))
                .ok()?,
        }
        committed.await.ok()
    }
}

async fn dispatch(
    State(bare): State<Arc<Bare>>,
    body: String,
) -> Result<String, axum::http::StatusCode> {
    let work = async {
        let action: Action = serde_json::from_str(&body).ok()?;
        let Action {
            namespace,
            tenant,
            provider,
            kind,
            payload,
        } = &action;
        let id = uuid::Builder::from_unix_timestamp_millis(now(), &random())
            .into_uuid()
            .to_string();
        if let Some(flow) = &bare.flow {
            let (begun, stepped) = (id.clone(), Arc::clone(&bare));
            bare.write(Write::Begin(begun, body.clone(), Arc::clone(flow)))
                .await?;
            let step = Write::Step(id.clone(), Arc::clone(flow));
            tokio::spawn(async move { stepped.write(step).await });
        } else if bare.commits {
            bare.write(Write::Insert(id.clone(), body.clone())).await?;
        }
        if let Some(sink) = &bare.sink {
            let request = bare
                .client
                .post(sink)
                .header("content-type", "application/json")
                .body(payload.get().to_owned());
            let answer = request.send().await.ok()?.text().await.ok()?;
            if bare.finishes {
                bare.write(Write::Finish(id.clone(), answer)).await?;
            }
        }
        Some(format!(
            r#"{{"id":"{id}","scope":"{namespace}/{tenant}/{provider}/{kind}"}}"#
        ))
    };
    work.await
        .ok_or(axum::http::StatusCode::INTERNAL_SERVER_ERROR)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a ceiling has no clock to inject"
)]
fn now() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis() as u64
}

fn random() -> [u8; 10] {
    let mut bytes = [0; 10];
    bytes.copy_from_slice(&uuid::Uuid::new_v4().as_bytes()[..10]);
    bytes
}
