//! What is refused, and how it is told.

use serde_json::{Value, json};

use super::{LOG, daily, faults, made};
use crate::support::{Gateway, action};

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_wrong_is_told_at_once() {
    let gateway = Gateway::start(LOG).await;
    let wrong = json!({
        "namespace": "incidents", "provider": " log", "action_type": "reminder", "payload": {}, "cron_expression": "0 25 * * *",
        "timezone": "Asia/Shangai", "end_date": "tomorrow", "max_executions": 0, "overlap_policy": "queue", "missed_runs": "all",
        "on": "weekend", "priority": "urgent", "metadata": { "a": 1 }, "cron": "0 9 * * *",
    });
    let answer = gateway.post("/v1/recurring", &wrong).await;
    let told = faults(&answer);
    let of = |field: &str| {
        let found = told.iter().find(|(name, _)| name == field);
        found.map_or("", |(_, message)| message.as_str())
    };
    let expected = [
        ("tenant", "is missing"),
        ("provider", "must not begin or end with a blank"),
        (
            "cron_expression",
            "is wrong at character 3 (hour): \"25\" is not within 0 to 23; allowed are 0 to 23, ranges (2-5), steps (*/2) and lists (2,4)",
        ),
        (
            "timezone",
            "is no time zone: \"Asia/Shangai\"; did you mean Asia/Shanghai? use a name such as Asia/Shanghai or UTC",
        ),
        ("end_date", "must be an RFC 3339 time"),
        ("max_executions", "must be a whole number, 1 or more, is 0"),
        (
            "overlap_policy",
            "must be one of allow_all, skip, cancel_other, is \"queue\"",
        ),
        (
            "missed_runs",
            "must be one of skip, run_once, run_all, is \"all\"",
        ),
        ("on", "must be one of workday, holiday, is \"weekend\""),
        (
            "priority",
            "must be one of high, normal, low, is \"urgent\"",
        ),
        ("metadata.a", "must be a string"),
        ("cron", "is not known here"),
    ];
    for (field, message) in expected {
        let found = of(field);
        assert!(
            found.starts_with(message) || (field == "provider" && !found.is_empty()),
            "{field}: {found}"
        );
    }
    assert_eq!(told.len(), expected.len(), "{told:?}");
    let listed = gateway.get("/v1/recurring").await.body;
    assert_eq!(listed, json!({ "recurring_actions": [], "count": 0 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_go_together_or_is_not_there() {
    let gateway = Gateway::start(LOG).await;
    let cases = [
        (
            json!({ "calendar": "cn-holidays" }),
            "on",
            "is missing beside calendar: workday or holiday",
        ),
        (
            json!({ "on": "workday" }),
            "calendar",
            "is missing beside on",
        ),
        (
            json!({ "calendar": "cn-holiday", "on": "workday" }),
            "calendar",
            "there is no calendar \"cn-holiday\"; did you mean \"cn-holidays\"?",
        ),
        (
            json!({ "provider": "logs" }),
            "provider",
            "there is no provider named \"logs\" for this caller; did you mean \"log\"?",
        ),
        (
            json!({ "end_date": "2020-01-01T00:00:00Z" }),
            "end_date",
            "is 2020-01-01T00:00:00.000Z, and no occurrence lies between now and then",
        ),
        (
            json!({ "cron_expression": "0 0 9 * * MON" }),
            "cron_expression",
            "has 6 fields, and must have five; seconds are not read: write \"0 9 * * MON\"",
        ),
        (
            json!({ "cron_expression": "@every 5m" }),
            "cron_expression",
            "begins with \"@every\", which is not read; write \"*/5 * * * *\"",
        ),
    ];
    for (more, field, message) in cases {
        let answer = gateway.post("/v1/recurring", &daily(&more)).await;
        let told = faults(&answer);
        assert!(
            told.len() == 1 && told[0].0 == field && told[0].1.starts_with(message),
            "{more}: {told:?}"
        );
        assert!(told[0].1.len() <= 256, "{}", told[0].1.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_and_spans_are_held_to_the_same() {
    let gateway = Gateway::start(LOG).await;
    let path = format!("/v1/recurring/{}", made(&gateway, &json!({})).await);
    let put = async |body: Value| faults(&gateway.put(&path, &body).await);
    let told = put(json!({ "cron_expression": "0 0 30 2 *", "timezone": "Mars" })).await;
    let fields: Vec<_> = told.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["cron_expression", "timezone"]);
    assert_eq!(put(json!({ "on": "workday" })).await[0].0, "calendar");
    assert_eq!(put(json!({ "provider": "nope" })).await[0].0, "provider");
    let backfill = async |body: Value| {
        let answer = gateway.post(&format!("{path}/backfill"), &body).await;
        let fields = faults(&answer).into_iter().map(|(field, _)| field);
        fields.collect::<Vec<_>>()
    };
    assert_eq!(
        backfill(json!({ "limit": 101 })).await,
        ["limit", "start", "end"]
    );
    let backwards = json!({ "start": "2099-01-02T00:00:00Z", "end": "2099-01-01T00:00:00Z" });
    assert_eq!(backfill(backwards).await, ["start", "end"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_are_refused_by_name() {
    let gateway = Gateway::start(LOG).await;
    let cases = [
        (
            "recurring/preview",
            "the query parameter \"cron_expression\" is missing",
        ),
        (
            "recurring/preview?cron_expression=0%209%20*%20*%20MONDAY",
            "the query parameter \"cron_expression\" is wrong at character 9 (day of week): \"MONDAY\" is not read here; did you mean MON?",
        ),
        (
            "recurring/preview?cron_expression=@daily&timezone=CST",
            "the query parameter \"timezone\" is no time zone: \"CST\"",
        ),
        (
            "recurring/preview?cron_expression=@daily&next=101",
            "the query parameter \"next\" must be a number from 1 to 100",
        ),
        (
            "recurring/preview?cron_expression=@daily&on=workday",
            "the query parameter \"calendar\" is missing beside on",
        ),
        (
            "recurring?status=activ",
            "the query parameter \"status\" is \"activ\", which is none of its words; did you mean active?",
        ),
        (
            "recurring?cursor=A.b",
            "the query parameter \"cursor\" must be the next_cursor of the page before",
        ),
        (
            "recurring?page=1",
            "there is no query parameter \"page\" here",
        ),
        (
            "upcoming?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
            "from is after to",
        ),
    ];
    for (path, message) in cases {
        let answer = gateway.get(&format!("/v1/{path}")).await;
        let found = answer.body["message"].as_str().unwrap_or_default();
        assert!(
            answer.status == 400 && found.starts_with(message),
            "{path}: {} {found}",
            answer.status
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_caller_takes_the_id_of_an_occurrence() {
    let gateway = Gateway::start(LOG).await;
    let taken = action("rec:x:1795654800", "log", &json!({}));
    let told = faults(&gateway.post("/v1/dispatch", &taken).await);
    assert_eq!(told[0].0, "id");
    assert!(
        told[0].1.starts_with("must not begin with rec:"),
        "{told:?}"
    );
}
