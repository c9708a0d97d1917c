//! Two gateways on one store: either tells what the other did, and goes on where the other ended.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Follower, LOG, of_type};
use crate::shared::Shared;
use crate::support::{PATIENCE, action, until};

#[tokio::test(flavor = "multi_thread")]
async fn either_gateway_tells_what_both_did_and_goes_on_for_the_other() {
    let Some(shared) = Shared::find().await else {
        return;
    };
    let one = shared.gateway(LOG).await;
    let other = shared.gateway(LOG).await;
    let mut follower = Follower::start(&one, "/v1/stream").await;
    for number in 0..10 {
        let gateway = if number % 2 == 0 { &one } else { &other };
        gateway
            .dispatch(&of_type(&format!("a{number}"), "notify"))
            .await;
    }
    let mut first = follower.events(6).await;
    let last = first.pop().and_then(|frame| frame.id);
    drop(follower);
    one.stop().await;
    let mut back = Follower::from(&other, "/v1/stream", last.as_deref()).await;
    other.dispatch(&action("b", "log", &json!({}))).await;
    assert_eq!(back.ids(5).await, ["a6", "a7", "a8", "a9", "b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_anothers_transaction_is_measured_and_one_action_is_told_of_all_the_same() {
    let Some(shared) = Shared::find().await else {
        return;
    };
    let gateway = shared.gateway(LOG).await;
    let database = Arc::new(shared.database);
    database
        .execute("CREATE TABLE let_go (number bigint)")
        .await
        .expect("a table");
    let mark = database.options().schema.clone();
    let writes = format!(
        "DO $$ BEGIN /* {mark} */ CREATE TABLE under_way (number bigint); WHILE NOT EXISTS (SELECT 1 FROM let_go) LOOP PERFORM pg_sleep(0.01); \
                  END LOOP; END $$"
    );
    let holding = tokio::spawn({
        let database = Arc::clone(&database);
        async move { database.execute(&writes).await }
    });
    let under_way = format!(
        "SELECT COUNT(*) FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND query LIKE '%/* {mark} */%'"
    );
    until("the other's transaction writes", PATIENCE, async || {
        database.count(&under_way).await.expect("a count") > 0
    })
    .await;
    let mut all = Follower::start(&gateway, "/v1/stream").await;
    let mut waits = of_type("waits", "notify");
    waits["delay_seconds"] = json!(86_400);
    gateway.dispatch(&waits).await;
    let mut one = Follower::start(&gateway, "/v1/subscribe/action/waits").await;
    let path = "/v1/scheduled/waits?namespace=incidents&tenant=acme";
    assert_eq!(gateway.delete(path).await.status.as_u16(), 204);
    assert_eq!(one.ids(1).await, ["waits"]);
    let end = one.next().await.expect("the end");
    assert_eq!(end.event, "subscription_end");
    let is_measured = |body: &Value| {
        let text = body.as_str().unwrap_or_default();
        let mut lines = text.lines();
        let waits = lines.find_map(|line| line.strip_prefix("acteon_stream_waiting_seconds "));
        waits.is_some_and(|waits| waits != "0")
    };
    gateway.until("/metrics", is_measured).await;
    database
        .execute("INSERT INTO let_go VALUES (1)")
        .await
        .expect("let go");
    holding.await.expect("no panic").expect("it ends");
    assert_eq!(all.ids(1).await, ["waits"]);
}
