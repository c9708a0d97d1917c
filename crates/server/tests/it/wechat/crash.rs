//! kill -9 at random moments under load, on one gateway.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex};

use super::{configuration, local_wecom, unlimited};
use crate::support::ledger::{Ledger, nothing_is_open, times};
use crate::support::{PATIENCE, Process, store_lines};

const CLIENTS: usize = 16;

#[tokio::test(flavor = "multi_thread")]
async fn kills_lose_nothing_and_mark_every_duplicate() {
    let cycles = times("ACTEON_KILLS", 100);
    let mut world = unlimited();
    world.settings.latency_ms = 5;
    let wecom = local_wecom(world).await;
    let configuration = configuration(&wecom, "");
    let folder = tempfile::tempdir().expect("a folder");
    let ledger = Arc::new(Ledger::default());
    let random = RandomState::new();
    let began = tokio::time::Instant::now();
    for cycle in 0..cycles {
        let process = Process::start(folder.path(), &configuration, &[]);
        let clients = ledger.load(
            CLIENTS,
            &Arc::new(Mutex::new(vec![process.client().clone()])),
        );
        // Anywhere in the load: after so many posts, whether answered or not.
        ledger
            .wait_for_posts(1 + random.hash_one(cycle) % 400)
            .await;
        let stopping = ledger.stop(clients);
        process.kill();
        stopping.await;
        if cycle % 50 == 49 {
            is_whole(folder.path());
        }
    }
    let process = Process::start(folder.path(), &configuration, &[]);
    let finished = nothing_is_open(process.client(), PATIENCE).await;
    let report = ledger.check(&wecom, process.client()).await;
    println!(
        "{cycles} kills in {:?}: {report:?}, 0 lost; the rest was finished {finished:?} after the last start",
        began.elapsed()
    );
    assert!(report.answered > cycles, "there was load: {report:?}");
    assert!(
        report.twice <= cycles * CLIENTS,
        "only what was in flight can be sent twice: {report:?}"
    );
    drop(process);
    is_whole(folder.path());
}

/// Checks the embedded database from end to end.
fn is_whole(folder: &std::path::Path) {
    if !store_lines(folder).is_empty() {
        return;
    }
    let connection = rusqlite::Connection::open(folder.join("acteon.db")).expect("the database");
    let found: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .expect("a check");
    assert_eq!(found, "ok");
}
