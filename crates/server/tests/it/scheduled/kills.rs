//! kill -9 while reminders wait and fall due.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};

use serde_json::json;

use super::{OF, got, hook, receiver, with};
use crate::support::ledger::{nothing_is_open, times};
use crate::support::{PATIENCE, Process, until};

#[tokio::test(flavor = "multi_thread")]
async fn reminders_outlive_kills_and_each_fires_once() {
    let cycles = times("ACTEON_SCHEDULED_KILLS", 10);
    let receiver = receiver().await;
    let configuration = hook(&receiver);
    let folder = tempfile::tempdir().expect("a folder");
    let random = RandomState::new();
    let mut posted = 0;
    for cycle in 0..cycles {
        let process = Process::start(folder.path(), &configuration, &[]);
        for _ in 0..8 {
            let delay = json!({ "delay_seconds": 1 + random.hash_one(posted) % 3 });
            let reminder = with(&format!("r{posted}"), "hook", &delay);
            let answer = process.client().dispatch(&reminder).await;
            assert!(answer.get("Scheduled").is_some(), "{answer}");
            posted += 1;
        }
        // Anywhere in what falls due: after so many more have arrived.
        let more = got(&receiver).len() + (random.hash_one(cycle) % 6) as usize;
        until("reminders arrive", PATIENCE, async || {
            got(&receiver).len() >= more
        })
        .await;
        process.kill();
    }
    let process = Process::start(folder.path(), &configuration, &[]);
    nothing_is_open(process.client(), PATIENCE * 2).await;
    let mut arrived: BTreeMap<String, usize> = BTreeMap::new();
    for id in got(&receiver) {
        *arrived.entry(id).or_default() += 1;
    }
    assert_eq!(arrived.len(), posted, "none is lost: {arrived:?}");
    let twice = arrived.iter().filter(|(_, count)| **count > 1);
    for (id, count) in twice.clone() {
        let path = format!("/v1/audit/{id}?{OF}");
        let record = process.client().get(&path).await.body;
        assert_eq!(
            record["possible_duplicate"], true,
            "{id} arrived {count} times: {record}"
        );
    }
    println!(
        "{cycles} kills: {posted} reminders, {} of them twice and marked",
        twice.count()
    );
}
