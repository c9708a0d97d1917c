//! kill -9 while reminders wait and fall due.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use acteon_core::{Clock as _, SystemClock};

use super::{hook, receiver};
use crate::support::ledger::times;
use crate::support::reminders::{Promised, ids_of};
use crate::support::{PATIENCE, Process, until};

#[tokio::test(flavor = "multi_thread")]
async fn reminders_outlive_kills_and_each_fires_once() {
    let cycles = times("ACTEON_SCHEDULED_KILLS", 10);
    let receiver = receiver().await;
    let configuration = hook(&receiver);
    let folder = tempfile::tempdir().expect("a folder");
    let random = RandomState::new();
    let mut promised = Promised::default();
    for cycle in 0..cycles {
        let process = Process::start(folder.path(), &configuration, &[]);
        for number in 0..8 {
            let delay = 500 + random.hash_one((cycle, number)) % 2500;
            let due = SystemClock::new().now() + Duration::from_millis(delay);
            promised.goes_at(process.client(), "hook", due).await;
        }
        // Anywhere in what falls due: after so many more have arrived.
        let more = ids_of(&receiver).len() + (random.hash_one(cycle) % 6) as usize;
        until("reminders arrive", PATIENCE, async || {
            ids_of(&receiver).len() >= more
        })
        .await;
        process.kill();
    }
    let process = Process::start(folder.path(), &configuration, &[]);
    promised.are_over(process.client()).await;
    let arrived = promised.check(process.client(), &ids_of(&receiver)).await;
    println!("{cycles} kills: {arrived:?}");
}
