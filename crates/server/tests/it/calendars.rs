//! Calendars: their blocks in the configuration, and time intervals that go by them, over HTTP.

use std::path::Path;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Client, Gateway, Process, action, log_of, parse, run_command, with_rules_in};

const LOG: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";

const OWN: &str =
    "[[calendars]]\nname = \"own\"\nholidays = [\"2026-03-03\"]\nworkdays = [\"2026-03-07\"]\n";

const RULES: &str = r#"
time_intervals:
  - {name: office, time_ranges: [{years: [{start: 1, end: 9999}]}]}
  - {name: days-off, location: Asia/Shanghai, time_ranges: [{calendar: cn-holidays, on: holiday}]}
rules:
  - {name: in-office, condition: 'action.payload.kind == "office"', active_time_intervals: [office], on_mute: postpone, action: {type: allow}}
  - {name: quiet, condition: 'action.payload.kind == "quiet"', mute_time_intervals: [days-off], action: {type: allow}}
"#;

fn office(calendar: &str) -> Value {
    json!({ "namespace": "incidents", "tenant": "acme", "name": "office", "location": "Asia/Shanghai", "time_ranges": [
        { "times": [{ "start": "09:00", "end": "18:00" }], "calendar": calendar, "on": "workday" },
    ] })
}

/// What would become of an action at an instant, and when it would go if it waited.
async fn would_be(client: &Client, kind: &str, at: &str) -> (String, Value) {
    let path = format!("/v1/dispatch?dry_run=true&evaluate_at={at}");
    let answer = client
        .post(&path, &action("x", "log", &json!({ "kind": kind })))
        .await;
    let said = &answer.body["DryRun"];
    let word = said["would_be"].as_str().expect("a word").to_owned();
    (word, said["outcome"]["Scheduled"]["scheduled_for"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_go_by_the_calendars_of_their_time_intervals() {
    let gateway = Gateway::with_rules(RULES, &format!("{OWN}{LOG}")).await;
    let made = gateway.post("/v1/time-intervals", &office("own")).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    assert_eq!(
        made.body["time_ranges"],
        json!([{ "times": [{ "start": "09:00", "end": "18:00" }], "calendar": "own", "on": "workday" }])
    );
    for (kind, at, expected, scheduled_for) in [
        // Times are noon and night in Shanghai; the interval of the store goes before that of the file.
        ("office", "2026-03-02T04:00:00Z", "executed", Value::Null),
        (
            "office",
            "2026-03-03T04:00:00Z",
            "scheduled",
            json!("2026-03-04T01:00:00.000Z"),
        ),
        ("office", "2026-03-07T04:00:00Z", "executed", Value::Null),
        (
            "office",
            "2026-03-07T14:00:00Z",
            "scheduled",
            json!("2026-03-09T01:00:00.000Z"),
        ),
        ("quiet", "2026-09-30T15:59:59Z", "executed", Value::Null),
        ("quiet", "2026-09-30T16:00:00Z", "muted", Value::Null),
        ("quiet", "2026-10-10T04:00:00Z", "executed", Value::Null),
        ("quiet", "2026-10-11T04:00:00Z", "muted", Value::Null),
    ] {
        assert_eq!(
            would_be(&gateway, kind, at).await,
            (expected.to_owned(), scheduled_for),
            "{kind} at {at}"
        );
    }
    let path = "/v1/time-intervals/incidents/acme/office";
    let refused = gateway
        .put(
            path,
            &json!({ "time_ranges": [{ "calendar": "owm", "on": "workday" }] }),
        )
        .await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.body["fields"][0]["field"], "time_ranges");
    let message = refused.body["fields"][0]["message"]
        .as_str()
        .expect("a text");
    assert_eq!(
        message,
        "there is no calendar \"owm\"; did you mean \"own\"? known are: cn-holidays, own"
    );
    for half in [json!({ "calendar": "own" }), json!({ "on": "holiday" })] {
        let refused = gateway.put(path, &json!({ "time_ranges": [half] })).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{half}");
    }
    assert_eq!(
        gateway.get(path).await.body["time_ranges"],
        made.body["time_ranges"]
    );
}

fn ics(day: &str) -> String {
    format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:{day}\nEND:VEVENT\nEND:VCALENDAR\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calendar_that_has_changed_is_in_force_after_a_reload() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("own.ics");
    std::fs::write(&file, ics("20260303")).expect("written");
    let rules = RULES.replace("cn-holidays", "own");
    let block = format!(
        "[[calendars]]\nname = \"own\"\nfile = {:?}\n",
        file.display().to_string()
    );
    let configuration = with_rules_in(&folder, &rules, &format!("{block}{LOG}"));
    let process = Process::start(folder.path(), &configuration, &[("RUST_LOG", "")]);
    let client = process.client();
    let quiet = async |at: &str| would_be(client, "quiet", at).await.0;
    let (third, fourth) = ("2026-03-03T04:00:00Z", "2026-03-04T04:00:00Z");
    assert_eq!(
        (quiet(third).await, quiet(fourth).await),
        ("muted".into(), "executed".into())
    );
    std::fs::write(&file, ics("20200101")).expect("written");
    let answer = client.post("/admin/reload", &json!(null)).await;
    assert_eq!(
        answer.body["configuration"]["changed"],
        json!(["calendar own"]),
        "{}",
        answer.body
    );
    assert_eq!(quiet(third).await, "executed");
    let ended = "the calendar \"own\" ends on 2020-12-31, and time intervals go by it";
    assert!(log_of(folder.path()).contains(ended));
    std::fs::write(&file, "BEGIN:VCALENDAR\nEND:VCALENDAR\n").expect("written");
    let answer = client.post("/admin/reload", &json!(null)).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body["errors"][0].to_string().contains("has no days"));
    assert_eq!(quiet(third).await, "executed");
    // What rules need is missed by them, and mutes nothing meanwhile.
    let without = configuration_without(folder.path(), &block);
    std::fs::write(folder.path().join("acteon.toml"), without).expect("written");
    let answer = client.post("/admin/reload", &json!(null)).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let error = answer.body["errors"][0].to_string();
    assert!(error.contains("there is no calendar"), "{error}");
    assert_eq!(quiet("2026-03-07T04:00:00Z").await, "executed");
}

fn configuration_without(folder: &Path, block: &str) -> String {
    std::fs::read_to_string(folder.join("acteon.toml"))
        .expect("it was written")
        .replace(block, "")
}

#[test]
fn check_warns_of_a_calendar_that_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = RULES.replace("cn-holidays", "own");
    let block = "[[calendars]]\nname = \"own\"\nholidays = [\"2020-01-01\"]\n";
    let configuration = with_rules_in(&folder, &rules, &format!("{block}{LOG}"));
    let path = folder.path().join("acteon.toml");
    std::fs::write(&path, configuration).expect("written");
    let (path, data) = (path.display().to_string(), folder.path().display());
    let output = run_command(
        &["check", "-c", &path, "--data-dir", &data.to_string()],
        &[],
        "",
    );
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(
        said.contains("  warning: the calendar \"own\" ends on 2020-12-31"),
        "{said}"
    );
}

#[test]
fn what_is_wrong_with_a_calendar_is_told_by_line() {
    for (block, says) in [
        (
            "name = \"own\"",
            "the calendar has no days: give file, or holidays and workdays",
        ),
        ("holidays = [\"2026-01-01\"]", "name is missing"),
        (
            "name = \"own\"\nholidays = [\"2026-02-30\", \"May\"]",
            "must be days such as \"2027-01-01\", has \"2026-02-30\"",
        ),
        (
            "name = \"own\"\nholidays = [\"2026-01-01\"]\nworkdays = [\"2026-01-01\"]",
            "2026-01-01 is both a holiday and a workday",
        ),
        (
            "name = \"own\"\nfile = \"/nowhere/own.ics\"",
            "/nowhere/own.ics cannot be read",
        ),
        (
            "name = \"own\"\nfile = \"/nowhere/own.ics\"\nholidays = [\"2026-01-01\"]",
            "is given beside file",
        ),
        (
            "name = \"own\"\nholidays = [\"2026-01-01\"]\n[[calendars]]\nname = \"own\"\nholidays = [\"2026-01-01\"]",
            "calendars[1] (own): name: another calendar has this name",
        ),
        (
            "name = \"own\"\nholiday = [\"2026-01-01\"]",
            "did you mean holidays?",
        ),
    ] {
        let error = parse(&format!("{LOG}[[calendars]]\n{block}\n"))
            .err()
            .expect("refused");
        assert!(error.contains(says), "{block}:\n{error}");
    }
}
