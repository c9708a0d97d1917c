//! Sending again what ended badly: nothing twice, nothing lost from the list.

mod ids;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Gateway, action};

const LOG: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";

/// Dead letters of a provider that is there after a restart.
async fn letters(count: usize, rules: &str) -> Gateway {
    let gateway = Gateway::with_rules("rules: []", LOG).await;
    for number in 0..count {
        gateway
            .dispatch(&action(
                &format!("a{number}"),
                "later",
                &json!({ "n": number }),
            ))
            .await;
    }
    let folder = gateway.stop_and_keep().await;
    let configuration = crate::support::with_rules_in(
        &folder,
        rules,
        &LOG.replace("name = \"log\"", "name = \"later\""),
    );
    Gateway::start_in(folder, &configuration).await
}

fn numbers(summary: &Value) -> [u64; 3] {
    ["replayed", "failed", "skipped"].map(|name| summary[name].as_u64().expect("a number"))
}

async fn dead(gateway: &Gateway) -> Vec<String> {
    let body = gateway.get("/v1/dlq").await.body;
    let ids = body["entries"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| entry["action"]["id"].as_str().expect("an id").to_owned());
    let mut ids: Vec<String> = ids.collect();
    ids.reverse();
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_throttle_holds_back_stays_on_the_list() {
    let rules = "rules: [{name: slow, condition: 'true', action: {type: throttle, max_count: 2, window_seconds: 3600}}]";
    let gateway = letters(5, rules).await;
    let done = gateway
        .post("/v1/dlq/replay?provider=later", &json!(null))
        .await
        .body;
    assert_eq!(numbers(&done), [2, 0, 3], "{done}");
    assert_eq!(
        done["results"][0]["original_action_id"], "a0",
        "oldest first"
    );
    let held = &done["results"][4];
    assert_eq!(
        (
            &held["success"],
            &held["skipped"],
            &held["outcome"]["Throttled"]["rule"]
        ),
        (&json!(false), &json!(true), &json!("slow"))
    );
    assert_eq!(dead(&gateway).await, ["a2", "a3", "a4"]);
    let one = gateway.post("/v1/dlq/a3/replay", &json!(null)).await.body;
    assert_eq!(
        (&one["success"], &one["skipped"]),
        (&json!(false), &json!(true)),
        "{one}"
    );
    gateway.write_rules("rules: []");
    assert_eq!(
        gateway.post("/v1/rules/reload", &json!({})).await.status,
        StatusCode::OK
    );
    let done = gateway
        .post("/v1/dlq/replay?provider=later", &json!(null))
        .await
        .body;
    assert_eq!(numbers(&done), [3, 0, 0], "{done}");
    assert!(dead(&gateway).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_sent_is_no_second_letter() {
    let gateway = Gateway::start(LOG).await;
    gateway.dispatch(&action("a", "nope", &json!({}))).await;
    let silence = json!({ "namespace": "incidents", "tenant": "acme", "matchers": [{ "name": "team", "value": "pay" }], "duration_seconds": 600, "comment": "c" });
    let mut silenced = action("b", "nope", &json!({}));
    silenced["metadata"] = json!({ "team": "pay" });
    gateway.dispatch(&silenced).await;
    assert_eq!(
        gateway.post("/v1/silences", &silence).await.status,
        StatusCode::CREATED
    );
    let done = gateway
        .post("/v1/dlq/replay?provider=nope", &json!(null))
        .await
        .body;
    assert_eq!(numbers(&done), [0, 0, 2], "{done}");
    assert_eq!(
        done["results"][0]["outcome"]["Failed"]["code"],
        "PROVIDER_NOT_FOUND"
    );
    assert!(done["results"][1]["outcome"].get("Silenced").is_some());
    assert_eq!(
        dead(&gateway).await,
        ["a", "b"],
        "no letter more, none less"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lost_the_answer_gets_it_again_and_nothing_is_sent_twice() {
    let gateway = letters(1, "rules: []").await;
    let both = futures_util::future::join_all(
        (0..8).map(|_| async { gateway.post("/v1/dlq/a0/replay", &json!(null)).await.body }),
    )
    .await;
    assert!(
        both.iter()
            .all(|answer| *answer == both[0] && answer["success"] == true),
        "{both:?}"
    );
    // Also where the list of audit is asked for it, and a whole filter.
    assert_eq!(
        gateway.post("/v1/audit/a0/replay", &json!(null)).await.body,
        both[0]
    );
    assert_eq!(
        numbers(
            &gateway
                .post("/v1/dlq/replay?provider=later", &json!(null))
                .await
                .body
        ),
        [0, 0, 0]
    );
    assert_eq!(
        gateway
            .get("/v1/audit?provider=later&outcome=executed")
            .await
            .body["total"],
        1
    );
    // One that a person has dealt with is not sent.
    gateway.dispatch(&action("b", "nope", &json!({}))).await;
    assert_eq!(
        gateway.delete("/v1/dlq/b").await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        gateway.post("/v1/dlq/b/replay", &json!(null)).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_expired_is_named_and_left_and_stands_in_nobodys_way() {
    let gateway = Gateway::start(LOG).await;
    for number in 0..20 {
        let mut expired = action(&format!("old{number}"), "later", &json!({}));
        expired["expires_at"] = json!("2020-01-01T00:00:00Z");
        gateway.dispatch(&expired).await;
    }
    gateway
        .dispatch(&action("fresh", "later", &json!({})))
        .await;
    let gateway = gateway
        .restart(&LOG.replace("name = \"log\"", "name = \"later\""))
        .await;
    let done = gateway
        .post("/v1/dlq/replay?provider=later&limit=1", &json!(null))
        .await
        .body;
    assert_eq!(numbers(&done), [1, 0, 20], "{done}");
    let (first, last) = (&done["results"][0], &done["results"][20]);
    assert!(
        first["error"]
            .as_str()
            .expect("a reason")
            .contains("expired at 2020-01-01T00:00:00"),
        "{first}"
    );
    assert_eq!(
        (&last["original_action_id"], &last["success"]),
        (&json!("fresh"), &json!(true))
    );
    assert_eq!(dead(&gateway).await.len(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_again_can_be_left_out() {
    let down = "retry.max_retries = 0\nretry.durable = false\n[[providers]]\nname = \"down\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:1/\"\n";
    let gateway = Gateway::start(down).await;
    for number in 0..3 {
        gateway
            .dispatch(&action(&format!("a{number}"), "down", &json!({})))
            .await;
    }
    let path = "/v1/dlq/replay?provider=down&max_replays=0";
    assert_eq!(
        numbers(&gateway.post(path, &json!(null)).await.body),
        [3, 0, 0]
    );
    gateway.until("/v1/dlq", |body| body["count"] == 3).await;
    assert_eq!(
        numbers(&gateway.post(path, &json!(null)).await.body),
        [0, 0, 0]
    );
    assert_eq!(
        numbers(
            &gateway
                .post(&path.replace("=0", "=1"), &json!(null))
                .await
                .body
        ),
        [3, 0, 0]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_replays_everything_without_saying_so() {
    let gateway = letters(2, "rules: []").await;
    for path in [
        "/v1/dlq/replay",
        "/v1/dlq/replay?limit=1",
        "/v1/dlq/replay?all=false",
        "/v1/audit/replay?max_replays=0",
    ] {
        let answer = gateway.post(path, &json!(null)).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (StatusCode::BAD_REQUEST, &json!("FILTER_MISSING")),
            "{path}: {}",
            answer.body
        );
        assert!(
            answer.body["message"]
                .as_str()
                .is_some_and(|message| message.contains("all=true")),
            "{}",
            answer.body
        );
    }
    assert_eq!(dead(&gateway).await.len(), 2);
    assert_eq!(
        numbers(
            &gateway
                .post("/v1/dlq/replay?all=true", &json!(null))
                .await
                .body
        ),
        [2, 0, 0]
    );
}

/// How often each action was replayed.
fn originals(answers: &[Value]) -> std::collections::BTreeMap<String, usize> {
    let mut found = std::collections::BTreeMap::new();
    for result in answers
        .iter()
        .flat_map(|answer| answer["results"].as_array().expect("a list"))
    {
        *found
            .entry(
                result["original_action_id"]
                    .as_str()
                    .expect("an id")
                    .to_owned(),
            )
            .or_default() += 1;
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_sends_none_of_its_own_replays_again() {
    let gateway = Gateway::start(LOG).await;
    for number in 0..40 {
        gateway
            .dispatch(&action(&format!("a{number}"), "log", &json!({})))
            .await;
    }
    for query in [
        "provider=log",
        "provider=log&from=2020-01-01T00:00:00Z",
        "provider=log&outcome=executed",
    ] {
        let before = gateway.get("/v1/audit?provider=log").await.body["total"]
            .as_u64()
            .expect("a number");
        let mut answers = vec![
            gateway
                .post(&format!("/v1/audit/replay?{query}&limit=25"), &json!(null))
                .await
                .body,
        ];
        while let Some(next) = answers[answers.len() - 1]["next_cursor"].as_str() {
            assert!(
                answers.len() < 20,
                "it comes to an end: {:?}",
                originals(&answers)
            );
            let next = format!("/v1/audit/replay?{query}&limit=25&cursor={next}");
            answers.push(gateway.post(&next, &json!(null)).await.body);
        }
        let found = originals(&answers);
        assert_eq!(found.len() as u64, before, "{query}: each");
        assert!(
            found.values().all(|count| *count == 1),
            "{query}: once: {found:?}"
        );
        gateway
            .until("/v1/audit?provider=log&outcome=executed", |page| {
                page["total"].as_u64() == Some(2 * before)
            })
            .await;
    }
    let old = gateway
        .post("/v1/audit/replay?provider=log&cursor=1.2", &json!(null))
        .await;
    assert_eq!(old.status, StatusCode::BAD_REQUEST, "{:?}", old.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_whose_replay_fails_at_once_is_replayed_once() {
    let down = "retry.max_retries = 0\nretry.durable = false\n[[providers]]\nname = \"down\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:1/\"\n";
    let gateway = Gateway::start(down).await;
    for number in 0..120 {
        gateway
            .dispatch(&action(&format!("a{number}"), "down", &json!({})))
            .await;
    }
    let done = gateway
        .post("/v1/dlq/replay?provider=down&limit=1000", &json!(null))
        .await
        .body;
    let found = originals(std::slice::from_ref(&done));
    assert_eq!(
        (
            found.len(),
            found.values().sum::<usize>(),
            done["next_cursor"].as_str()
        ),
        (120, 120, None),
        "{found:?}"
    );
}
