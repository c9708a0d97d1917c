//! A disk that takes no more, or nothing at all, and then does again.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::{configuration, local_wecom, text, unlimited};
use crate::support::ledger::{Ledger, limit, nothing_is_open, times};
use crate::support::until;
use crate::support::{Client, PATIENCE, Process, store_lines};

/// From the end of the fault until clients get answers again.
const RECOVERY: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_takes_no_more_loses_nothing_and_recovers_without_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    if !store_lines(folder.path()).is_empty() {
        println!("not for a shared database, whose disk is elsewhere");
        return;
    }
    let rounds = times("ACTEON_DISKS", 4);
    let wecom = local_wecom(unlimited()).await;
    let process = Process::start(folder.path(), &configuration(&wecom, ""), &[]);
    let client = process.client();
    let ledger = Arc::new(Ledger::default());
    let clients = ledger.load(8, &Arc::new(Mutex::new(vec![client.clone()])));
    let began = tokio::time::Instant::now();
    let mut slowest = Duration::ZERO;
    for round in 0..rounds {
        ledger.wait_for_answers(50, PATIENCE).await;
        // In turns: no room for more, and no write at all, as on a file system that became read-only.
        let most = if round % 2 == 0 {
            size_of_log(folder.path())
        } else {
            1
        };
        process.limit_files(Some(most));
        let refused = || ledger.refused().values().sum::<usize>();
        let before = refused();
        until("nothing is refused", PATIENCE, async || {
            refused() >= before + 20
        })
        .await;
        goes_on_reading(client).await;
        // A log that may not grow is used again from its beginning, so some writes may pass; here none does.
        if most == 1 {
            tells_to_come_back(client).await;
        }
        process.limit_files(None);
        let recovery = ledger
            .wait_for_answers(8, limit("ACTEON_DISKS", RECOVERY))
            .await;
        slowest = slowest.max(recovery);
    }
    ledger.stop(clients).await;
    nothing_is_open(client, PATIENCE).await;
    // What failed last and is not asked for again counts for some seconds.
    until("readiness stays red", PATIENCE, async || {
        client.get("/ready").await.status == StatusCode::OK
    })
    .await;
    let report = ledger.check(&wecom, client).await;
    println!(
        "{rounds} full disks in {:?}: {report:?}, 0 lost; slowest recovery {slowest:?}; refused: {:?}",
        began.elapsed(),
        ledger.refused()
    );
    assert!(
        ledger
            .refused()
            .keys()
            .all(|kind| kind.starts_with("503 STORE_")),
        "{:?}",
        ledger.refused()
    );
}

fn size_of_log(folder: &Path) -> u64 {
    std::fs::metadata(folder.join("acteon.db-wal")).map_or(1, |file| file.len())
}

/// Health, metrics and reads answer.
async fn goes_on_reading(client: &Client) {
    for path in ["/health", "/metrics", "/v1/audit?limit=1", "/v1/dlq"] {
        assert_eq!(client.get(path).await.status, StatusCode::OK, "{path}");
    }
}

/// A dispatch is told when to come back, and readiness turns red.
async fn tells_to_come_back(client: &Client) {
    let red = async || client.get("/ready").await.status == StatusCode::SERVICE_UNAVAILABLE;
    until("readiness stays green", PATIENCE, red).await;
    let answer = client
        .try_send(
            Method::POST,
            "/v1/dispatch",
            Some(text("refused").to_string()),
            None,
        )
        .await
        .expect("an answer");
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        answer.body["retry_after"].is_u64() && answer.body["code"] != Value::Null,
        "{}",
        answer.body
    );
}
