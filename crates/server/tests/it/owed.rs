//! What is owed, in memory and in the store: across deaths of the process, changes of its configuration, and damage to its rows.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Gateway, LONG_CALLS, PATIENCE, Process, action, store_lines};

/// A webhook that takes every request, and answers none until it is told to.
struct Hanging {
    url: String,
    /// The ids that it was sent, in order.
    sent: Mutex<Vec<String>>,
    answers: AtomicBool,
}

impl Hanging {
    async fn start() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("an address"));
        let hanging = Arc::new(Self {
            url,
            sent: Mutex::default(),
            answers: AtomicBool::new(false),
        });
        let shared = Arc::clone(&hanging);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&shared).take(stream));
            }
        });
        hanging
    }

    async fn take(self: Arc<Self>, mut stream: TcpStream) {
        let mut request = Vec::new();
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut buffer).await {
            request.extend_from_slice(&buffer[..count]);
            let body = request
                .windows(4)
                .position(|window| window == b"\r\n\r\n")
                .map(|end| &request[end + 4..]);
            let Some(body) = body.and_then(|body| serde_json::from_slice::<Value>(body).ok())
            else {
                continue;
            };
            self.sent
                .lock()
                .expect("a lock")
                .push(body["id"].as_str().expect("an id").to_owned());
            if self.answers.load(Ordering::SeqCst) {
                let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
                stream.write_all(answer.as_bytes()).await.ok();
                return;
            }
        }
    }

    fn sent(&self) -> Vec<String> {
        self.sent.lock().expect("a lock").clone()
    }

    async fn until_sent(&self, count: usize) {
        // Where gateways share a store, one that died is taken over from when its lease is over.
        let give_up = tokio::time::Instant::now() + 2 * PATIENCE;
        while self.sent().len() < count {
            assert!(
                tokio::time::Instant::now() < give_up,
                "sent: {:?}",
                self.sent()
            );
            tokio::task::yield_now().await;
        }
    }
}

/// Only what was under way when a process died is marked and counted; the rest waited, and nobody needs to doubt it.
#[tokio::test(flavor = "multi_thread")]
async fn deaths_of_the_process_count_for_what_it_may_have_sent_and_for_nothing_else() {
    const POSTED: usize = 200;
    const AT_A_TIME: usize = 4;
    let hook = Hanging::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let configuration = format!(
        "[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = {:?}\nmax_concurrency = {AT_A_TIME}\n{LONG_CALLS}",
        hook.url
    );
    for life in 1..=3 {
        let process = Process::start(folder.path(), &configuration, &[]);
        if life == 1 {
            let actions: Vec<Value> = (0..POSTED)
                .map(|number| action(&format!("a{number}"), "hook", &json!({})))
                .collect();
            for posted in &actions {
                let answer = process
                    .client()
                    .post_preferring("/v1/dispatch", posted, "respond-async")
                    .await;
                assert_eq!(answer.status.as_u16(), 202, "{}", answer.body);
            }
        }
        hook.until_sent(life * AT_A_TIME).await;
        process.kill();
    }
    let before: BTreeSet<String> = hook.sent().into_iter().collect();
    assert!(hook.sent().len() <= 3 * AT_A_TIME, "{:?}", hook.sent());
    hook.answers.store(true, Ordering::SeqCst);
    let process = Process::start(folder.path(), &configuration, &[]);
    for number in 0..POSTED {
        let id = format!("a{number}");
        let view = process
            .client()
            .until(&format!("/v1/actions/{id}"), |view| {
                view["state"] == "done" || view["state"] == "dead"
            })
            .await;
        let was_sent = before.contains(&id);
        assert_eq!(view["possible_duplicate"], was_sent, "{id}: {view}");
        if was_sent {
            assert!(
                view["takeovers"]
                    .as_u64()
                    .is_some_and(|count| (1..=3).contains(&count)),
                "{id}: {view}"
            );
        } else {
            assert_eq!(
                (view["takeovers"].as_u64(), view["state"].as_str()),
                (Some(0), Some("done")),
                "{id}: {view}"
            );
        }
    }
    let sent: BTreeSet<String> = hook.sent().into_iter().collect();
    assert_eq!(sent.len(), POSTED, "nothing is lost");
}

/// Rows wait for their provider, whatever its address is by then.
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_wait_go_to_the_new_address_of_their_provider() {
    let hook = Hanging::start().await;
    hook.answers.store(true, Ordering::SeqCst);
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port")
        .local_addr()
        .expect("an address");
    let configuration = |url: &str, name: &str| {
        format!(
            "retry.max_retries = 0\nretry.delays_seconds = [1]\n[[providers]]\nname = {name:?}\ntype = \"webhook\"\nurl = {url:?}\n\
             [[providers]]\nname = \"log\"\ntype = \"log\"\n"
        )
    };
    let gateway = Gateway::start(&configuration(&format!("http://{closed}/"), "hook")).await;
    for number in 0..5 {
        let scheduled = gateway
            .dispatch(&action(&format!("a{number}"), "hook", &json!({})))
            .await;
        assert!(scheduled["Scheduled"].is_object(), "{scheduled}");
    }
    // A gateway that does not have the provider leaves its rows alone.
    let gateway = gateway.restart(&configuration(&hook.url, "other")).await;
    assert!(gateway.dispatch(&action("log", "log", &json!({}))).await["Executed"].is_object());
    assert_eq!(gateway.get("/v1/actions/a0").await.body["state"], "open");
    let gateway = gateway.restart(&configuration(&hook.url, "hook")).await;
    for number in 0..5 {
        let view = gateway
            .until(&format!("/v1/actions/a{number}"), |view| {
                view["state"] != "open"
            })
            .await;
        assert_eq!(view["state"], "done", "{view}");
    }
    assert_eq!(hook.sent().len(), 5);
}

/// Two webhooks on one address, whose actions are tried again after two seconds.
fn two_hooks(url: &str) -> String {
    let hooks = ["a", "b"]
        .map(|name| format!("[[providers]]\nname = {name:?}\ntype = \"webhook\"\nurl = {url:?}\n"));
    format!(
        "retry.max_retries = 0\nretry.delays_seconds = [2]\n{}",
        hooks.concat()
    )
}

/// Actions of [`two_hooks`], those that are damaged first.
const DAMAGED: [&str; 3] = ["text", "word", "past"];
const WHOLE: [(&str, &str); 2] = [("good", "a"), ("fine", "b")];

fn database(folder: &std::path::Path) -> rusqlite::Connection {
    rusqlite::Connection::open(folder.join("acteon.db")).expect("the database")
}

/// Damages an action's text, a word of its row, and the history of its job.
fn damage(folder: &std::path::Path) {
    database(folder)
        .execute_batch(
            "UPDATE actions SET action = '{\"id\":\"text\", damaged' WHERE id = 'text';
             UPDATE actions SET origin = 'elsewhere' WHERE id = 'word';
             UPDATE jobs SET history = CAST(x'5b80' AS TEXT) WHERE seq = (SELECT seq FROM actions WHERE id = 'past');",
        )
        .expect("damage");
}

/// What cannot be read ends alone. Everything else goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_cannot_be_read_ends_alone_and_is_kept() {
    let hook = Hanging::start().await;
    hook.answers.store(true, Ordering::SeqCst);
    let folder = tempfile::tempdir().expect("a folder");
    if !store_lines(folder.path()).is_empty() {
        return;
    }
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port")
        .local_addr()
        .expect("an address");
    let process = Process::start(folder.path(), &two_hooks(&format!("http://{closed}/")), &[]);
    for (id, provider) in DAMAGED.map(|id| (id, "a")).into_iter().chain(WHOLE) {
        let scheduled = process
            .client()
            .dispatch(&action(id, provider, &json!({})))
            .await;
        assert!(scheduled["Scheduled"].is_object(), "{scheduled}");
    }
    process.kill();
    damage(folder.path());
    let process = Process::start(folder.path(), &two_hooks(&hook.url), &[]);
    let client = process.client();
    for (id, _) in WHOLE {
        let view = client
            .until(&format!("/v1/actions/{id}"), |view| view["state"] != "open")
            .await;
        assert_eq!(view["state"], "done", "{view}");
    }
    for id in DAMAGED {
        let view = client
            .until(&format!("/v1/actions/{id}"), |view| view["state"] != "open")
            .await;
        assert_eq!(
            (
                view["state"].as_str(),
                view["outcome"]["Failed"]["code"].as_str()
            ),
            (Some("dead"), Some("UNREADABLE")),
            "{view}"
        );
    }
    let page = client.get("/v1/audit?limit=100").await.body;
    assert_eq!(
        page["records"].as_array().map(Vec::len),
        Some(5),
        "lists go on as well: {page}"
    );
    let metrics = client.get("/metrics").await.body;
    assert!(
        metrics
            .as_str()
            .is_some_and(|text| text.contains("acteon_unreadable_rows_total 3")),
        "{metrics}"
    );
    process.kill();
    let connection = database(folder.path());
    let kept: String = connection
        .query_row("SELECT action FROM actions WHERE id = 'text'", [], |row| {
            row.get(0)
        })
        .expect("the row");
    assert_eq!(kept, "{\"id\":\"text\", damaged");
    let history =
        "SELECT hex(o.history) FROM outcomes o JOIN actions a ON a.seq = o.seq WHERE a.id = 'past'";
    let kept: String = connection
        .query_row(history, [], |row| row.get(0))
        .expect("the row");
    assert_eq!(kept, "5B80");
}

/// What was refused a connection has not left, also while it waits for its next try.
#[tokio::test(flavor = "multi_thread")]
async fn what_surely_did_not_leave_is_not_taken_for_sent_when_the_process_dies() {
    const POSTED: usize = 20;
    let hook = Hanging::start().await;
    hook.answers.store(true, Ordering::SeqCst);
    let folder = tempfile::tempdir().expect("a folder");
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port")
        .local_addr()
        .expect("an address");
    let configuration = |url: &str| {
        format!(
            "retry.max_retries = 10\n[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = {url:?}\n{LONG_CALLS}"
        )
    };
    let process = Process::start(
        folder.path(),
        &configuration(&format!("http://{closed}/")),
        &[],
    );
    for number in 0..POSTED {
        let posted = action(&format!("a{number}"), "hook", &json!({}));
        assert_eq!(
            process
                .client()
                .post_preferring("/v1/dispatch", &posted, "respond-async")
                .await
                .status
                .as_u16(),
            202
        );
    }
    // By then they pause for up to two seconds between two tries.
    let failures = |metrics: &Value| {
        let text = metrics.as_str().unwrap_or_default();
        let counts = text.lines().filter_map(|line| {
            line.strip_prefix("acteon_provider_failures_total")?
                .rsplit_once(' ')?
                .1
                .parse::<usize>()
                .ok()
        });
        counts.sum::<usize>()
    };
    process
        .client()
        .until("/metrics", |metrics| failures(metrics) >= POSTED * 4)
        .await;
    process.kill();
    let process = Process::start(folder.path(), &configuration(&hook.url), &[]);
    let mut taken_for_sent = 0;
    for number in 0..POSTED {
        let view = process
            .client()
            .until(&format!("/v1/actions/a{number}"), |view| {
                view["state"] != "open"
            })
            .await;
        assert_eq!(view["state"], "done", "{view}");
        taken_for_sent += usize::from(view["possible_duplicate"] == true || view["takeovers"] != 0);
    }
    // One or two may have been on their way to be refused once more.
    assert!(taken_for_sent <= POSTED / 4, "{taken_for_sent} of {POSTED}");
}
