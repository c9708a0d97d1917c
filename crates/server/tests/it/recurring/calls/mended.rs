//! Changes that go on, and refusals that name what is wrong.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::again::meddled;
use crate::auth;
use crate::recurring::{LOG, daily, faults, made};
use crate::support::Gateway;

#[tokio::test(flavor = "multi_thread")]
async fn many_changes_at_once_are_made_or_told_of_each_other() {
    let gateway = Gateway::start(LOG).await;
    let path = format!("/v1/recurring/{}", made(&gateway, &json!({})).await);
    let change = async |number: u32| {
        let body = json!({ "description": format!("change {number}") });
        gateway.put(&path, &body).await
    };
    for answer in join_all((0..50).map(change)).await {
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_may_be_renamed_and_goes_on() {
    let gateway = Gateway::start(LOG).await;
    let soon = json!({ "end_date": "2099-01-01T00:00:00Z", "max_executions": 1 });
    let path = format!("/v1/recurring/{}", made(&gateway, &soon).await);
    let field = async |body: Value| {
        let told = faults(&gateway.put(&path, &body).await);
        assert_eq!(told.len(), 1, "{told:?}");
        told[0].clone()
    };
    let past = field(json!({ "end_date": "2020-01-01T00:00:00Z" })).await;
    assert_eq!(past.0, "end_date");
    assert!(past.1.contains("no occurrence lies between now and then"));
    let lower = field(
        json!({ "max_executions": 1, "cron_expression": "0 0 29 2 *", "end_date": "2027-01-01T00:00:00Z" }),
    );
    assert_eq!(lower.await.0, "end_date");
    let paused = gateway
        .post(&format!("{path}/pause"), &json!({}))
        .await
        .body;
    let shown = gateway.get(&path).await.body;
    assert_eq!(paused["updated_at"], shown["updated_at"]);
    let resumed = gateway.post(&format!("{path}/resume"), &json!({})).await;
    let shown = gateway.get(&path).await.body;
    assert_eq!(resumed.body["updated_at"], shown["updated_at"]);

    let over = "UPDATE flows SET status = 'completed', is_over = 1, due_at = NULL, body = \
        json_remove(json_set(body, '$.status', 'completed', '$.executions', 1), '$.next')";
    let Some(gateway) = meddled(gateway, over).await else {
        return;
    };
    let renamed = gateway.put(&path, &json!({ "name": "done" })).await.body;
    assert_eq!(
        (&renamed["name"], &renamed["status"]),
        (&json!("done"), &json!("completed"))
    );
    let same = json!({ "cron_expression": "0 10 * * *" });
    let told = faults(&gateway.put(&path, &same).await);
    assert_eq!(told[0].0, "max_executions");
    let more = gateway
        .put(&path, &json!({ "max_executions": 2 }))
        .await
        .body;
    assert_eq!(more["status"], "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_grant_is_told_as_for_a_dispatch() {
    let few = "acme\"]\nactions = [\"other";
    let (gateway, _) = auth::start(&[("few", "operator", few)]).await;
    let few = gateway.with_key("few");
    let refused = few.post("/v1/recurring", &daily(&json!({}))).await;
    let expected =
        "forbidden: no grant covers tenant=acme namespace=incidents provider=log action=reminder";
    assert_eq!(
        (refused.status.as_u16(), &refused.body["message"]),
        (403, &json!(expected)),
        "{}",
        refused.body
    );
    let action = json!({
        "namespace": "incidents", "tenant": "acme", "provider": "log", "action_type": "reminder", "payload": {},
    });
    let dispatched = few.post("/v1/dispatch", &action).await;
    assert_eq!(dispatched.body["message"], json!(expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_meant_is_told() {
    let gateway = Gateway::start(LOG).await;
    let cases = [
        (
            json!({ "dedup_key": "a-{{foo}}" }),
            "dedup_key",
            "has \"{{foo}}\", which is no placeholder and would be the same for each occurrence; {{recurring_id}} and {{execution_time}} are filled in",
        ),
        (
            json!({ "dedup_key": "{{execution_time" }),
            "dedup_key",
            "has \"{{execution_time\" without the closing braces",
        ),
        (
            json!({ "timezone": "Factory" }),
            "timezone",
            "is no time zone",
        ),
        (
            json!({ "timezone": "CST" }),
            "timezone",
            "is no time zone: \"CST\"; did you mean Asia/Shanghai or America/Chicago?",
        ),
        (
            json!({ "name": "a\u{202e}b" }),
            "name",
            "must not contain invisible characters",
        ),
        (
            json!({ "name": "a\nb" }),
            "name",
            "must not contain control characters",
        ),
        (
            json!({ "max_executions": 9_223_372_036_854_775_808_u64 }),
            "max_executions",
            "must be a whole number from 1 to 9223372036854775807",
        ),
        (
            json!({ "cron_expr": "@daily" }),
            "cron_expr",
            "is not known here; did you mean cron_expression?",
        ),
        (
            json!({ "ends_at": "2099-01-01T00:00:00Z" }),
            "ends_at",
            "is not known here; did you mean end_date?",
        ),
        (
            json!({ "enabled": true }),
            "enabled",
            "is shown, and not changed here",
        ),
    ];
    for (more, field, message) in cases {
        let told = faults(&gateway.post("/v1/recurring", &daily(&more)).await);
        assert!(
            told.len() == 1 && told[0].0 == field && told[0].1.starts_with(message),
            "{more}: {told:?}"
        );
    }
    made(
        &gateway,
        &json!({ "dedup_key": "{{ recurring_id }}-{{execution_time }}" }),
    )
    .await;
}
