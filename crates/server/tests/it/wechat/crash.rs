//! kill -9 at random moments under load.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use reqwest::Method;
use serde_json::Value;

use super::{configuration, local_wecom, text, unlimited};
use crate::support::{Client, PATIENCE, Process};

const CYCLES: usize = 100;
const CLIENTS: usize = 16;

#[derive(Default)]
struct Answers {
    next: AtomicU64,
    /// By id: the outcome's name, and whether it was marked.
    answered: Mutex<BTreeMap<String, (String, bool)>>,
    gone: AtomicBool,
}

/// Posts one action after the other until the gateway is gone.
async fn load(client: Client, answers: Arc<Answers>) {
    while !answers.gone.load(Ordering::SeqCst) {
        let id = format!("k-{}", answers.next.fetch_add(1, Ordering::SeqCst));
        let Ok(answer) = client.try_send(Method::POST, "/v1/dispatch", Some(text(&id).to_string()), None).await else { return };
        if answer.status.is_success() {
            let name = answer.body.as_object().and_then(|outcome| outcome.keys().next().cloned()).unwrap_or_default();
            let marked = answer.body["Executed"]["headers"]["possible_duplicate"] == "true";
            answers.answered.lock().expect("a lock").insert(id, (name, marked));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_kills_lose_nothing_and_mark_every_duplicate() {
    let mut world = unlimited();
    world.settings.latency_ms = 5;
    let wecom = local_wecom(world).await;
    let configuration = configuration(&wecom, "");
    let folder = tempfile::tempdir().expect("a folder");
    let answers = Arc::new(Answers::default());
    let random = RandomState::new();
    for cycle in 0..CYCLES {
        let process = Process::start(folder.path(), &configuration, &[]);
        answers.gone.store(false, Ordering::SeqCst);
        let clients: Vec<_> = (0..CLIENTS).map(|_| tokio::spawn(load(process.client().clone(), Arc::clone(&answers)))).collect();
        // Anywhere in the load: after so many posts, whether answered or not.
        let posts = answers.next.load(Ordering::SeqCst) + 1 + random.hash_one(cycle) % 400;
        let give_up = tokio::time::Instant::now() + PATIENCE;
        while answers.next.load(Ordering::SeqCst) < posts {
            assert!(tokio::time::Instant::now() < give_up, "there is no load");
            tokio::task::yield_now().await;
        }
        answers.gone.store(true, Ordering::SeqCst);
        process.kill();
        for client in clients {
            client.await.expect("a client");
        }
    }
    let process = Process::start(folder.path(), &configuration, &[]);
    wait_until_nothing_is_open(process.client()).await;
    let answered = answers.answered.lock().expect("a lock").clone();
    let sent = wecom.world(|world| {
        let mut sent: BTreeMap<String, usize> = BTreeMap::new();
        for message in world.messages() {
            let content = message.content["content"].as_str().unwrap_or_default();
            *sent.entry(content.replace("message ", "")).or_default() += 1;
        }
        sent
    });
    let count = |id: &String| sent.get(id).copied().unwrap_or(0);
    let lost: Vec<_> = answered.keys().filter(|id| count(id) == 0).collect();
    assert!(lost.is_empty(), "answered, and never sent: {lost:?}");
    let again: Vec<_> = answered.iter().filter(|(id, (name, marked))| name == "Executed" && !marked && count(id) > 1).collect();
    assert!(again.is_empty(), "answered Executed, and sent again: {again:?}");
    let twice: BTreeSet<&String> = sent.iter().filter(|(_, count)| **count > 1).map(|(id, _)| id).collect();
    for id in &twice {
        let view = process.client().get(&format!("/v1/actions/{id}")).await.body;
        assert_eq!(view["possible_duplicate"], true, "sent twice, and not marked: {view}");
    }
    println!("{CYCLES} kills: {} answered, {} sent, {} of them twice, 0 lost", answered.len(), sent.len(), twice.len());
    assert!(answered.len() > CYCLES, "there was load: {}", answered.len());
    assert!(twice.len() <= CYCLES * CLIENTS, "only what was in flight can be sent twice");
}

async fn wait_until_nothing_is_open(client: &Client) {
    let give_up = tokio::time::Instant::now() + PATIENCE;
    loop {
        let Value::String(metrics) = client.get("/metrics").await.body else { panic!("metrics are text") };
        if metrics.contains("\nacteon_open_actions 0\n") {
            return;
        }
        assert!(tokio::time::Instant::now() < give_up, "stuck: {metrics}");
        tokio::task::yield_now().await;
    }
}
