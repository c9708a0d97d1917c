//! Time-outs that fit the lease of the file, and not the one in force.

use std::path::Path;

use reqwest::StatusCode;
use serde_json::json;

use super::{QUIET, reload};
use crate::support::{Process, store_lines};

/// A configuration with a webhook; `None` where the store has no lease.
fn configuration(folder: &Path, lease: u32, more: &str) -> Option<String> {
    let lines = store_lines(folder);
    let changed = lines.replace("lease_seconds = 10", &format!("lease_seconds = {lease}"));
    let hook = format!(
        "[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:9/\"\n{more}"
    );
    (changed != lines).then(|| changed + &hook)
}

fn write(folder: &Path, lease: u32, more: &str) {
    let text = configuration(folder, lease, more).expect("a configuration");
    std::fs::write(folder.join("acteon.toml"), text).expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_checked_against_its_own_lease_as_at_a_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(text) = configuration(folder.path(), 15, "timeout_seconds = 5\n") else {
        println!("not for the embedded store, which has no lease to set");
        return;
    };
    let process = Process::start_exactly(folder.path(), &text, &[QUIET]);
    write(
        folder.path(),
        45,
        "timeout_seconds = 20\nretry = \"never\"\n",
    );
    let answer = reload(&process).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let waits = json!([
        "store.lease_seconds",
        "hook: timeout_seconds, since the lease in force lets no send take so long"
    ]);
    assert_eq!(
        answer.body["configuration"],
        json!({ "changed": ["hook: retry"], "needs_restart": waits }),
        "{}",
        answer.body
    );
    let again = reload(&process).await.body;
    assert_eq!(
        again["configuration"]["needs_restart"], waits,
        "told until it is so"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_out_that_the_next_start_would_refuse_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(text) = configuration(folder.path(), 45, "timeout_seconds = 20\n") else {
        println!("not for the embedded store, which has no lease to set");
        return;
    };
    let process = Process::start_exactly(folder.path(), &text, &[QUIET]);
    write(folder.path(), 15, "timeout_seconds = 20\n");
    let answer = reload(&process).await;
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (
            StatusCode::UNPROCESSABLE_ENTITY,
            &json!("INVALID_CONFIGURATION")
        ),
        "{}",
        answer.body
    );
    let error = answer.body["errors"][0].as_str().expect("an error");
    assert!(
        error.contains("timeout_seconds: is 20, but a send must end within 10 s"),
        "{error}"
    );
}
