//! Reminders that are promised, recurring and scheduled ones, and what arrives of them.

use std::collections::{BTreeMap, BTreeSet};

use acteon_core::Timestamp;
use acteon_fakes::webhook::{Receiver, Request};
use serde_json::{Value, json};

use super::{Client, PATIENCE, action};

const OF: &str = "namespace=incidents&tenant=acme";

/// Actions that are promised, by their ids, and the recurring ones that make them.
#[derive(Default)]
pub(crate) struct Promised {
    /// Instants at which they are due.
    pub(crate) due: BTreeMap<String, Timestamp>,
    recurring: BTreeMap<String, Timestamp>,
    /// Ids of those that are known to be over.
    over: BTreeSet<String>,
}

/// What came of all that was promised.
#[derive(Debug, Default)]
#[expect(dead_code, reason = "all of it is printed")]
pub(crate) struct Arrived {
    pub(crate) reminders: usize,
    pub(crate) twice: usize,
    /// Marked, although they arrived once.
    pub(crate) marked: usize,
    /// Never taken, and a dead letter that says so.
    pub(crate) dead: usize,
}

impl Promised {
    /// Makes one that recurs each minute, and is over after the first.
    pub(crate) async fn recurs(&mut self, client: &Client, provider: &str) {
        let body = json!({
            "namespace": "incidents", "tenant": "acme", "provider": provider, "action_type": "reminder", "payload": {},
            "cron_expression": "* * * * *", "max_executions": 1,
        });
        let made = client.post("/v1/recurring", &body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let id = made.body["id"].as_str().expect("an id").to_owned();
        let due: Timestamp =
            serde_json::from_value(made.body["next_execution_at"].clone()).expect("an instant");
        self.due
            .insert(format!("rec:{id}:{}", due.as_millis() / 1000), due);
        self.recurring.insert(id, due);
    }

    /// Posts one that goes at an instant.
    pub(crate) async fn goes_at(&mut self, client: &Client, provider: &str, due: Timestamp) {
        let id = format!("r{}", self.due.len());
        let mut reminder = action(&id, provider, &json!({}));
        reminder["scheduled_at"] = json!(due.to_string());
        let answer = client.dispatch(&reminder).await;
        assert!(answer.get("Scheduled").is_some(), "{answer}");
        self.due.insert(id, due);
    }

    /// Last instant at which one is due.
    pub(crate) fn last_due(&self) -> Timestamp {
        self.due.values().max().copied().expect("a reminder")
    }

    /// Waits until all are over. A recurring action that is stuck, because three processes died while they worked on it, goes on as the book says: a
    /// person resumes it. Says how many were.
    pub(crate) async fn are_over(&mut self, client: &Client) -> usize {
        let mut resumed = 0;
        let give_up = tokio::time::Instant::now() + PATIENCE;
        loop {
            resumed += resume_stuck(client).await;
            let Some(open) = self.first_open(client).await else {
                return resumed;
            };
            assert!(tokio::time::Instant::now() < give_up, "still open: {open}");
            tokio::task::yield_now().await;
        }
    }

    /// One that is open, as the gateway tells of it. What was over is so for ever, and not looked at again.
    async fn first_open(&mut self, client: &Client) -> Option<String> {
        for status in ["active", "stuck"] {
            if let Some(id) = listed(client, status).await.first() {
                return Some(format!("{id} is {status}"));
            }
        }
        for id in self.due.keys() {
            if self.over.contains(id) {
                continue;
            }
            let record = client.get(&format!("/v1/audit/{id}?{OF}")).await;
            if record.status != 200 || record.body["state"] == "open" {
                return Some(format!("{id}: {} {}", record.status, record.body));
            }
            self.over.insert(id.clone());
        }
        let Value::String(metrics) = client.get("/metrics").await.body else {
            panic!("metrics are text")
        };
        let is_none_counted = metrics.contains("\nacteon_open_actions 0\n");
        (!is_none_counted).then(|| "one that nobody promised".to_owned())
    }

    /// Checks that each was taken, or is a dead letter that says why not, and nothing else was; that what was taken several times is marked; and that
    /// each recurring one made one action and no other. Deletes the recurring ones.
    pub(crate) async fn check(&mut self, client: &Client, taken: &[String]) -> Arrived {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for id in taken {
            *counts.entry(id).or_default() += 1;
        }
        let known: BTreeSet<&str> = self.due.keys().map(String::as_str).collect();
        let unknown: Vec<_> = counts.keys().filter(|id| !known.contains(*id)).collect();
        assert!(unknown.is_empty(), "nobody promised {unknown:?}");
        let mut arrived = Arrived {
            reminders: known.len(),
            ..Arrived::default()
        };
        for id in known {
            let record = client.get(&format!("/v1/audit/{id}?{OF}")).await.body;
            let is_marked = record["possible_duplicate"] == true;
            match counts.get(id) {
                Some(1) => arrived.marked += usize::from(is_marked),
                Some(count) => {
                    assert!(is_marked, "{id} arrived {count} times: {record}");
                    arrived.twice += 1;
                }
                None => {
                    let code = &record["outcome_details"]["code"];
                    assert_eq!(code, "POISONED", "{id} is lost: {record}");
                    arrived.dead += 1;
                }
            }
        }
        for (id, due) in std::mem::take(&mut self.recurring) {
            let path = format!("/v1/recurring/{id}?{OF}");
            let shown = client.get(&path).await.body;
            assert_eq!(
                (
                    &shown["status"],
                    &shown["execution_count"],
                    &shown["skipped_count"],
                    &shown["last_executed_at"]
                ),
                (
                    &json!("completed"),
                    &json!(1),
                    &json!(0),
                    &json!(due.to_string())
                ),
                "{shown}"
            );
            assert_eq!(client.delete(&path).await.status, 204);
        }
        let recurring = self.due.keys().filter(|id| id.starts_with("rec:")).count();
        let made = client
            .get(&format!("/v1/audit?{OF}&action_type=reminder&limit=1"))
            .await
            .body;
        assert_eq!(made["total"], recurring, "one action an occurrence");
        arrived
    }
}

/// Ids of what a receiver got, in their order.
pub(crate) fn ids_of(receiver: &Receiver) -> Vec<String> {
    receiver.requests().iter().map(id_of).collect()
}

/// Id of the action that a webhook is told.
pub(crate) fn id_of(request: &Request) -> String {
    request.body["id"].as_str().expect("an id").to_owned()
}

async fn listed(client: &Client, status: &str) -> Vec<String> {
    let path = format!("/v1/recurring?{OF}&status={status}&limit=100");
    let page = client.get(&path).await.body;
    let rows = page["recurring_actions"].as_array().expect("a list");
    rows.iter()
        .map(|row| row["id"].as_str().expect("an id").to_owned())
        .collect()
}

async fn resume_stuck(client: &Client) -> usize {
    let stuck = listed(client, "stuck").await;
    for id in &stuck {
        let path = format!("/v1/recurring/{id}/resume?{OF}");
        client.post(&path, &json!({})).await;
    }
    stuck.len()
}
