//! Dead letters: listed, replayed, and what becomes one by time.

use reqwest::StatusCode;
use serde_json::json;

use super::{DOWN, LOG};
use crate::support::{Gateway, action};

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_listed_in_pages_and_replayed() {
    let gateway = Gateway::start(LOG).await;
    for number in 0..5 {
        gateway
            .dispatch(&action(
                &format!("dead-{number}"),
                "later",
                &json!({ "n": number }),
            ))
            .await;
    }
    let page = gateway
        .get("/v1/dlq?limit=3&namespace=incidents")
        .await
        .body;
    assert_eq!(
        (
            page["count"].as_u64(),
            page["entries"][0]["action"]["id"].as_str()
        ),
        (Some(3), Some("dead-4")),
        "newest first"
    );
    let rest = gateway
        .get(&format!(
            "/v1/dlq?limit=3&cursor={}",
            page["next_cursor"].as_str().expect("a cursor")
        ))
        .await
        .body;
    assert_eq!(
        (rest["count"].as_u64(), rest.get("next_cursor")),
        (Some(2), None)
    );
    let gateway = gateway
        .restart(&LOG.replace("name = \"log\"", "name = \"later\""))
        .await;
    let replayed = gateway
        .post("/v1/dlq/dead-2/replay", &json!(null))
        .await
        .body;
    assert_eq!(
        (
            replayed["success"].as_bool(),
            replayed["outcome"]["Executed"]["status"].as_str()
        ),
        (Some(true), Some("success")),
        "{replayed}"
    );
    let new = gateway
        .get(&format!(
            "/v1/actions/{}",
            replayed["new_action_id"].as_str().expect("an id")
        ))
        .await
        .body;
    assert_eq!(
        (
            new["action"]["metadata"]["replayed_from"].as_str(),
            new["origin"].as_str()
        ),
        (Some("dead-2"), Some("replay"))
    );
    assert_eq!(
        gateway.get("/v1/dlq/dead-2").await.body["state"],
        "discarded",
        "off the list, but kept"
    );
    assert_eq!(
        gateway
            .post("/v1/dlq/dead-2/replay", &json!(null))
            .await
            .body,
        replayed,
        "the same answer, and nothing is sent twice"
    );
    assert_eq!(
        gateway.get("/v1/dlq/stats").await.body,
        json!({ "enabled": true, "count": 4 })
    );
    assert_eq!(
        gateway
            .post("/v1/dlq/nope/replay", &json!(null))
            .await
            .status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_action_is_a_dead_letter_with_the_reason() {
    let gateway = Gateway::start(&format!(
        "retry.max_retries = 0\nretry.delays_seconds = [1]\n{DOWN}"
    ))
    .await;
    let mut late = action("a", "down", &json!({}));
    late["expires_at"] = json!("2020-01-01T00:00:00Z");
    assert_eq!(gateway.dispatch(&late).await["Failed"]["code"], "EXPIRED");
    let gateway = gateway
        .restart(&format!(
            "retry.max_retries = 0\nretry.delays_seconds = [1]\nretry.max_age_seconds = 2\n{DOWN}"
        ))
        .await;
    let failed = gateway
        .final_outcome(&action("b", "down", &json!({})))
        .await["Failed"]
        .clone();
    assert_eq!(failed["code"], "EXPIRED");
    assert!(
        failed["message"]
            .as_str()
            .is_some_and(|text| text.contains("CONNECTION")),
        "the last error is told: {failed}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_whose_provider_is_gone_becomes_a_dead_letter_in_time() {
    let gateway = Gateway::start(&format!(
        "retry.max_retries = 0\nretry.max_age_seconds = 1\n{DOWN}"
    ))
    .await;
    assert!(
        gateway
            .dispatch(&action("a", "down", &json!({})))
            .await
            .get("Scheduled")
            .is_some()
    );
    let mut gateway = gateway.restart(LOG).await;
    while gateway.get("/v1/actions/a").await.body["state"] == "open" {
        gateway = gateway.restart(LOG).await;
    }
    let view = gateway.get("/v1/dlq/a").await.body;
    assert_eq!(view["outcome"]["Failed"]["code"], "EXPIRED", "{view}");
    assert_eq!(
        gateway
            .get("/metrics")
            .await
            .body
            .as_str()
            .map(|text| text.contains("acteon_open_actions 0")),
        Some(true)
    );
}
