//! Occurrences that passed while no gateway ran: a thousand recurring actions of each policy, overdue by days, and what is sent of them.

use std::path::Path;
use std::time::Duration;

use acteon_core::{Clock as _, SystemClock, Timestamp};
use serde_json::{Value, json};

use super::LOG;
use crate::support::{Client, PATIENCE, Process, is_embedded, run_command, until, with_store};

/// Recurring actions of a case, a hundred of each tenant.
const COUNT: usize = 1000;
/// Those of the case beyond what is made up for.
const LONG: usize = 10;
const DAY: Duration = Duration::from_hours(24);

/// A policy, how many days its recurring actions have not run, and what is right then.
struct Case {
    namespace: &'static str,
    policy: &'static str,
    days: u32,
    count: usize,
    sent: u64,
    skipped: u64,
}

const CASES: [Case; 4] = [
    Case {
        namespace: "skipped",
        policy: "skip",
        days: 5,
        count: COUNT,
        sent: 0,
        skipped: 5,
    },
    Case {
        namespace: "newest",
        policy: "run_once",
        days: 5,
        count: COUNT,
        sent: 1,
        skipped: 4,
    },
    Case {
        namespace: "each",
        policy: "run_all",
        days: 5,
        count: COUNT,
        sent: 5,
        skipped: 0,
    },
    Case {
        namespace: "bounded",
        policy: "run_all",
        days: 130,
        count: LONG,
        sent: 100,
        skipped: 30,
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_sends_of_what_was_missed_what_the_policies_say() {
    let folder = tempfile::tempdir().expect("a folder");
    let configuration = LOG;
    let now = SystemClock::new().now();
    import(folder.path(), configuration, &export(now));
    // It dies in the middle of it, and another goes on.
    let process = Process::start(folder.path(), configuration, &[]);
    let each = &CASES[2];
    until("the first are sent", PATIENCE, async || {
        sent(process.client(), each).await > 500
    })
    .await;
    process.kill();
    let process = Process::start(folder.path(), configuration, &[]);
    let client = process.client();
    for case in &CASES {
        let wanted = case.sent * case.count as u64;
        until("what was missed is sent", PATIENCE * 2, async || {
            is_caught_up(client, case, now).await && sent(client, case).await >= wanted
        })
        .await;
    }
    for case in &CASES {
        assert_eq!(
            sent(client, case).await,
            case.sent * case.count as u64,
            "{}: one action for each occurrence that its policy sends",
            case.namespace
        );
        for row in rows(client, case).await {
            assert_eq!(
                (
                    &row["execution_count"],
                    &row["skipped_count"],
                    &row["status"]
                ),
                (&json!(case.sent), &json!(case.skipped), &json!("active")),
                "{row}"
            );
        }
    }
    println!(
        "{} recurring actions that were overdue",
        CASES.iter().map(|case| case.count).sum::<usize>()
    );
}

/// Whether no recurring action of a case is overdue any more.
async fn is_caught_up(client: &Client, case: &Case, now: Timestamp) -> bool {
    let rows = rows(client, case).await;
    assert_eq!(rows.len(), case.count, "{}", case.namespace);
    rows.iter().all(|row| {
        serde_json::from_value::<Timestamp>(row["next_execution_at"].clone())
            .is_ok_and(|next| next > now)
    })
}

/// Number of actions that the audit trail has of a case.
async fn sent(client: &Client, case: &Case) -> u64 {
    let path = format!("/v1/audit?namespace={}&limit=1", case.namespace);
    client.get(&path).await.body["total"]
        .as_u64()
        .expect("a number")
}

async fn rows(client: &Client, case: &Case) -> Vec<Value> {
    let mut rows = Vec::new();
    loop {
        let path = format!(
            "/v1/recurring?namespace={}&limit=1000&offset={}",
            case.namespace,
            rows.len()
        );
        let page = client.get(&path).await.body;
        let page = page["recurring_actions"]
            .as_array()
            .expect("a list")
            .clone();
        if page.is_empty() {
            return rows;
        }
        rows.extend(page);
    }
}

/// An export of recurring actions that have not run for days. They occur once a day, half a day from now.
fn export(now: Timestamp) -> String {
    let noon = now - DAY / 2;
    let minute = noon.as_millis().rem_euclid(86_400_000) / 60_000;
    let noon = noon.as_millis() / 60_000 * 60_000;
    let mut lines = vec![json!({ "acteon_export": 4 })];
    for case in &CASES {
        let next = Timestamp::from_millis(noon) - DAY * (case.days - 1);
        for number in 0..case.count {
            let definition = json!({
                "cron_expression": format!("{} {} * * *", minute % 60, minute / 60), "timezone": "UTC", "overlap_policy": "allow_all",
                "missed_runs": case.policy, "provider": "log", "action_type": "reminder", "payload": {},
            });
            let body = json!({ "definition": definition, "status": "active", "next": next.to_string(), "executions": 0, "skipped": 0 });
            let id = format!("{}-{number:04}", case.namespace);
            let tenant = format!("t{}", number / 100);
            let made = (next - DAY).as_millis();
            lines.push(json!({ "row": ["flows", [
                "recurring", id, case.namespace, tenant, "active", 1, next.as_millis(), false, 0, 0, made, made, body.to_string(),
            ]] }));
        }
    }
    lines.push(json!({ "end": lines.len() - 1 }));
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    lines.join("\n") + "\n"
}

fn import(folder: &Path, configuration: &str, export: &str) {
    let at = |name: &str| folder.join(name).display().to_string();
    let (file, config) = (at("overdue.jsonl"), at("import.toml"));
    std::fs::write(&file, export).expect("written");
    std::fs::write(&config, with_store(folder, configuration)).expect("written");
    let folder = at("");
    let mut arguments = vec!["import", &file, "-c", &config];
    if is_embedded() {
        arguments.extend(["--data-dir", &folder]);
    }
    let output = run_command(&arguments, &[], "");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
