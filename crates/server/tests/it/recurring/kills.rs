//! kill -9 around the minute at which recurring actions occur.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use acteon_core::{Clock as _, SystemClock};
use acteon_fakes::webhook::Receiver;
use serde_json::{Value, json};

use super::made;
use crate::support::ledger::nothing_is_open;
use crate::support::{PATIENCE, Process, until};

const COUNT: usize = 10;
/// Time before the minute from which on the gateway is killed again and again.
const BEFORE: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn each_occurrence_is_sent_once_whenever_the_gateway_dies() {
    let receiver = Receiver::start(|_| (200, String::new()))
        .await
        .expect("a receiver");
    let configuration = format!(
        "[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{}\"\n",
        receiver.url()
    );
    let folder = tempfile::tempdir().expect("a folder");
    let process = start(folder.path(), &configuration);
    let mut ids = Vec::new();
    for number in 0..COUNT {
        let more = json!({ "cron_expression": "* * * * *", "max_executions": 1, "provider": "hook", "payload": { "n": number } });
        ids.push(made(process.client(), &more).await);
    }
    process.kill();
    // The clock brings the minute, and nothing else: there is no state to wait for.
    let within = SystemClock::new().now().as_millis().rem_euclid(60_000);
    let minute = Duration::from_millis(60_000 - within.unsigned_abs());
    tokio::time::sleep(minute.saturating_sub(BEFORE)).await;
    let mut kills = 0;
    until("the occurrences are sent", PATIENCE, async || {
        let process = start(folder.path(), &configuration);
        let before = arrived(&receiver).len();
        // A little later each time, so that it dies anywhere.
        for _ in 0..kills % 5 {
            process.client().get("/ready").await;
        }
        process.kill();
        kills += 1;
        before == COUNT
    })
    .await;
    let process = start(folder.path(), &configuration);
    nothing_is_open(process.client(), PATIENCE).await;
    for (number, count) in arrived(&receiver) {
        let id = &ids[number];
        let path = "/v1/audit?namespace=incidents&tenant=acme&limit=100";
        let records = process.client().get(path).await.body["records"].clone();
        let of: Vec<&Value> = records
            .as_array()
            .expect("records")
            .iter()
            .filter(|record| {
                let action = record["action_id"].as_str().expect("an id");
                action.starts_with(&format!("rec:{id}:"))
            })
            .collect();
        assert_eq!(of.len(), 1, "one action an occurrence: {of:?}");
        assert!(
            count == 1 || of[0]["possible_duplicate"] == true,
            "{count} times, unmarked: {of:?}"
        );
        let path = format!("/v1/recurring/{id}?namespace=incidents&tenant=acme");
        let shown = process.client().get(&path).await.body;
        assert_eq!(
            (&shown["status"], &shown["execution_count"]),
            (&json!("completed"), &json!(1))
        );
    }
    println!("{kills} kills around a minute, {COUNT} occurrences");
}

/// A gateway on the embedded store, which a successor takes over at once: behind a lease no occurrence would be sent before it ends.
fn start(folder: &Path, configuration: &str) -> Process {
    Process::start_exactly(folder, configuration, &[])
}

/// How often the actions of each recurring one arrived.
fn arrived(receiver: &Receiver) -> BTreeMap<usize, usize> {
    let mut arrived = BTreeMap::new();
    for request in receiver.requests() {
        let number = request.body["payload"]["n"].as_u64().expect("a number");
        *arrived
            .entry(usize::try_from(number).expect("a small number"))
            .or_default() += 1;
    }
    arrived
}
