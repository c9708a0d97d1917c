//! People who decide about the approvals of chains, at whichever gateway answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use acteon_fakes::webhook::Receiver;
use reqwest::Method;
use serde_json::{Value, json};

use super::path;
use crate::support::{Answer, Client, PATIENCE};

/// Chains that a person looks after at a time.
const LOOKED_AFTER: usize = 20;

/// What people were told about their decisions.
#[derive(Default)]
pub(super) struct Ledger {
    /// Approvals of which somebody was told that a decision ended them, and what it was.
    pub(super) ended: Mutex<BTreeMap<String, &'static str>>,
    /// Persons whose decision was answered with 200, by the approval.
    pub(super) counted: Mutex<BTreeMap<String, BTreeSet<String>>>,
    /// Requests that came to no answer, or to one of 5xx, and were sent again.
    pub(super) repeated: Mutex<usize>,
}

/// What they all decide about an approval. Some are rejected.
pub(super) fn choice(approval: &str) -> (&'static str, &'static str) {
    let sum: usize = approval.bytes().map(usize::from).sum();
    if sum.is_multiple_of(4) {
        ("reject", "rejected")
    } else {
        ("approve", "approved")
    }
}

/// Decides about everything that people are told of, once for each of them, until it is aborted.
pub(super) async fn decide_all(
    ledger: Arc<Ledger>,
    hook: Arc<Receiver>,
    clients: Arc<Mutex<Vec<Client>>>,
) {
    let mut seen = 0;
    let mut known = BTreeSet::new();
    loop {
        let requests = hook.requests();
        for request in &requests[seen..] {
            let payload = &request.body["payload"];
            let Some(id) = payload["approval_id"].as_str() else {
                continue;
            };
            let person = payload["person"].as_str().unwrap_or_default();
            if known.insert((id.to_owned(), person.to_owned())) {
                let one = Decides {
                    id: id.to_owned(),
                    person: person.to_owned(),
                    payload: payload.clone(),
                };
                one.decide(&ledger, &clients).await;
            }
        }
        seen = requests.len();
        tokio::task::yield_now().await;
    }
}

/// Person who was told of an approval.
struct Decides {
    id: String,
    person: String,
    payload: Value,
}

impl Decides {
    /// Decides by the link, or over the API where nobody is named.
    async fn decide(&self, ledger: &Ledger, clients: &Mutex<Vec<Client>>) {
        let (choice, status) = choice(&self.id);
        let (path, body) = if self.person.is_empty() {
            let body = json!({ "decision": choice }).to_string();
            (format!("/v1/approvals/{}/decide", self.id), Some(body))
        } else {
            let link = if choice == "approve" {
                "approval_url"
            } else {
                "reject_url"
            };
            (path(&self.payload[link]), None)
        };
        let (answer, tries) = ask(clients, &path, body).await;
        *ledger.repeated.lock().expect("a lock") += tries - 1;
        let is_final = match answer.status.as_u16() {
            200 => {
                let mut counted = ledger.counted.lock().expect("a lock");
                let of = counted.entry(self.id.clone()).or_default();
                of.insert(self.person.clone());
                answer.body["status"] != "pending"
            }
            // Another was quicker, whose decision is the same; or one whose answer was lost counted.
            410 => {
                let said = answer.body.to_string();
                assert!(said.contains(status), "{}: {said}", self.id);
                true
            }
            409 if tries > 1 => false,
            _ => panic!("{} of {}: {answer:?}", self.id, self.person),
        };
        if is_final {
            let mut ended = ledger.ended.lock().expect("a lock");
            ended.insert(self.id.clone(), status);
        }
    }
}

/// Sends a request to one gateway after the other, as people do, until one answers. Says how often it was sent.
pub(super) async fn ask(
    clients: &Mutex<Vec<Client>>,
    path: &str,
    body: Option<String>,
) -> (Answer, usize) {
    let give_up = tokio::time::Instant::now() + PATIENCE;
    for tries in 1.. {
        let client = {
            let clients = clients.lock().expect("a lock");
            clients[(path.len() + tries) % clients.len()].clone()
        };
        let sent = client.try_send(Method::POST, path, body.clone(), None);
        match sent.await {
            Ok(answer) if !answer.status.is_server_error() => return (answer, tries),
            Ok(_) | Err(_) => tokio::task::yield_now().await,
        }
        assert!(tokio::time::Instant::now() < give_up, "{path}: no answer");
    }
    unreachable!("somebody answers, or the test gives up")
}

/// A person looks after what does not go on by itself: reminds those who heard of nothing, and wakes what is stuck. Says how many chains were stuck.
pub(super) async fn look_after(client: &Client, chains: &[&String]) -> usize {
    for chain in chains.iter().rev().take(LOOKED_AFTER) {
        let path = format!("/v1/approvals/{chain}:ask/remind");
        client.post(&path, &json!({})).await;
    }
    let stuck = client.get("/v1/executions?status=stuck").await.body;
    let stuck = stuck["executions"].as_array().expect("executions");
    for execution in stuck {
        let id = execution["execution_id"].as_str().expect("an id");
        let body = json!({ "attributes": { "woken": "yes" } });
        let path = format!("/v1/executions/{id}/attributes");
        client.put(&path, &body).await;
    }
    stuck.len() + wake_approvals(client).await
}

/// Wakes the approvals that three deaths left stuck, also those that were decided already; the number of them.
async fn wake_approvals(client: &Client) -> usize {
    let stuck = client.get("/v1/approvals?status=stuck").await.body;
    let stuck = stuck["approvals"].as_array().expect("approvals");
    for approval in stuck {
        let id = approval["id"].as_str().expect("an id");
        let path = format!("/v1/approvals/{id}/remind");
        client.post(&path, &json!({})).await;
    }
    stuck.len()
}
