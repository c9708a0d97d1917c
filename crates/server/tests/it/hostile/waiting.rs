//! Large actions that wait for a service that does not answer.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use super::memory::{MIB, peak};
use crate::support::{Client, LONG_CALLS, PATIENCE, Process, action};

/// How many wait.
const COUNT: usize = 600;
/// Most memory that the gateway may take meanwhile.
const MOST: usize = 400 * MIB;

/// A webhook that takes every request, and answers none until it is told to.
#[derive(Clone)]
struct Hanging {
    answers: Arc<watch::Sender<bool>>,
    /// The ids that were sent, and those that were answered.
    ids: Arc<watch::Sender<(BTreeSet<String>, BTreeSet<String>)>>,
}

impl Hanging {
    async fn start() -> (String, Self) {
        let hanging = Self {
            answers: Arc::new(watch::Sender::new(false)),
            ids: Arc::default(),
        };
        let router = axum::Router::new()
            .fallback(take)
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(hanging.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("an address"));
        tokio::spawn(async { axum::serve(listener, router).await });
        (url, hanging)
    }

    async fn until(
        &self,
        what: &str,
        wanted: impl Fn(&BTreeSet<String>, &BTreeSet<String>) -> bool,
    ) {
        let mut ids = self.ids.subscribe();
        if tokio::time::timeout(
            PATIENCE,
            ids.wait_for(|(sent, answered)| wanted(sent, answered)),
        )
        .await
        .is_err()
        {
            let (sent, answered) = &*self.ids.borrow();
            panic!("{what}: {} sent, {} answered", sent.len(), answered.len());
        }
    }
}

async fn take(State(hanging): State<Hanging>, Json(body): Json<Value>) -> Json<Value> {
    let id = body["id"].as_str().expect("an id").to_owned();
    hanging
        .ids
        .send_modify(|(sent, _)| _ = sent.insert(id.clone()));
    drop(body);
    hanging
        .answers
        .subscribe()
        .wait_for(|answers| *answers)
        .await
        .expect("it lives");
    hanging
        .ids
        .send_modify(|(_, answered)| _ = answered.insert(id));
    Json(json!({}))
}

/// Posts every eighth action, as often as it is told to come back.
async fn post_some(client: Client, first: usize) {
    let payload = json!({ "content": "x".repeat(900_000) });
    for number in (first..COUNT).step_by(8) {
        let sent = action(&format!("large-{number}"), "hook", &payload);
        let give_up = Instant::now() + PATIENCE;
        loop {
            let answer = client
                .post_preferring("/v1/dispatch", &sent, "respond-async")
                .await;
            if answer.status != StatusCode::SERVICE_UNAVAILABLE {
                assert!(answer.body.get("Scheduled").is_some(), "{}", answer.body);
                break;
            }
            assert!(Instant::now() < give_up, "never taken: {}", answer.body);
        }
    }
}

/// Dispatches through the provider that works, until the others have ended.
async fn others_go_through(
    client: &Client,
    name: &str,
    meanwhile: impl Future<Output = ()>,
) -> usize {
    tokio::pin!(meanwhile);
    for number in 0.. {
        let sent = action(
            &format!("{name}-{number}"),
            "log",
            &json!({ "content": "x".repeat(2000) }),
        );
        let began = Instant::now();
        let single = client.dispatch(&sent);
        tokio::pin!(single);
        let (outcome, ended) = tokio::select! {
            biased;
            outcome = &mut single => (outcome, false),
            () = &mut meanwhile => (single.await, true),
        };
        assert!(outcome.get("Executed").is_some(), "{outcome}");
        assert!(
            began.elapsed() < Duration::from_secs(5),
            "{:?}",
            began.elapsed()
        );
        if ended {
            return number;
        }
    }
    unreachable!("there are enough numbers")
}

#[tokio::test(flavor = "multi_thread")]
async fn large_actions_for_a_service_that_hangs_wait_in_the_store() {
    let (url, hook) = Hanging::start().await;
    let configuration = format!(
        "retry.delays_seconds = [1]\n[[providers]]\nname = \"log\"\ntype = \"log\"\n\
         [[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{url}\"\n{LONG_CALLS}"
    );
    let folder = tempfile::tempdir().expect("a folder");
    let process = Process::start(folder.path(), &configuration, &[]);
    let began = Instant::now();
    let posts: Vec<_> = (0..8)
        .map(|first| tokio::spawn(post_some(process.client().clone(), first)))
        .collect();
    let beside = others_go_through(process.client(), "beside", async {
        for post in posts {
            post.await.expect("no panic");
        }
    })
    .await;
    println!(
        "{COUNT} taken in {:?}, {beside} beside; at most {} MiB",
        began.elapsed(),
        peak(&process) / MIB
    );
    assert!(beside > 20, "{beside} went through beside");
    assert!(peak(&process) < MOST, "{} MiB", peak(&process) / MIB);
    process.kill();

    let sent_before = hook.ids.borrow().0.len();
    assert!((1..COUNT / 4).contains(&sent_before), "{sent_before}");
    let began = Instant::now();
    let process = Process::start(folder.path(), &configuration, &[]);
    assert!(
        process
            .client()
            .dispatch(&action("first", "log", &json!({})))
            .await
            .get("Executed")
            .is_some()
    );
    println!("started in {:?}", began.elapsed());
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "{:?}",
        began.elapsed()
    );
    let began = Instant::now();
    hook.answers.send_replace(true);
    others_go_through(
        process.client(),
        "after",
        hook.until("all are answered", |_, answered| answered.len() == COUNT),
    )
    .await;
    println!(
        "delivered in {:?}; at most {} MiB",
        began.elapsed(),
        peak(&process) / MIB
    );
    assert!(peak(&process) < MOST, "{} MiB", peak(&process) / MIB);
}
