//! Calendars that recurring actions go by: taken away, put back, and about to end.

use std::path::Path;

use serde_json::{Value, json};

use super::{LOG, daily, faults, made};
use crate::support::{Client, Gateway, Process, log_of};

const COMPANY: &str = "[[calendars]]\nname = \"company\"\nholidays = [\"2099-01-01\"]\n";

const MISSING: &str = "there is no calendar \"company\"";

/// Reads the configuration anew, with another block in the place of one.
async fn reload(client: &Client, folder: &Path, block: &str, other: &str) {
    let path = folder.join("acteon.toml");
    let before = std::fs::read_to_string(&path).expect("it was written");
    std::fs::write(&path, before.replace(block, other)).expect("written");
    let answer = client.post("/admin/reload", &json!(null)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

fn starts(value: &Value, with: &str) -> bool {
    value.as_str().is_some_and(|text| text.starts_with(with))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_by_a_calendar_that_was_taken_away_waits_for_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let configuration = format!("{COMPANY}{LOG}");
    let process = Process::start(folder.path(), &configuration, &[("RUST_LOG", "")]);
    let client = process.client();
    let by = json!({ "calendar": "company", "on": "workday", "timezone": "UTC" });
    let path = format!("/v1/recurring/{}", made(client, &by).await);
    assert_eq!(client.get("/ready").await.body["status"], "ready");
    let gone = "# gone\n";
    reload(client, folder.path(), COMPANY, gone).await;

    let says = "recurring actions go by the calendar \"company\", which is not configured: they wait, and none is sent until it is";
    assert!(log_of(folder.path()).contains(says));
    let ready = client.get("/ready").await.body;
    assert_eq!(ready["status"], "degraded");
    assert!(
        ready["reasons"]
            .to_string()
            .contains("calendars: recurring")
    );
    let shown = client.get(&format!("{path}?next=3")).await.body;
    assert!(starts(&shown["waits_for"], MISSING), "{shown}");
    assert_eq!(
        (
            &shown["next_execution_at"],
            &shown["next"],
            &shown["status"]
        ),
        (&Value::Null, &json!([]), &json!("active"))
    );
    let upcoming = client.get("/v1/upcoming").await.body;
    assert_eq!(upcoming["count"], 0, "{upcoming}");
    assert!(starts(&upcoming["waiting"][0], MISSING), "{upcoming}");
    let span = json!({ "start": "2026-03-01T00:00:00Z", "end": "2026-03-02T12:00:00Z" });
    let refused = client.post(&format!("{path}/backfill"), &span).await;
    assert_eq!(faults(&refused)[0].0, "calendar");
    let refused = client.post("/v1/recurring", &daily(&by)).await;
    assert_eq!(faults(&refused)[0].0, "calendar");
    let query = "cron_expression=@daily&calendar=company&on=workday";
    let preview = client.get(&format!("/v1/recurring/preview?{query}")).await;
    assert_eq!(
        (preview.status.as_u16(), &preview.body["code"]),
        (400, &json!("INVALID_QUERY"))
    );
    let renamed = client.put(&path, &json!({ "name": "standup" })).await;
    assert_eq!(renamed.status, 200, "{}", renamed.body);
    client.post(&format!("{path}/pause"), &json!({})).await;
    let refused = client.post(&format!("{path}/resume"), &json!({})).await;
    assert_eq!(faults(&refused)[0].0, "calendar");

    reload(client, folder.path(), gone, COMPANY).await;
    let resumed = client.post(&format!("{path}/resume"), &json!({})).await;
    assert_eq!(resumed.status, 200, "{}", resumed.body);
    let shown = client.get(&path).await.body;
    assert_eq!(shown["waits_for"], Value::Null);
    assert!(shown["next_execution_at"].is_string(), "{shown}");
    assert_eq!(client.get("/ready").await.body["status"], "ready");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calendar_that_ends_is_warned_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let block = "[[calendars]]\nname = \"old\"\nholidays = [\"2020-01-01\"]\n";
    let process = Process::start(folder.path(), &format!("{block}{LOG}"), &[("RUST_LOG", "")]);
    let client = process.client();
    let says = "the calendar \"old\" ends on 2020-12-31, and recurring actions go by it";
    let body = daily(&json!({ "calendar": "old", "on": "workday" }));
    let created = client.post("/v1/recurring", &body).await.body;
    assert!(starts(&created["warnings"][0], says), "{created}");
    let query = "cron_expression=@daily&calendar=old&on=workday";
    let preview = client.get(&format!("/v1/recurring/preview?{query}")).await;
    assert!(
        starts(&preview.body["warnings"][0], says),
        "{}",
        preview.body
    );
    assert!(!log_of(folder.path()).contains(says));
    reload(client, folder.path(), "# none\n", "").await;
    assert!(log_of(folder.path()).contains(says));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_without_a_calendar_is_warned_of_nothing() {
    let gateway = Gateway::start(LOG).await;
    let created = gateway.post("/v1/recurring", &daily(&json!({}))).await.body;
    assert_eq!(created["warnings"], Value::Null);
}
