//! What is refused of a quota, and how it is told.

use reqwest::StatusCode;
use serde_json::json;

use super::{PROVIDERS, make, quota};
use crate::support::Gateway;

#[tokio::test(flavor = "multi_thread")]
async fn quotas_are_checked_listed_and_one_of_a_kind() {
    let gateway = Gateway::start(PROVIDERS).await;
    for wrong in [
        json!({ "window": "fortnightly" }),
        json!({ "window": "0" }),
        json!({ "overage_behavior": "shrug" }),
        json!({ "overage_behavior": "degrade:nowhere" }),
        json!({ "provider": "nowhere" }),
        json!({ "provider": "a:b" }),
        json!({ "max_actions": -1 }),
        json!({ "colour": "red" }),
    ] {
        let answer = gateway.post("/v1/quotas", &quota(&wrong)).await;
        assert_eq!(
            (answer.status, answer.body["message"].is_string()),
            (StatusCode::UNPROCESSABLE_ENTITY, true),
            "{wrong}: {}",
            answer.body
        );
    }
    let generic = make(&gateway, &json!({ "window": "60" })).await;
    assert_eq!(
        gateway.post("/v1/quotas", &quota(&json!({}))).await.status,
        StatusCode::CONFLICT
    );
    let scoped = make(&gateway, &json!({ "provider": "log", "principal": "ci" })).await;
    let list = async |query: &str| {
        gateway.get(&format!("/v1/quotas?{query}")).await.body["count"].as_u64()
    };
    assert_eq!(
        (
            list("").await,
            list("provider=generic").await,
            list("provider=log").await
        ),
        (Some(2), Some(1), Some(1))
    );
    assert_eq!(
        (
            list("principal=any").await,
            list("principal=ci").await,
            list("tenant=globex").await
        ),
        (Some(1), Some(1), Some(0))
    );
    assert_eq!(
        (list("limit=1").await, list("offset=2").await),
        (Some(1), Some(0))
    );
    let shown = gateway.get(&format!("/v1/quotas/{generic}")).await.body;
    assert_eq!(
        (&shown["window"], &shown["usage"]["remaining"]),
        (&json!({ "custom": { "seconds": 60 } }), &json!(2))
    );
    assert_eq!(
        gateway
            .delete(&format!(
                "/v1/quotas/{scoped}?namespace=incidents&tenant=acme"
            ))
            .await
            .status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        gateway.get(&format!("/v1/quotas/{scoped}")).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_wrong_with_a_quota_is_told_together_with_what_was_given() {
    let gateway = Gateway::start(PROVIDERS).await;
    let refused = gateway
        .post(
            "/v1/quotas",
            &quota(&json!({ "window": "hourley", "overage_behavior": "degrade" })),
        )
        .await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let fields: Vec<_> = refused.body["fields"]
        .as_array()
        .expect("fields")
        .iter()
        .map(|fault| fault["field"].clone())
        .collect();
    assert_eq!(fields, ["window", "overage_behavior"], "{}", refused.body);
    let message = refused.body["message"].as_str().expect("a message");
    let window = "window must be hourly, daily, weekly, monthly or a number of seconds up to a year, is \"hourley\"";
    let overage =
        "overage_behavior must be block, warn, degrade:PROVIDER or notify:PROVIDER, is \"degrade\"";
    assert_eq!(message, format!("{window}; {overage}"));
}

/// What was right when it was made need not be so any more, and is not what the caller sent.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_stored_quota_is_told_as_such() {
    let gateway = Gateway::start(PROVIDERS).await;
    let degrading = make(&gateway, &json!({ "overage_behavior": "degrade:spare" })).await;
    let narrow = make(&gateway, &json!({ "provider": "spare" })).await;
    let gateway = gateway
        .restart("[[providers]]\nname = \"log\"\ntype = \"log\"\n")
        .await;
    for (id, parts) in [
        (
            &degrading,
            [
                "the stored overage_behavior names",
                "send overage_behavior with the change",
            ],
        ),
        (
            &narrow,
            [
                "the stored provider names",
                "delete this quota and make another",
            ],
        ),
    ] {
        let answer = gateway
            .put(&format!("/v1/quotas/{id}"), &json!({ "max_actions": 7 }))
            .await;
        assert_eq!(
            answer.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{}",
            answer.body
        );
        let message = answer.body["message"].as_str().expect("a message");
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    }
    let sent = gateway
        .put(
            &format!("/v1/quotas/{degrading}"),
            &json!({ "overage_behavior": "notify:gone" }),
        )
        .await
        .body;
    assert!(
        sent["message"]
            .as_str()
            .is_some_and(|message| message.starts_with("overage_behavior names")),
        "{sent}"
    );
    let mended = gateway
        .put(
            &format!("/v1/quotas/{degrading}"),
            &json!({ "max_actions": 7, "overage_behavior": "block" }),
        )
        .await;
    assert_eq!(
        (mended.status, &mended.body["max_actions"]),
        (StatusCode::OK, &json!(7)),
        "{}",
        mended.body
    );
}
