//! Batches that the database refuses in part: every caller hears the truth of its own action.

use serde_json::{Value, json};

use super::Shared;
use crate::support::action;

/// The tenant `charged` has a quota, and the disk is full for its counter.
const FULL: &str = "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS \
     $$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = '53100'; END $$; \
     CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON counters FOR EACH ROW EXECUTE FUNCTION full_disk()";

#[tokio::test(flavor = "multi_thread")]
async fn who_is_told_that_nothing_was_stored_has_no_row_and_all_others_are_delivered() {
    let Some(shared) = Shared::find().await else {
        return;
    };
    let gateway = shared
        .gateway("[[providers]]\nname = \"log\"\ntype = \"log\"\n")
        .await;
    let quota = json!({ "namespace": "incidents", "tenant": "charged", "max_actions": 100_000, "window": "hourly", "overage_behavior": "block" });
    let made = gateway.post("/v1/quotas", &quota).await;
    assert_eq!(made.status.as_u16(), 201, "{:?}", made.body);
    shared.database.execute(FULL).await.expect("a trigger");
    let mut batch: Vec<Value> = Vec::new();
    for number in 0..400 {
        let mut one = action(&format!("a{number}"), "log", &json!({}));
        one["tenant"] = json!(if number % 2 == 0 { "charged" } else { "free" });
        batch.push(one);
    }
    let answer = gateway
        .post("/v1/dispatch/batch", &Value::Array(batch.clone()))
        .await;
    let answers = answer.body.as_array().expect("answers").clone();
    assert_eq!(answers.len(), batch.len());
    for (one, answer) in batch.iter().zip(&answers) {
        let (tenant, id) = (
            one["tenant"].as_str().expect("a tenant"),
            one["id"].as_str().expect("an id"),
        );
        let path = format!("/v1/actions/{id}?namespace=incidents&tenant={tenant}");
        let found = gateway.get(&path).await.status.as_u16();
        match tenant {
            "charged" => assert_eq!(
                (answer["error"]["code"].as_str(), found),
                (Some("STORE_FULL"), 404),
                "{answer}"
            ),
            _ => assert_eq!(
                (answer.get("Executed").is_some(), found),
                (true, 200),
                "{answer}"
            ),
        }
    }
    shared
        .database
        .execute("DROP TRIGGER full_disk ON counters")
        .await
        .expect("space");
    let outcome = gateway.dispatch(&batch[0]).await;
    assert!(
        outcome.get("Executed").is_some(),
        "what was not stored may be sent again: {outcome}"
    );
}
