//! What clients were told under load, and whether it was true.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acteon_fakes::wecom::LocalWecom;
use reqwest::Method;
use serde_json::Value;

use super::{Client, PATIENCE, until};

/// Posts and answers of many clients.
#[derive(Default)]
pub(crate) struct Ledger {
    next: AtomicU64,
    /// By id: the outcome's name, and whether it was marked.
    answered: Mutex<BTreeMap<String, (String, bool)>>,
    /// Answers of other kinds, by status and code.
    refused: Mutex<BTreeMap<String, usize>>,
    stop: AtomicBool,
}

/// What came of it all.
#[derive(Debug)]
#[expect(dead_code, reason = "all of it is printed")]
pub(crate) struct Report {
    pub(crate) answered: usize,
    pub(crate) sent: usize,
    pub(crate) twice: usize,
    /// Answered, never sent, and a dead letter that says so.
    pub(crate) dead: usize,
}

impl Ledger {
    /// Lets `count` clients post one action after the other until they are stopped, each to the gateways that `bases` names, in turn.
    pub(crate) fn load(
        self: &Arc<Self>,
        count: usize,
        bases: &Arc<Mutex<Vec<Client>>>,
    ) -> Vec<tokio::task::JoinHandle<()>> {
        self.stop.store(false, Ordering::SeqCst);
        (0..count)
            .map(|_| tokio::spawn(post(Arc::clone(self), Arc::clone(bases))))
            .collect()
    }

    pub(crate) async fn stop(&self, clients: Vec<tokio::task::JoinHandle<()>>) {
        self.stop.store(true, Ordering::SeqCst);
        for client in clients {
            client.await.expect("a client");
        }
    }

    pub(crate) fn posted(&self) -> u64 {
        self.next.load(Ordering::SeqCst)
    }

    pub(crate) fn answered(&self) -> usize {
        self.answered.lock().expect("a lock").len()
    }

    pub(crate) fn refused(&self) -> BTreeMap<String, usize> {
        self.refused.lock().expect("a lock").clone()
    }

    /// Waits until so many more were posted.
    pub(crate) async fn wait_for_posts(&self, more: u64) {
        let wanted = self.posted() + more;
        until("there is no load", PATIENCE, async || {
            self.posted() >= wanted
        })
        .await;
    }

    /// Waits until so many more were answered; says how long it took.
    pub(crate) async fn wait_for_answers(&self, more: usize, limit: Duration) -> Duration {
        let began = tokio::time::Instant::now();
        let wanted = self.answered() + more;
        until("nothing is answered", limit, async || {
            self.answered() >= wanted
        })
        .await;
        began.elapsed()
    }

    /// Checks that nothing that was answered is lost, and that everything sent twice is marked.
    pub(crate) async fn check(&self, wecom: &LocalWecom, client: &Client) -> Report {
        let answered = self.answered.lock().expect("a lock").clone();
        let sent = wecom.world(|world| {
            let mut sent: BTreeMap<String, usize> = BTreeMap::new();
            for message in world.messages() {
                let content = message.content["content"].as_str().unwrap_or_default();
                // On a busy machine one may say that it is late.
                let (_, rest) = content.split_once("message ").expect("a message of ours");
                let id = rest.split_whitespace().next().expect("its id");
                *sent.entry(id.to_owned()).or_default() += 1;
            }
            sent
        });
        let mut dead = 0;
        for id in answered.keys().filter(|id| !sent.contains_key(*id)) {
            let view = client.get(&format!("/v1/actions/{id}")).await.body;
            assert_eq!(
                view["outcome"]["Failed"]["code"], "POISONED",
                "answered {:?}, and never sent: {view}",
                answered[id]
            );
            dead += 1;
        }
        for (id, count) in sent.iter().filter(|(_, count)| **count > 1) {
            if let Some((name, marked)) = answered.get(id) {
                assert!(
                    name != "Executed" || *marked,
                    "answered Executed, and sent {count} times: {id}"
                );
            }
            let view = client.get(&format!("/v1/actions/{id}")).await.body;
            assert_eq!(
                view["possible_duplicate"], true,
                "{id} was sent {count} times, and is not marked: {view}"
            );
        }
        let twice = sent.values().filter(|count| **count > 1).count();
        Report {
            answered: answered.len(),
            sent: sent.len(),
            twice,
            dead,
        }
    }
}

async fn post(ledger: Arc<Ledger>, bases: Arc<Mutex<Vec<Client>>>) {
    while !ledger.stop.load(Ordering::SeqCst) {
        let number = ledger.next.fetch_add(1, Ordering::SeqCst);
        let client = {
            let bases = bases.lock().expect("a lock");
            bases[number as usize % bases.len()].clone()
        };
        let id = format!("k-{number}");
        let body = crate::wechat::text(&id).to_string();
        let Ok(answer) = client
            .try_send(Method::POST, "/v1/dispatch", Some(body), None)
            .await
        else {
            // Its gateway is gone; another may be there.
            tokio::task::yield_now().await;
            continue;
        };
        if answer.status.is_success() {
            let name = answer
                .body
                .as_object()
                .and_then(|outcome| outcome.keys().next().cloned())
                .unwrap_or_default();
            let marked = answer.body["Executed"]["headers"]["possible_duplicate"] == "true";
            ledger
                .answered
                .lock()
                .expect("a lock")
                .insert(id, (name, marked));
        } else {
            let kind = format!(
                "{} {}",
                answer.status.as_u16(),
                answer.body["code"].as_str().unwrap_or_default()
            );
            *ledger
                .refused
                .lock()
                .expect("a lock")
                .entry(kind)
                .or_default() += 1;
        }
    }
}

/// Waits until a gateway has no open action; says how long it took.
pub(crate) async fn nothing_is_open(client: &Client, limit: Duration) -> Duration {
    let began = tokio::time::Instant::now();
    let none = async || {
        let Value::String(metrics) = client.get("/metrics").await.body else {
            panic!("metrics are text")
        };
        metrics.contains("\nacteon_open_actions 0\n")
    };
    until("actions stay open", limit, none).await;
    began.elapsed()
}

/// How long something may take: in a long run what is promised, else as long as a slow machine may need.
pub(crate) fn limit(variable: &str, promised: Duration) -> Duration {
    if std::env::var_os(variable).is_some() {
        promised
    } else {
        PATIENCE
    }
}

/// How often to do something: as the variable says, for a long run, or a few times.
pub(crate) fn times(variable: &str, usual: usize) -> usize {
    std::env::var(variable)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(usual)
}
