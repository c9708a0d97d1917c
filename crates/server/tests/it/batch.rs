//! Batches are judged, and go out, in their order.

use std::time::Duration;

use acteon_core::{Clock as _, SystemClock};
use acteon_fakes::webhook::Receiver;
use serde_json::{Value, json};

use crate::support::{Gateway, action};

fn hook(url: &str) -> String {
    format!(
        "[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{url}\"\nmax_concurrency = 1\n[[providers]]\nname = \"log\"\ntype = \"log\"\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn of_items_with_one_id_the_first_counts() {
    let gateway = Gateway::start(&hook("http://127.0.0.1:9/")).await;
    for round in 0..60 {
        let id = format!("r{round}");
        let batch: Vec<Value> = (0..3)
            .map(|number| action(&id, "log", &json!({ "number": number })))
            .collect();
        let answers = gateway.post("/v1/dispatch/batch", &json!(batch)).await.body;
        assert!(answers[0].get("Executed").is_some(), "{answers}");
        for late in [&answers[1], &answers[2]] {
            assert_eq!(late["error"]["code"], "ID_CONFLICT", "{answers}");
        }
        assert_eq!(
            gateway.get(&format!("/v1/actions/{id}")).await.body["action"]["payload"]["number"],
            0
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_places_of_a_quota_go_to_the_first_items() {
    let gateway = Gateway::start(&hook("http://127.0.0.1:9/")).await;
    let quota = json!({ "namespace": "incidents", "tenant": "acme", "max_actions": 7, "window": "daily", "overage_behavior": "block" });
    gateway.post("/v1/quotas", &quota).await;
    let batch: Vec<Value> = (0..100)
        .map(|number| action(&format!("q{number}"), "log", &json!({})))
        .collect();
    let answers = gateway.post("/v1/dispatch/batch", &json!(batch)).await.body;
    let went: Vec<bool> = answers
        .as_array()
        .expect("a list")
        .iter()
        .map(|answer| answer.get("Executed").is_some())
        .collect();
    assert_eq!(
        went,
        (0..100).map(|number| number < 7).collect::<Vec<_>>(),
        "{answers}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn items_to_one_webhook_arrive_in_their_order() {
    let receiver = Receiver::start(|_| (200, "{}".into()))
        .await
        .expect("a receiver");
    let gateway = Gateway::start(&hook(&receiver.url())).await;
    for round in 0..3 {
        let batch: Vec<Value> = (0..60)
            .map(|number| {
                action(
                    &format!("{round}-{number}"),
                    "hook",
                    &json!({ "number": number }),
                )
            })
            .collect();
        let others = tokio::spawn({
            let client = gateway.clone();
            async move {
                for number in 0..20 {
                    client
                        .dispatch(&action(
                            &format!("{round}-other-{number}"),
                            "hook",
                            &json!({}),
                        ))
                        .await;
                }
            }
        });
        let answers = gateway
            .post_preferring("/v1/dispatch/batch", &json!(batch), "wait=60")
            .await
            .body;
        assert!(
            answers.as_array().is_some_and(|answers| answers
                .iter()
                .all(|answer| answer.get("Executed").is_some())),
            "{answers}"
        );
        others.await.expect("a task");
        let wanted: Vec<u64> = (0..60).collect();
        let arrived: Vec<u64> = receiver
            .requests()
            .iter()
            .filter(|request| {
                request.body["id"]
                    .as_str()
                    .is_some_and(|id| id.starts_with(&format!("{round}-")))
            })
            .filter_map(|request| request.body["payload"]["number"].as_u64())
            .collect();
        assert_eq!(arrived, wanted, "round {round}");
    }
}

/// An item is told apart by its place, and tells its id where its caller gave none.
#[tokio::test(flavor = "multi_thread")]
async fn every_item_tells_its_id() {
    let rules = "rules:\n  - name: no\n    condition: { field: action.action_type, eq: no }\n    action: { type: suppress }\n";
    let gateway = Gateway::with_rules(
        rules,
        &format!("retry.max_retries = 0\n{}", hook("http://127.0.0.1:9/")),
    )
    .await;
    let mut batch: Vec<Value> = [
        ("log", "notify"),
        ("nope", "notify"),
        ("hook", "notify"),
        ("log", "no"),
    ]
    .map(|(provider, _)| action("x", provider, &json!({})))
    .into();
    batch[3]["action_type"] = json!("no");
    for item in &mut batch {
        item.as_object_mut().expect("an object").remove("id");
    }
    let answers = gateway.post("/v1/dispatch/batch", &json!(batch)).await.body;
    for (item, tag) in ["Executed", "Failed", "Scheduled", "Suppressed"]
        .into_iter()
        .enumerate()
    {
        let id = answers[item][tag]["action_id"]
            .as_str()
            .unwrap_or_else(|| panic!("{tag}: {answers}"));
        assert_eq!(
            gateway.get(&format!("/v1/actions/{id}")).await.body["action"]["id"],
            id
        );
    }
    let dry = gateway
        .post(
            "/v1/dispatch/batch?dry_run=true",
            &json!([action("d", "log", &json!({}))]),
        )
        .await
        .body;
    assert_eq!(dry[0]["DryRun"]["action_id"], "d", "{dry}");
}

/// What ends at an instant is not put off beyond it.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_scheduled_beyond_its_own_end() {
    let down =
        "[[providers]]\nname = \"down\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:9/\"\n";
    let gateway = Gateway::start(&format!(
        "retry.max_retries = 0\nretry.delays_seconds = [3600]\n{down}"
    ))
    .await;
    let ends = (SystemClock::new().now() + Duration::from_mins(10)).to_string();
    let mut short = action("short", "down", &json!({}));
    short["expires_at"] = json!(ends);
    let told = gateway.dispatch(&short).await["Scheduled"]["scheduled_for"]
        .as_str()
        .expect("a time")
        .to_owned();
    assert!(told.as_str() <= ends.as_str(), "{told} is after {ends}");
    let view = gateway.get("/v1/actions/short").await.body;
    assert!(
        view["next_attempt_at"]
            .as_str()
            .is_some_and(|next| next <= ends.as_str()),
        "{view}"
    );
    assert!(
        view["outcome"]["Scheduled"]["scheduled_for"]
            .as_str()
            .is_some_and(|next| next <= ends.as_str()),
        "{view}"
    );
    let long =
        gateway.dispatch(&action("long", "down", &json!({}))).await["Scheduled"]["scheduled_for"]
            .clone();
    assert!(long.as_str() > Some(ends.as_str()), "{long}");
}
