//! Silences: made, previewed, and looked at before every attempt.

mod limits;
mod making;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Gateway, action};

const LOG: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";

fn silence(matchers: &Value) -> Value {
    json!({ "namespace": "incidents", "tenant": "acme", "matchers": matchers, "duration_seconds": 600, "comment": "canary" })
}

fn by(name: &str, value: &str) -> Value {
    json!([{ "name": name, "value": value }])
}

async fn make(gateway: &Gateway, matchers: &Value) -> String {
    let made = gateway.post("/v1/silences", &silence(matchers)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    made.body["id"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_silence_does_not_come_back() {
    let gateway = Gateway::start(LOG).await;
    let id = make(&gateway, &by("team", "pay")).await;
    let path = format!("/v1/silences/{id}");
    assert_eq!(gateway.delete(&path).await.status, StatusCode::NO_CONTENT);
    for change in [
        json!({ "ends_at": "2099-01-01T00:00:00Z" }),
        json!({ "ends_at": "2099-01-01T00:00:00Z", "comment": "back" }),
    ] {
        let refused = gateway.put(&path, &change).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
        assert!(
            refused.body["message"].as_str().is_some_and(
                |text| text.contains("was deleted at") && text.contains("make a new one")
            )
        );
    }
    assert_eq!(
        gateway
            .put(&path, &json!({ "comment": "why it was" }))
            .await
            .status,
        StatusCode::OK
    );
    let gateway = gateway.restart(LOG).await;
    let kept = gateway.get(&path).await.body;
    assert_eq!(
        (
            &kept["active"],
            &kept["comment"],
            kept["deleted_at"].is_string()
        ),
        (&json!(false), &json!("why it was"), true)
    );
    assert_eq!(
        gateway.delete(&path).await.status,
        StatusCode::NO_CONTENT,
        "once more changes nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn silences_reach_items_and_names_with_dots_and_a_preview_names_what_is_on_none() {
    let gateway = Gateway::start(LOG).await;
    let alerts = json!({ "alerts": [{ "status": "firing" }], "k8s.pod": "p-1" });
    gateway.dispatch(&action("seen", "log", &alerts)).await;
    let previewed = gateway
        .post(
            "/v1/silences/preview",
            &silence(&by("action.payload.k8s.pod", "p-1")),
        )
        .await
        .body;
    assert_eq!(
        (&previewed["matched"], &previewed["on_none"]),
        (&json!(0), &json!(["action.payload.k8s.pod"])),
        "{previewed}"
    );
    for (number, (name, value)) in [
        ("action.payload.alerts[0].status", "firing"),
        ("action.payload[\"k8s.pod\"]", "p-1"),
    ]
    .iter()
    .enumerate()
    {
        let previewed = gateway
            .post("/v1/silences/preview", &silence(&by(name, value)))
            .await
            .body;
        assert_eq!(
            (&previewed["matched"], &previewed["on_none"]),
            (&json!(number + 1), &Value::Null),
            "{name}: {previewed}"
        );
        let id = make(&gateway, &by(name, value)).await;
        let held = gateway
            .dispatch(&action(&format!("a{number}"), "log", &alerts))
            .await;
        assert_eq!(held["Silenced"]["silence_id"], json!(id), "{name}: {held}");
        assert_eq!(
            gateway.delete(&format!("/v1/silences/{id}")).await.status,
            StatusCode::NO_CONTENT
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silence_holds_back_what_it_matches_until_it_ends() {
    let rules = "rules: [{name: all, condition: 'true', action: {type: allow}}]";
    let gateway = Gateway::with_rules(rules, LOG).await;
    for (place, matchers) in [
        by("team", "pay"),
        by("action.provider", "log"),
        by("action.payload.service", "checkout"),
    ]
    .iter()
    .enumerate()
    {
        let id = make(&gateway, matchers).await;
        let mut matching = action(
            &format!("a{place}"),
            "log",
            &json!({ "service": "checkout" }),
        );
        matching["metadata"] = json!({ "team": "pay" });
        let expected = json!({ "Silenced": { "silence_id": id, "matched_rule": "all" } });
        assert_eq!(gateway.dispatch(&matching).await, expected);
        let mut elsewhere = matching.clone();
        (elsewhere["id"], elsewhere["tenant"]) = (json!(format!("b{place}")), json!("acme-corp"));
        assert_eq!(
            gateway.dispatch(&elsewhere).await["Executed"]["status"],
            "success",
            "another tenant"
        );
        let mut below = matching.clone();
        (below["id"], below["tenant"]) = (json!(format!("c{place}")), json!("acme.us"));
        assert!(
            gateway.dispatch(&below).await.get("Silenced").is_some(),
            "a tenant below"
        );
        assert_eq!(
            gateway.delete(&format!("/v1/silences/{id}")).await.status,
            StatusCode::NO_CONTENT
        );
        matching["id"] = json!(format!("d{place}"));
        assert_eq!(
            gateway.dispatch(&matching).await["Executed"]["status"],
            "success",
            "the silence has ended"
        );
    }
    assert_eq!(gateway.get("/v1/silences").await.body["count"], 0);
    assert_eq!(
        gateway.get("/v1/silences?include_expired=true").await.body["count"],
        3,
        "ended ones stay on record"
    );
}

/// A retry looks again: what was accepted before the silence does not leave during it, and gives back what it was charged.
#[tokio::test(flavor = "multi_thread")]
async fn a_retry_is_held_back_by_a_silence_that_came_later() {
    let down = "retry.max_retries = 0\nretry.delays_seconds = [1]\n[[providers]]\nname = \"down\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:9/\"\n";
    let gateway = Gateway::start(down).await;
    let quota = json!({ "namespace": "incidents", "tenant": "acme", "max_actions": 5, "window": "daily", "overage_behavior": "block" });
    let quota = gateway.post("/v1/quotas", &quota).await.body["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let waiting = action("a", "down", &json!({}));
    assert!(gateway.dispatch(&waiting).await.get("Scheduled").is_some());
    assert_eq!(
        gateway.get(&format!("/v1/quotas/{quota}/usage")).await.body["used"],
        1
    );
    let id = make(&gateway, &by("action.provider", "down")).await;
    assert_eq!(
        gateway.final_outcome(&waiting).await,
        json!({ "Silenced": { "silence_id": id, "matched_rule": null } })
    );
    assert_eq!(
        gateway.get(&format!("/v1/quotas/{quota}/usage")).await.body["used"],
        0,
        "what never left is not counted"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_is_decided_like_any_other() {
    let gateway = Gateway::start(LOG).await;
    gateway.dispatch(&action("a", "nope", &json!({}))).await;
    gateway.dispatch(&action("b", "log", &json!({}))).await;
    let id = make(&gateway, &by("action.action_type", "notify")).await;
    for path in ["/v1/dlq/a/replay", "/v1/audit/b/replay"] {
        let replayed = gateway.post(path, &json!(null)).await.body;
        assert_eq!(
            replayed["outcome"]["Silenced"]["silence_id"],
            json!(id),
            "{replayed}"
        );
    }
}
