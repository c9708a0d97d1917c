//! Calls on recurring actions, one after the other.

mod again;
mod ahead;
mod made_up;
mod mended;

use std::time::Duration;

use acteon_core::{Clock as _, SystemClock};
use serde_json::{Value, json};

use super::{LOG, daily, made};
use crate::support::{Gateway, action};

#[tokio::test(flavor = "multi_thread")]
async fn one_is_made_shown_and_changed() {
    let gateway = Gateway::start(LOG).await;
    let answer = gateway
        .post(
            "/v1/recurring",
            &daily(&json!({ "name": "standup", "metadata": { "labels": { "team": "pay" } } })),
        )
        .await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let (id, next) = (
        answer.body["id"].clone(),
        answer.body["next_execution_at"].clone(),
    );
    assert_eq!(
        answer.body,
        json!({ "id": id, "name": "standup", "next_execution_at": next, "status": "active" })
    );
    let next = next.as_str().expect("an instant");
    assert!(next.ends_with("T01:00:00.000Z"), "{next}");

    let path = format!("/v1/recurring/{}", id.as_str().expect("an id"));
    let shown = gateway
        .get(&format!("{path}?namespace=incidents&tenant=acme&next=2"))
        .await
        .body;
    let expected = json!({
        "id": id, "name": "standup", "namespace": "incidents", "tenant": "acme", "cron_expr": "0 9 * * *", "timezone": "Asia/Shanghai",
        "enabled": true, "status": "active", "provider": "log", "action_type": "reminder", "next_execution_at": next, "execution_count": 0,
        "skipped_count": 0, "created_at": shown["created_at"], "updated_at": shown["updated_at"], "payload": { "content": "standup" },
        "metadata": { "team": "pay" }, "priority": "normal", "labels": {}, "overlap_policy": "allow_all", "missed_runs": "run_once",
        "next": shown["next"],
    });
    assert_eq!(shown, expected);
    let ahead = shown["next"].as_array().expect("a list");
    assert_eq!((ahead.len(), &ahead[0]["at"]), (2, &json!(next)));
    assert!(
        ahead[1]["local"]
            .as_str()
            .is_some_and(|local| local.ends_with("T09:00:00+08:00"))
    );

    let change = json!({
        "namespace": "incidents", "tenant": "acme", "cron_expression": "30 18 * * *", "calendar": "cn-holidays", "on": "workday",
        "missed_runs": "skip", "priority": "high",
    });
    let changed = gateway.put(&path, &change).await.body;
    for (field, value) in [
        ("cron_expr", json!("30 18 * * *")),
        ("on", json!("workday")),
        ("missed_runs", json!("skip")),
        ("priority", json!("high")),
        ("name", json!("standup")),
    ] {
        assert_eq!(changed[field], value, "{field}");
    }
    let changed = gateway.put(&path, &json!({ "on": "holiday" })).await.body;
    assert_eq!(
        (&changed["calendar"], &changed["on"]),
        (&json!("cn-holidays"), &json!("holiday"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_paused_resumed_and_deleted() {
    let gateway = Gateway::start(LOG).await;
    let path = format!("/v1/recurring/{}", made(&gateway, &json!({})).await);
    let which = json!({ "namespace": "incidents", "tenant": "acme" });
    let paused = gateway.post(&format!("{path}/pause"), &which).await.body;
    assert_eq!(
        (
            &paused["status"],
            &paused["enabled"],
            &paused["next_execution_at"]
        ),
        (&json!("paused"), &json!(false), &Value::Null)
    );
    assert_eq!(
        gateway.post(&format!("{path}/pause"), &which).await.status,
        409
    );
    let listed = async |query: &str| {
        gateway.get(&format!("/v1/recurring?{query}")).await.body["count"].clone()
    };
    assert_eq!(listed("status=paused").await, 1);
    assert_eq!(listed("status=active").await, 0);
    assert_eq!(listed("namespace=incidents&tenant=other").await, 0);
    let resumed = gateway.post(&format!("{path}/resume"), &which).await;
    assert_eq!(
        (resumed.status.as_u16(), &resumed.body["status"]),
        (200, &json!("active"))
    );
    assert_eq!(
        gateway.post(&format!("{path}/resume"), &which).await.status,
        409
    );

    assert_eq!(
        gateway
            .delete(&format!("{path}?namespace=other"))
            .await
            .status,
        404
    );
    assert_eq!(
        gateway
            .delete(&format!("{path}?namespace=incidents&tenant=acme"))
            .await
            .status,
        204
    );
    assert_eq!(gateway.get(&path).await.status, 404);
    assert_eq!(gateway.delete(&path).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_has_a_hundred_in_pages() {
    let gateway = Gateway::start(LOG).await;
    for number in 0..100 {
        made(&gateway, &json!({ "name": format!("n{number}") })).await;
    }
    let answer = gateway.post("/v1/recurring", &daily(&json!({}))).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["code"]),
        (429, &json!("RECURRING_LIMIT"))
    );
    made(&gateway, &json!({ "tenant": "globex" })).await;
    let page = gateway
        .get("/v1/recurring?tenant=acme&limit=3&offset=98")
        .await
        .body;
    let names = |page: &Value| -> Vec<String> {
        let rows = page["recurring_actions"].as_array().expect("a list");
        let name = |row: &Value| row["name"].as_str().expect("a name").to_owned();
        rows.iter().map(name).collect()
    };
    assert_eq!(names(&page), ["n98", "n99"]);
    assert_eq!(page["next_cursor"], Value::Null);
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/recurring?tenant=acme&limit=49{cursor}");
        let page = gateway.get(&path).await.body;
        all.extend(names(&page));
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    let expected: Vec<_> = (0..100).map(|number| format!("n{number}")).collect();
    assert_eq!(all, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_missed_is_sent_now_and_once() {
    let gateway = Gateway::start(LOG).await;
    let id = made(
        &gateway,
        &json!({ "metadata": { "team": "pay" }, "dedup_key": "{{recurring_id}}" }),
    )
    .await;
    let span = json!({ "namespace": "incidents", "tenant": "acme", "start": "2026-03-01T00:00:00Z", "end": "2026-03-03T01:00:00Z", "limit": 2 });
    let backfill = async || {
        let answer = gateway
            .post(&format!("/v1/recurring/{id}/backfill"), &span)
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    };
    let first = backfill().await;
    assert_eq!(
        (&first["id"], &first["occurrences"], &first["dispatched"]),
        (&json!(id), &json!(2), &json!(2))
    );
    let actions: Vec<_> = first["results"]
        .as_array()
        .expect("results")
        .iter()
        .map(|one| one["action_id"].as_str().expect("an id").to_owned())
        .collect();
    assert_eq!(
        actions,
        [
            format!("rec:{id}:1772326800"),
            format!("rec:{id}:1772413200")
        ]
    );
    let sent = gateway
        .until(&format!("/v1/actions/{}", actions[0]), |body| {
            body["state"] == "done"
        })
        .await;
    assert_eq!(
        (&sent["origin"], &sent["action"]["metadata"]),
        (&json!("recurring"), &json!({ "team": "pay" }))
    );
    let again = backfill().await;
    assert_eq!(
        again["results"][0]["action_id"],
        first["results"][0]["action_id"]
    );
    let listed = gateway.get("/v1/audit?action_type=reminder").await.body;
    assert_eq!(listed["total"], 2, "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expression_is_tried_without_making_anything() {
    let gateway = Gateway::start(LOG).await;
    let path = "/v1/recurring/preview?cron_expression=30%202%20*%20*%20*&timezone=Europe/Berlin&next=2&from=2026-03-28T12:00:00Z";
    let occurrences = json!([
        { "at": "2026-03-29T01:00:00.000Z", "local": "2026-03-29T03:00:00+02:00" },
        { "at": "2026-03-30T00:30:00.000Z", "local": "2026-03-30T02:30:00+02:00" },
    ]);
    assert_eq!(
        gateway.get(path).await.body,
        json!({ "cron_expression": "30 2 * * *", "timezone": "Europe/Berlin", "count": 2, "occurrences": occurrences })
    );
    let path = "/v1/recurring/preview?cron_expression=@daily&timezone=Asia/Shanghai&calendar=cn-holidays&on=workday&next=1&from=2026-09-30T12:00:00Z";
    assert_eq!(
        gateway.get(path).await.body["occurrences"][0]["local"],
        "2026-10-08T00:00:00+08:00"
    );
    assert_eq!(gateway.get("/v1/recurring").await.body["count"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_soon_is_listed_together() {
    let gateway = Gateway::start(LOG).await;
    let id = made(
        &gateway,
        &json!({ "name": "standup", "timezone": "UTC", "max_executions": 2 }),
    )
    .await;
    let mut waits = action("waits", "log", &json!({}));
    waits["delay_seconds"] = json!(30);
    gateway.dispatch(&waits).await;
    let listed = gateway
        .get("/v1/upcoming?namespace=incidents&tenant=acme")
        .await
        .body;
    let row = |index: usize| &listed["upcoming"][index];
    assert_eq!(
        (&listed["count"], &listed["more"]),
        (&json!(3), &json!(false)),
        "{listed}"
    );
    let kinds: Vec<_> = (0..3)
        .map(|index| row(index)["kind"].as_str().expect("a kind"))
        .collect();
    let waits = kinds
        .iter()
        .position(|kind| *kind == "scheduled")
        .expect("it is there");
    assert_eq!(row(waits)["action_id"], "waits");
    let first = row(usize::from(waits == 0));
    assert_eq!(
        (&first["recurring_id"], &first["name"]),
        (&json!(id), &json!("standup"))
    );
    let cut = gateway.get("/v1/upcoming?limit=1").await.body;
    assert_eq!((&cut["count"], &cut["more"]), (&json!(1), &json!(true)));
    let later = SystemClock::new().now() + Duration::from_hours(8 * 24);
    assert_eq!(
        gateway
            .get(&format!("/v1/upcoming?from={later}"))
            .await
            .body["count"],
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_redacted_in_actions_is_so_here() {
    let gateway = Gateway::start(&format!(
        "[audit]\nredact = [\"payload.pin\", \"metadata.token\"]\n{LOG}"
    ))
    .await;
    let more =
        json!({ "payload": { "pin": "s3cret", "n": 1.50 }, "metadata": { "token": "s3cret" } });
    let id = made(&gateway, &more).await;
    let shown = gateway
        .get(&format!("/v1/recurring/{id}"))
        .await
        .body
        .to_string();
    assert!(
        !shown.contains("s3cret") && shown.contains("\"n\":1.5"),
        "{shown}"
    );
}
