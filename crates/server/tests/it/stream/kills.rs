//! kill -9 under a reader: it comes back by its last id, and has every event once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use reqwest::{Method, StatusCode};

use super::{Follower, LOG, of_type};
use crate::support::{Client, PATIENCE, Process, until};

/// Number of kills: a few, or as many as a long run asks for.
fn cycles() -> usize {
    std::env::var("ACTEON_STREAM_KILLS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(8)
}

/// One who posts all the time, to whichever gateway is there.
struct Poster {
    at: Mutex<Option<Client>>,
    posted: AtomicUsize,
    stop: AtomicBool,
}

impl Poster {
    async fn run(self: Arc<Self>) {
        while !self.stop.load(Ordering::SeqCst) {
            let at = self.at.lock().expect("a lock").clone();
            let Some(client) = at else {
                tokio::task::yield_now().await;
                continue;
            };
            let next = self.posted.load(Ordering::SeqCst);
            let action = of_type(&format!("a{next}"), "notify").to_string();
            let answer = client
                .try_send(Method::POST, "/v1/dispatch", Some(action), None)
                .await;
            if answer.is_ok_and(|answer| answer.status == StatusCode::OK) {
                self.posted.store(next + 1, Ordering::SeqCst);
            }
        }
    }
}

/// What a reader has seen, over all its connections.
#[derive(Default)]
struct Seen {
    last: Option<String>,
    events: BTreeSet<String>,
    actions: BTreeMap<String, usize>,
}

impl Seen {
    /// Reads until the connection breaks off, or enough was seen.
    async fn read(&mut self, client: &Client, enough: impl Fn(&Self) -> bool) {
        let Ok(response) = client.follow("/v1/stream", self.last.as_deref()).await else {
            return;
        };
        assert_eq!(response.status(), StatusCode::OK);
        let mut follower = Follower::of(response);
        while !enough(self)
            && let Ok(Some(frame)) = follower.try_next().await
        {
            assert_eq!(frame.event, "action_dispatched", "{frame:?}");
            let id = frame.id.clone().expect("an id");
            assert!(self.events.insert(id.clone()), "{id} was told twice");
            *self
                .actions
                .entry(frame.action_id().to_owned())
                .or_default() += 1;
            self.last = Some(id);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_who_comes_back_after_each_kill_has_every_event_once() {
    let cycles = cycles();
    let folder = tempfile::tempdir().expect("a folder");
    let mut process = Process::start(folder.path(), LOG, &[]);
    let poster = Arc::new(Poster {
        at: Mutex::new(None),
        posted: AtomicUsize::new(0),
        stop: AtomicBool::new(false),
    });
    let mut seen = Seen::default();
    // From the first event on.
    process.client().dispatch(&of_type("first", "notify")).await;
    let mut first = Follower::from(process.client(), "/v1/stream", Some("x")).await;
    first.next().await.expect("a frame");
    seen.last = first.events(1).await.remove(0).id;
    drop(first);
    let posting = tokio::spawn(Arc::clone(&poster).run());
    for cycle in 0..cycles {
        let client = process.client().clone();
        *poster.at.lock().expect("a lock") = Some(client.clone());
        let before = poster.posted.load(Ordering::SeqCst);
        let reading = tokio::spawn(async move {
            seen.read(&client, |_| false).await;
            seen
        });
        let more = before + 5 + cycle % 7;
        until("actions are posted", PATIENCE, async || {
            poster.posted.load(Ordering::SeqCst) >= more
        })
        .await;
        process.kill();
        seen = tokio::time::timeout(PATIENCE, reading)
            .await
            .expect("it breaks off")
            .expect("no panic");
        process = Process::start(folder.path(), LOG, &[]);
    }
    *poster.at.lock().expect("a lock") = Some(process.client().clone());
    let before = poster.posted.load(Ordering::SeqCst);
    until("actions are posted", PATIENCE, async || {
        poster.posted.load(Ordering::SeqCst) > before
    })
    .await;
    poster.stop.store(true, Ordering::SeqCst);
    posting.await.expect("no panic");
    let total = poster.posted.load(Ordering::SeqCst);
    let all =
        |seen: &Seen| (0..total).all(|number| seen.actions.contains_key(&format!("a{number}")));
    tokio::time::timeout(PATIENCE, seen.read(process.client(), all))
        .await
        .expect("every event");
    let twice: Vec<_> = seen
        .actions
        .iter()
        .filter(|(_, count)| **count != 1)
        .collect();
    assert!(twice.is_empty(), "{twice:?}");
    println!("{cycles} kills: {total} events, each told once");
}
