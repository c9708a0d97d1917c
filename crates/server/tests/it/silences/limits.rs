//! Limits that no change of a silence passes.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{LOG, by, make, silence};
use crate::support::Gateway;

/// The millisecond after an instant.
fn just_after(time: &str) -> String {
    let instant = acteon_core::Timestamp::parse(time).expect("a time");
    (instant + std::time::Duration::from_millis(1)).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn silences_that_every_action_is_held_against_have_a_limit_that_no_change_passes() {
    const MOST: usize = 200;
    let gateway = Gateway::start(LOG).await;
    let all_but = |number: usize| json!([{ "name": "team", "value": format!("t{number}"), "op": "not_equal" }]);
    let mut made = Vec::new();
    for number in 0..MOST {
        made.push(make(&gateway, &all_but(number)).await);
    }
    let refused = gateway.post("/v1/silences", &silence(&all_but(MOST))).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    assert!(
        refused.body["message"]
            .as_str()
            .is_some_and(|text| text.contains("200 silences") && text.contains("equal")),
        "{}",
        refused.body
    );
    make(&gateway, &by("team", "pay")).await;
    let mut elsewhere = silence(&all_but(0));
    elsewhere["tenant"] = json!("globex");
    assert_eq!(
        gateway.post("/v1/silences", &elsewhere).await.status,
        StatusCode::CREATED,
        "another tenant has its own"
    );
    let path = format!("/v1/silences/{}", made[0]);
    assert_eq!(
        gateway
            .put(&path, &json!({ "comment": "still on" }))
            .await
            .status,
        StatusCode::OK
    );
    assert_eq!(
        gateway
            .put(&path, &json!({ "ends_at": "2098-01-01T00:00:00Z" }))
            .await
            .status,
        StatusCode::OK,
        "it has its place"
    );
    // It ends by itself, and may begin again.
    let over = gateway.get(&path).await.body["starts_at"]
        .as_str()
        .expect("a time")
        .to_owned();
    assert_eq!(
        gateway
            .put(&path, &json!({ "ends_at": just_after(&over) }))
            .await
            .status,
        StatusCode::OK
    );
    let another = make(&gateway, &all_but(MOST)).await;
    let revived = gateway
        .put(&path, &json!({ "ends_at": "2099-01-01T00:00:00Z" }))
        .await;
    assert_eq!(revived.status, StatusCode::CONFLICT, "{}", revived.body);
    assert_eq!(
        gateway
            .delete(&format!("/v1/silences/{another}"))
            .await
            .status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        gateway
            .put(&path, &json!({ "ends_at": "2099-01-01T00:00:00Z" }))
            .await
            .status,
        StatusCode::OK
    );
}

/// Silences whose patterns are as large as may be, and all different.
#[tokio::test(flavor = "multi_thread")]
async fn the_patterns_of_silences_have_a_limit_that_no_change_passes() {
    let gateway = Gateway::start(LOG).await;
    let large = |number: usize| {
        let matchers: Vec<Value> =
            (0..16).map(|place| json!({ "name": "a", "value": format!(r"\w{{45}}{number}-{place}"), "op": "regex" })).collect();
        silence(&json!(
            matchers
                .into_iter()
                .chain([json!({ "name": "team", "value": "pay" })])
                .collect::<Vec<_>>()
        ))
    };
    let mut ended = Vec::new();
    for number in 0..8 {
        let made = gateway.post("/v1/silences", &large(number)).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
        let path = format!("/v1/silences/{}", made.body["id"].as_str().expect("an id"));
        let over = just_after(made.body["starts_at"].as_str().expect("a time"));
        assert_eq!(
            gateway.put(&path, &json!({ "ends_at": over })).await.status,
            StatusCode::OK
        );
        ended.push(path);
    }
    let again = json!({ "ends_at": "2099-01-01T00:00:00Z" });
    let statuses: Vec<StatusCode> =
        futures_util::future::join_all(ended.iter().map(|path| gateway.put(path, &again)))
            .await
            .into_iter()
            .map(|answer| answer.status)
            .collect();
    let revived = statuses
        .iter()
        .filter(|status| **status == StatusCode::OK)
        .count();
    assert!((2..8).contains(&revived), "{statuses:?}");
    assert_eq!(
        statuses
            .iter()
            .filter(|status| **status == StatusCode::CONFLICT)
            .count(),
        8 - revived,
        "{statuses:?}"
    );
}
