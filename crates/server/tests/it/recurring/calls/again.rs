//! Requests that come again, and what was found broken.

use serde_json::{Value, json};

use crate::auth;
use crate::recurring::{LOG, daily, faults, made};
use crate::support::{Answer, Gateway, store_lines};

async fn post_with_key(gateway: &Gateway, key: &str, body: &Value) -> Answer {
    gateway.post_once("/v1/recurring", key, body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_with_a_key_makes_one() {
    let gateway = Gateway::start(LOG).await;
    let first = post_with_key(&gateway, "standup-1", &daily(&json!({}))).await;
    assert_eq!(first.status, 201, "{}", first.body);
    let path = format!(
        "/v1/recurring/{}",
        first.body["id"].as_str().expect("an id")
    );
    let changed = gateway.put(&path, &json!({ "name": "standup" })).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let again = post_with_key(&gateway, "standup-1", &daily(&json!({}))).await;
    assert_eq!(
        (
            again.status.as_u16(),
            &again.body["id"],
            &again.body["name"]
        ),
        (201, &first.body["id"], &json!("standup")),
        "it is told as it now stands"
    );
    let other = json!({ "cron_expression": "0 10 * * *" });
    let refused = post_with_key(&gateway, "standup-1", &daily(&other)).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.body["code"]),
        (409, &json!("ID_CONFLICT"))
    );
    let other = post_with_key(
        &gateway,
        "standup-1",
        &daily(&json!({ "tenant": "globex" })),
    )
    .await;
    assert_eq!(other.status, 201, "{}", other.body);
    assert_ne!(other.body["id"], first.body["id"]);
    let empty = post_with_key(&gateway, "\"\"", &daily(&json!({}))).await;
    assert_eq!(empty.status, 400, "{}", empty.body);
    assert_eq!(gateway.get("/v1/recurring").await.body["count"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_null_is_removed() {
    let gateway = Gateway::start(LOG).await;
    let all = json!({
        "name": "standup", "description": "of the team", "end_date": "2099-01-01T00:00:00Z", "max_executions": 3,
        "calendar": "cn-holidays", "on": "workday", "dedup_key": "a", "metadata": { "team": "pay" },
    });
    let path = format!("/v1/recurring/{}", made(&gateway, &all).await);
    let on = json!({ "calendar": null, "on": "workday" });
    assert_eq!(faults(&gateway.put(&path, &on).await)[0].0, "on");
    let removed = json!({
        "name": null, "description": null, "end_date": null, "max_executions": null, "calendar": null, "on": null, "dedup_key": null,
        "metadata": null,
    });
    let changed = gateway.put(&path, &removed).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    for name in [
        "name",
        "description",
        "ends_at",
        "max_executions",
        "calendar",
        "on",
        "dedup_key",
    ] {
        assert_eq!(changed.body[name], Value::Null, "{name}");
    }
    assert_eq!(changed.body["metadata"], json!({ "team": "pay" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_shown_redacted_is_not_taken_for_what_is_to_be_sent() {
    let redact = format!("[audit]\nredact = [\"payload.pin\", \"metadata.token\"]\n{LOG}");
    let gateway = Gateway::start(&redact).await;
    let hidden = json!({ "payload": { "pin": "s3cret" }, "metadata": { "token": "s3cret" } });
    let path = format!("/v1/recurring/{}", made(&gateway, &hidden).await);
    let shown = gateway.get(&path).await.body;
    for field in ["payload", "metadata"] {
        let mut back = json!({});
        back[field] = shown[field].clone();
        let told = faults(&gateway.put(&path, &back).await);
        assert_eq!(told[0].0, field);
        assert!(told[0].1.contains("leave the field out"), "{told:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_occurrence_could_have_is_refused() {
    let gateway = Gateway::start(LOG).await;
    let long = json!({ "dedup_key": "{{execution_time}}".repeat(200) });
    let told = faults(&gateway.post("/v1/recurring", &daily(&long)).await);
    assert_eq!(told[0].0, "dedup_key");
    let path = format!("/v1/recurring/{}", made(&gateway, &json!({})).await);
    assert_eq!(faults(&gateway.put(&path, &long).await)[0].0, "dedup_key");
    let two = gateway
        .post(
            &format!("{path}/pause?tenant=acme"),
            &json!({ "tenant": "globex" }),
        )
        .await;
    assert_eq!(faults(&two)[0].0, "tenant");
}

#[cfg(feature = "wechat")]
#[tokio::test(flavor = "multi_thread")]
async fn a_payload_that_its_provider_cannot_send_is_refused() {
    let block = "[[providers]]\nname = \"wechat-ops\"\ntype = \"wechat\"\nwechat.corp_id = \"ww0001\"\nwechat.corp_secret = \"secret\"\n\
                 wechat.agent_id = 1000002\nwechat.api_base_url = \"http://127.0.0.1:9\"\n";
    let gateway = Gateway::start(block).await;
    let wrong =
        json!({ "provider": "wechat-ops", "payload": { "touser": "a", "msgtype": "nope" } });
    let told = faults(&gateway.post("/v1/recurring", &daily(&wrong)).await);
    assert!(
        told[0].0 == "payload" && told[0].1.starts_with("could not be sent: "),
        "{told:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_up_for_is_its_callers() {
    let (gateway, _) = auth::start(&[("root", "admin", "*")]).await;
    let root = gateway.with_key("root");
    let id = made(&root, &json!({})).await;
    let span = json!({ "start": "2026-03-01T00:00:00Z", "end": "2026-03-01T12:00:00Z" });
    let done = root
        .post(&format!("/v1/recurring/{id}/backfill"), &span)
        .await;
    assert_eq!(done.body["dispatched"], 1, "{}", done.body);
    let trail = root.get("/v1/audit?caller_id=root").await.body;
    assert_eq!(trail["total"], 1, "{trail}");
    let shown = root.get(&format!("/v1/recurring/{id}")).await.body;
    assert_eq!(shown["execution_count"], 0);
}

/// Changes the rows of the embedded store behind the gateway's back.
pub(super) async fn meddled(gateway: Gateway, change: &str) -> Option<Gateway> {
    let folder = gateway.stop_and_keep().await;
    if !store_lines(folder.path()).is_empty() {
        return None;
    }
    let database = rusqlite::Connection::open(folder.path().join("acteon.db")).expect("it opens");
    assert_eq!(database.execute(change, []).expect("it is changed"), 1);
    drop(database);
    Some(Gateway::start_in(folder, LOG).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_stuck_is_paused_and_resumed() {
    let gateway = Gateway::start(LOG).await;
    let path = format!("/v1/recurring/{}", made(&gateway, &json!({})).await);
    let stick = "UPDATE flows SET status = 'stuck', due_at = NULL";
    let Some(gateway) = meddled(gateway, stick).await else {
        return;
    };
    assert_eq!(gateway.get(&path).await.body["status"], "stuck");
    let resumed = gateway.post(&format!("{path}/resume"), &json!({})).await;
    assert_eq!(
        (resumed.status.as_u16(), &resumed.body["status"]),
        (200, &json!("active")),
        "{}",
        resumed.body
    );
    let Some(gateway) = meddled(gateway, stick).await else {
        return;
    };
    let paused = gateway.post(&format!("{path}/pause"), &json!({})).await;
    assert_eq!(
        (paused.status.as_u16(), &paused.body["status"]),
        (200, &json!("paused"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_cannot_be_read_is_its_tenants_and_can_be_deleted() {
    let gateway = Gateway::start(LOG).await;
    let path = format!("/v1/recurring/{}", made(&gateway, &json!({})).await);
    let spoil = "UPDATE flows SET body = '{}', status = 'stuck', due_at = NULL";
    let Some(gateway) = meddled(gateway, spoil).await else {
        return;
    };
    assert_eq!(
        gateway.get(&format!("{path}?tenant=globex")).await.status,
        404
    );
    let shown = gateway.get(&path).await;
    assert_eq!(
        (shown.status.as_u16(), &shown.body["code"]),
        (500, &json!("UNREADABLE"))
    );
    assert_eq!(
        gateway
            .delete(&format!("{path}?tenant=globex"))
            .await
            .status,
        404
    );
    assert_eq!(gateway.delete(&path).await.status, 204);
    assert_eq!(gateway.get(&path).await.status, 404);
}
