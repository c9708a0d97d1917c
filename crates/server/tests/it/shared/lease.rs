//! A lease is kept whatever else the gateway waits for.

use serde_json::json;
use tokio::time::{Duration, Instant};

use super::{Shared, lines};
use crate::support::{Gateway, action};

const LEASE: u32 = 4;

#[tokio::test(flavor = "multi_thread")]
async fn a_take_over_that_hangs_keeps_no_send_back() {
    let Some(shared) = Shared::find().await else {
        return;
    };
    let options = shared.database.options();
    let configuration = lines(&options.url, &options.schema, LEASE)
        + "[[providers]]\nname = \"log\"\ntype = \"log\"\n";
    let gateway =
        Gateway::start_exactly(tempfile::tempdir().expect("a folder"), &configuration).await;
    // A process that is dead, and somebody who holds its row for longer than a lease: its take-over waits for that.
    shared
        .database
        .execute("INSERT INTO processes (owner, beats) VALUES (7, 1)")
        .await
        .expect("a dead process");
    let held =
        "BEGIN; SELECT 1 FROM processes WHERE owner = 7 FOR UPDATE; SELECT pg_sleep(14); COMMIT";
    let end = Instant::now() + Duration::from_secs(12);
    let holding = shared.database.execute(held);
    let posting = async {
        for number in 0.. {
            let outcome = gateway
                .dispatch(&action(&format!("a{number}"), "log", &json!({})))
                .await;
            assert!(outcome.get("Executed").is_some(), "{outcome}");
            if Instant::now() > end {
                return number;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        0
    };
    let (held, posted) = tokio::join!(holding, posting);
    held.expect("held");
    assert!(posted > 10, "{posted}");
}
