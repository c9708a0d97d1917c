//! Ids of replays, and who may take them.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{LOG, dead, letters, numbers};
use crate::support::{Gateway, action, store_lines};

/// The id that the replay of a letter would have, as a caller can work it out.
async fn id_of_replay(gateway: &Gateway, id: &str) -> String {
    let row = gateway.get(&format!("/v1/audit/{id}")).await.body;
    format!("replay-1-{}", row["id"].as_str().expect("a position"))
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_takes_the_id_of_a_replay_before_it() {
    let gateway = letters(1, "rules: []").await;
    let id = id_of_replay(&gateway, "a0").await;
    let taken = action(&id, "later", &json!({ "by": "somebody else" }));
    let mut nameless = taken.clone();
    nameless
        .as_object_mut()
        .and_then(|fields| fields.remove("id"))
        .expect("an id");
    let url = |path: &str| format!("{}{path}", gateway.base());
    let keyed = async |path: &str, body: &Value| {
        let request = reqwest::Client::new()
            .post(url(path))
            .header("content-type", "application/json")
            .header("idempotency-key", &id);
        let answer = request
            .body(body.to_string())
            .send()
            .await
            .expect("an answer")
            .text()
            .await
            .expect("text");
        serde_json::from_str::<Value>(&answer).expect("JSON")
    };
    let alone = gateway.post("/v1/dispatch", &taken).await;
    assert_eq!(
        alone.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        alone.body
    );
    assert_eq!(alone.body["fields"][0]["field"], "id");
    let of_batch = gateway
        .post("/v1/dispatch/batch", &json!([taken]))
        .await
        .body;
    let refusals = [
        alone.body,
        of_batch[0]["error"].clone(),
        gateway.post("/v1/dispatch?dry_run=true", &taken).await.body,
        keyed("/v1/dispatch", &nameless).await,
        keyed("/v1/dispatch/batch", &json!([nameless])).await[0]["error"].clone(),
    ];
    for refusal in refusals {
        assert!(
            refusal["message"]
                .as_str()
                .is_some_and(|message| message.contains("replay-")),
            "{refusal}"
        );
    }
    let done = gateway.post("/v1/dlq/a0/replay", &json!(null)).await.body;
    assert_eq!(
        (&done["success"], &done["new_action_id"]),
        (&json!(true), &json!(id)),
        "{done}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_whose_replays_id_was_taken_is_sent_all_the_same() {
    let gateway = letters(3, "rules: []").await;
    let later = LOG.replace("name = \"log\"", "name = \"later\"");
    // What older versions accepted: other requests, and one that asks for what the replay asks for.
    let mut alike = action("taken1", "later", &json!({ "n": 1 }));
    alike["metadata"] = json!({ "replayed_from": "a1" });
    for taken in [
        action("taken0", "later", &json!({})),
        alike,
        action("taken2", "later", &json!({})),
    ] {
        gateway.dispatch(&taken).await;
    }
    let mut ids = Vec::new();
    for letter in ["a0", "a1", "a2"] {
        ids.push(id_of_replay(&gateway, letter).await);
    }
    let folder = gateway.stop_and_keep().await;
    if !store_lines(folder.path()).is_empty() {
        return;
    }
    let database =
        rusqlite::Connection::open(folder.path().join("acteon.db")).expect("the database");
    let rename = "UPDATE actions SET id = ?2, action = replace(action, ?1, ?2) WHERE id = ?1";
    for (number, id) in ids.iter().enumerate() {
        assert_eq!(
            database
                .execute(rename, [&format!("taken{number}"), id])
                .expect("a row"),
            1
        );
    }
    drop(database);
    let gateway = Gateway::start_in(folder, &later).await;
    let one = gateway.post("/v1/dlq/a0/replay", &json!(null)).await.body;
    assert_eq!(
        (&one["success"], one["new_action_id"].as_str()),
        (&json!(true), Some(&*format!("{}-2", ids[0]))),
        "{one}"
    );
    assert_eq!(
        gateway.post("/v1/dlq/a0/replay", &json!(null)).await.body,
        one,
        "the same answer each time"
    );
    let done = gateway
        .post("/v1/dlq/replay?provider=later", &json!(null))
        .await
        .body;
    assert_eq!(numbers(&done), [2, 0, 0], "{done}");
    assert!(dead(&gateway).await.is_empty());
    // Three that were taken, and three replays.
    gateway
        .until("/v1/audit?provider=later&outcome=executed", |page| {
            page["total"] == 6
        })
        .await;
}
