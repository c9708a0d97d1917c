//! Silences: made, previewed, and looked at before every attempt.

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

/// The millisecond after an instant.
fn just_after(time: &str) -> String {
    let instant = acteon_core::Timestamp::parse(time).expect("a time");
    (instant + std::time::Duration::from_millis(1)).to_string()
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
async fn what_is_probably_not_meant_is_made_with_a_warning() {
    let gateway = Gateway::start(LOG).await;
    let warnings = async |body: Value| {
        let made = gateway.post("/v1/silences", &body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
        let previewed = gateway.post("/v1/silences/preview", &body).await.body;
        assert_eq!(previewed["warnings"], made.body["warnings"]);
        made.body["warnings"].to_string()
    };
    let mut past = silence(&by("team", "pay"));
    past.as_object_mut()
        .expect("an object")
        .remove("duration_seconds");
    (past["starts_at"], past["ends_at"]) =
        (json!("2020-01-01T00:00:00Z"), json!("2020-01-02T00:00:00Z"));
    assert!(warnings(past).await.contains("wholly in the past"));
    let negative = json!([{ "name": "team", "value": "pay", "op": "not_equal" }, { "name": "env", "value": "t.*", "op": "not_regex" }]);
    assert!(
        warnings(silence(&negative))
            .await
            .contains("everything of acme")
    );
    assert!(
        warnings(silence(&by("payload.service", "x")))
            .await
            .contains("did you mean action.payload.service?")
    );
    assert_eq!(
        warnings(silence(&by("app.kubernetes.io/name", "x"))).await,
        "null"
    );
    let refused = gateway
        .post("/v1/silences", &silence(&by("Action.tenant", "acme")))
        .await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.body["message"]
            .as_str()
            .is_some_and(|text| text.contains("did you mean action.tenant?")),
        "{}",
        refused.body
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

#[tokio::test(flavor = "multi_thread")]
async fn silences_are_checked_listed_changed_and_outlive_a_restart() {
    let gateway = Gateway::start(LOG).await;
    for (wrong, status) in [
        (
            json!({ "namespace": "n", "tenant": "t", "matchers": [], "duration_seconds": 5 }),
            422,
        ),
        (
            json!({ "namespace": "n", "tenant": "t", "matchers": [{ "name": "a", "value": "(", "op": "regex" }], "duration_seconds": 5 }),
            422,
        ),
        (
            json!({ "namespace": "n", "tenant": "t", "matchers": [{ "name": "a", "value": "b" }] }),
            422,
        ),
        (
            json!({ "namespace": "n", "tenant": "t", "matchers": [{ "name": "a", "value": "b" }], "ends_at": "2020-01-01T00:00:00Z" }),
            422,
        ),
        (
            json!({ "namespace": "", "tenant": "t", "matchers": [{ "name": "a", "value": "b" }], "duration_seconds": 5 }),
            422,
        ),
        (
            json!({ "namespace": "n", "tenant": "t", "matchers": [{ "name": "a", "value": "b" }], "duration_second": 5 }),
            422,
        ),
        (json!([]), 422),
    ] {
        let answer = gateway.post("/v1/silences", &wrong).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body["code"].is_string()),
            (status, true),
            "{wrong}: {}",
            answer.body
        );
    }
    let mut later = silence(&by("a", "b"));
    later["starts_at"] = json!("2099-01-01T00:00:00Z");
    let later = gateway.post("/v1/silences", &later).await.body;
    assert_eq!(
        (
            later["active"].as_bool(),
            gateway.get("/v1/silences").await.body["count"].as_u64()
        ),
        (Some(false), Some(0))
    );
    let id = make(
        &gateway,
        &json!([{ "name": "severity", "value": "warn.*", "op": "regex" }]),
    )
    .await;
    let changed = gateway
        .put(
            &format!("/v1/silences/{id}"),
            &json!({ "ends_at": "2099-06-01T00:00:00Z", "comment": "longer" }),
        )
        .await
        .body;
    assert_eq!(
        (changed["ends_at"].as_str(), changed["comment"].as_str()),
        (Some("2099-06-01T00:00:00.000Z"), Some("longer"))
    );
    let gateway = gateway.restart(LOG).await;
    assert_eq!(
        gateway.get(&format!("/v1/silences/{id}")).await.body,
        changed
    );
    assert_eq!(
        gateway
            .get("/v1/silences?namespace=incidents&tenant=acme")
            .await
            .body["count"],
        1
    );
    assert_eq!(
        gateway.get("/v1/silences?tenant=globex").await.body["count"],
        0
    );
    for path in ["/v1/silences/nope", "/v1/silences/nope"] {
        assert_eq!(gateway.get(path).await.status, StatusCode::NOT_FOUND);
        assert_eq!(gateway.delete(path).await.status, StatusCode::NOT_FOUND);
    }
    let mut warned = action("a", "log", &json!({}));
    warned["metadata"] = json!({ "severity": "warning" });
    assert_eq!(
        gateway.dispatch(&warned).await["Silenced"]["silence_id"],
        json!(id)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_counts_and_makes_nothing() {
    let gateway = Gateway::start(LOG).await;
    for number in 0..10 {
        gateway
            .dispatch(&action(
                &format!("a{number}"),
                "log",
                &json!({ "service": if number < 4 { "pay" } else { "core" } }),
            ))
            .await;
    }
    let mut preview = silence(&by("action.payload.service", "pay"));
    preview["last"] = json!(8);
    let found = gateway.post("/v1/silences/preview", &preview).await.body;
    assert_eq!(
        found,
        json!({ "matched": 2, "looked_at": 8, "examples": ["a3", "a2"] })
    );
    assert_eq!(
        gateway.get("/v1/silences?include_expired=true").await.body["count"],
        0
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
