//! Quotas and time intervals over HTTP.

mod answers;

use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Client, Gateway, action};

const PROVIDERS: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n[[providers]]\nname = \"spare\"\ntype = \"log\"\n";

fn quota(more: &Value) -> Value {
    let mut quota = json!({ "namespace": "incidents", "tenant": "acme", "max_actions": 2, "window": "daily", "overage_behavior": "block" });
    for (key, value) in more.as_object().expect("an object") {
        quota[key] = value.clone();
    }
    quota
}

async fn make(gateway: &Client, more: &Value) -> String {
    let made = gateway.post("/v1/quotas", &quota(more)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    made.body["id"].as_str().expect("an id").to_owned()
}

async fn used(gateway: &Client, id: &str) -> Option<u64> {
    gateway.get(&format!("/v1/quotas/{id}/usage")).await.body["used"].as_u64()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_of_ten_thousand_leave() {
    let gateway = Gateway::start(PROVIDERS).await;
    let id = make(&gateway, &json!({ "max_actions": 1000, "provider": "log" })).await;
    let clients = (0..64).map(|client| {
        let gateway = &gateway;
        async move {
            let (mut went, mut refused) = (0, 0);
            for number in (client..10_000).step_by(64) {
                let outcome = gateway
                    .dispatch(&action(&format!("a{number}"), "log", &json!({})))
                    .await;
                went += usize::from(outcome.get("Executed").is_some());
                refused += usize::from(outcome.get("QuotaExceeded").is_some());
            }
            (went, refused)
        }
    });
    let counts = join_all(clients).await;
    let totals = counts.iter().fold((0, 0), |(went, refused), (more, less)| {
        (went + more, refused + less)
    });
    assert_eq!(totals, (1000, 9000));
    let metrics = gateway.get("/metrics").await.body;
    assert!(
        metrics.as_str().is_some_and(
            |text| text.contains("acteon_provider_requests_total{provider=\"log\"} 1000\n")
        ),
        "{metrics}"
    );
    let usage = gateway.get(&format!("/v1/quotas/{id}/usage")).await.body;
    assert_eq!(
        (
            usage["used"].as_u64(),
            usage["remaining"].as_u64(),
            usage["limit"].as_u64()
        ),
        (Some(1000), Some(0), Some(1000))
    );
}

async fn send(gateway: &Gateway, id: &str) -> Value {
    gateway.dispatch(&action(id, "log", &json!({}))).await
}

/// Changes what a quota does beyond its limit; returns how it is shown then.
async fn set(gateway: &Gateway, id: &str, overage: Value) -> Value {
    let body = json!({ "overage_behavior": overage, "namespace": "incidents", "tenant": "acme" });
    let answer = gateway.put(&format!("/v1/quotas/{id}"), &body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer.body["overage_behavior"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_that_blocks_refuses_for_now() {
    let gateway = Gateway::start(PROVIDERS).await;
    let id = make(&gateway, &json!({ "max_actions": 1 })).await;
    assert!(send(&gateway, "a").await.get("Executed").is_some());
    let refused = send(&gateway, "b").await["QuotaExceeded"].clone();
    assert_eq!(
        (
            refused["tenant"].as_str(),
            refused["limit"].as_u64(),
            refused["used"].as_u64(),
            refused["overage_behavior"].as_str()
        ),
        (Some("acme"), Some(1), Some(1), Some("block"))
    );
    assert!(
        refused["retry_after"]["secs"]
            .as_u64()
            .is_some_and(|seconds| seconds <= 86_400),
        "{refused}"
    );
    assert_eq!(
        used(&gateway, &id).await,
        Some(1),
        "a refusal is not counted"
    );
    assert_eq!(set(&gateway, &id, json!("warn")).await, json!("warn"));
    assert!(
        send(&gateway, "b").await.get("Executed").is_some(),
        "refused for now, then decided anew"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_that_degrades_sends_elsewhere() {
    let gateway = Gateway::start(PROVIDERS).await;
    let id = make(&gateway, &json!({ "max_actions": 2 })).await;
    for id in ["a", "b"] {
        assert!(send(&gateway, id).await.get("Executed").is_some());
    }
    assert_eq!(
        set(&gateway, &id, json!("degrade:spare")).await,
        json!({ "degrade": { "fallback_provider": "spare" } })
    );
    assert_eq!(
        send(&gateway, "c").await["Rerouted"]["new_provider"],
        "spare",
        "a quota over all providers sends elsewhere, and holds nothing back"
    );
    assert_eq!(used(&gateway, &id).await, Some(3), "and counts it");
    let to_spare = gateway
        .dispatch(&action("to-spare", "spare", &json!({})))
        .await;
    assert!(
        to_spare.get("Executed").is_some(),
        "it goes where the quota would have it go: {to_spare}"
    );
    let of_spare = make(&gateway, &json!({ "max_actions": 0, "provider": "spare" })).await;
    assert!(
        send(&gateway, "c2").await.get("QuotaExceeded").is_some(),
        "a quota of the other provider is looked at"
    );
    gateway.delete(&format!("/v1/quotas/{of_spare}")).await;
    gateway.delete(&format!("/v1/quotas/{id}")).await;
    let scoped = make(
        &gateway,
        &json!({ "max_actions": 0, "provider": "log", "overage_behavior": { "degrade": { "fallback_provider": "spare" } } }),
    )
    .await;
    assert_eq!(
        send(&gateway, "d").await["Rerouted"]["new_provider"],
        "spare"
    );
    assert_eq!(
        used(&gateway, &scoped).await,
        Some(0),
        "charged on the provider really used"
    );
    gateway.delete(&format!("/v1/quotas/{scoped}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_that_notifies_sends_one_notice() {
    let gateway = Gateway::start(PROVIDERS).await;
    make(
        &gateway,
        &json!({ "max_actions": 0, "overage_behavior": "notify:spare" }),
    )
    .await;
    for id in ["e", "f", "g"] {
        assert!(send(&gateway, id).await.get("Executed").is_some());
    }
    let notices = gateway
        .until(
            "/v1/audit?action_type=quota_notice&outcome=executed",
            |body| body["records"][0].is_object(),
        )
        .await;
    assert_eq!(
        notices["records"].as_array().map(Vec::len),
        Some(1),
        "told once"
    );
    assert_eq!(
        (
            notices["records"][0]["provider"].as_str(),
            notices["records"][0]["origin"].as_str()
        ),
        (Some("spare"), Some("notice"))
    );
    assert!(
        notices["records"][0]["action_payload"]["content"]
            .as_str()
            .is_some_and(|text| text.contains("acme"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_leave_is_not_counted() {
    let rules = r"
rules:
  - {name: no, condition: {field: action.payload.no, eq: true}, action: {type: suppress}}
  - {name: once, condition: 'has(action.dedup_key)', action: {type: deduplicate}}
";
    let gateway = Gateway::with_rules(rules, PROVIDERS).await;
    let id = make(&gateway, &json!({ "max_actions": 100 })).await;
    gateway
        .dispatch(&action("a", "log", &json!({ "no": true })))
        .await;
    gateway.dispatch(&action("b", "nope", &json!({}))).await;
    let keyed = |id: &str| {
        let mut action = action(id, "log", &json!({}));
        action["dedup_key"] = json!("k");
        action
    };
    gateway.dispatch(&keyed("c")).await;
    gateway.dispatch(&keyed("d")).await;
    let silence = json!({ "namespace": "incidents", "tenant": "acme", "matchers": [{ "name": "quiet", "value": "yes" }], "duration_seconds": 60 });
    gateway.post("/v1/silences", &silence).await;
    let mut quiet = action("e", "log", &json!({}));
    quiet["metadata"] = json!({ "quiet": "yes" });
    gateway.dispatch(&quiet).await;
    gateway
        .post("/v1/dispatch?dry_run=true", &action("f", "log", &json!({})))
        .await;
    assert_eq!(used(&gateway, &id).await, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn time_intervals_mute_rules_of_their_tenant_and_cannot_be_taken_from_under_them() {
    let gateway = Gateway::with_rules("rules: []", PROVIDERS).await;
    let interval = json!({ "name": "maintenance", "namespace": "incidents", "tenant": "acme", "location": "Asia/Shanghai", "description": null,
        "time_ranges": [{ "times": [{ "start": "00:00", "end": "24:00" }], "weekdays": [{ "start": 1, "end": 7 }], "months": null }] });
    let rule = "rules: [{name: r, mute_time_intervals: [maintenance], condition: 'true', action: {type: allow}}]";
    gateway.write_rules(rule);
    let refused = gateway.post("/v1/rules/reload", &json!({})).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.body["errors"][0]
            .as_str()
            .is_some_and(|error| error.contains("maintenance")),
        "{}",
        refused.body
    );
    let made = gateway.post("/v1/time-intervals", &interval).await;
    assert_eq!(
        (made.status, made.body["matches_now"].as_bool()),
        (StatusCode::CREATED, Some(true)),
        "{}",
        made.body
    );
    assert_eq!(
        made.body["time_ranges"][0]["times"], interval["time_ranges"][0]["times"],
        "start and end only"
    );
    assert!(made.body["time_ranges"][0].get("months").is_none());
    assert_eq!(
        gateway.post("/v1/time-intervals", &interval).await.status,
        StatusCode::CONFLICT
    );
    assert_eq!(
        gateway.post("/v1/rules/reload", &json!({})).await.status,
        StatusCode::OK
    );
    assert_eq!(
        gateway.dispatch(&action("a", "log", &json!({}))).await["Muted"]["interval"],
        "maintenance"
    );
    let mut elsewhere = action("b", "log", &json!({}));
    elsewhere["tenant"] = json!("globex");
    assert_eq!(
        gateway.dispatch(&elsewhere).await["Executed"]["status"],
        "success",
        "it is not defined for this tenant"
    );
    let path = "/v1/time-intervals/incidents/acme/maintenance";
    let deleted = gateway.delete(path).await;
    assert!(
        deleted.status == StatusCode::CONFLICT
            && deleted.body["message"]
                .as_str()
                .is_some_and(|text| text.contains("\"r\""))
    );
    let changed =
        gateway.put(path, &json!({ "time_ranges": [{ "years": [{ "start": 1999, "end": 1999 }] }], "namespace": "incidents" })).await;
    assert_eq!(
        (changed.status, changed.body["matches_now"].as_bool()),
        (StatusCode::OK, Some(false)),
        "{}",
        changed.body
    );
    assert_eq!(
        gateway.dispatch(&action("c", "log", &json!({}))).await["Executed"]["status"],
        "success"
    );
    assert_eq!(
        gateway
            .get("/v1/time-intervals?namespace=incidents")
            .await
            .body["count"],
        1
    );
    gateway.write_rules("rules: []");
    gateway.post("/v1/rules/reload", &json!({})).await;
    assert_eq!(gateway.delete(path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(gateway.get(path).await.status, StatusCode::NOT_FOUND);
}

/// What is over would go where it must not, uncounted.
#[tokio::test(flavor = "multi_thread")]
async fn a_quota_degrades_to_another_provider_than_its_own() {
    let gateway = Gateway::start(PROVIDERS).await;
    let own = json!({ "degrade": { "fallback_provider": "log" } });
    let refused = gateway
        .post(
            "/v1/quotas",
            &quota(&json!({ "provider": "log", "overage_behavior": own })),
        )
        .await;
    assert_eq!(
        (refused.status, &refused.body["fields"][0]["field"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("overage_behavior"))
    );
    assert!(
        refused.body["message"]
            .as_str()
            .is_some_and(|text| text.contains("its own provider, \"log\"")),
        "{}",
        refused.body
    );
    let id = make(
        &gateway,
        &json!({ "provider": "log", "overage_behavior": "degrade:spare" }),
    )
    .await;
    let change = json!({ "overage_behavior": "degrade:log" });
    assert_eq!(
        gateway
            .put(&format!("/v1/quotas/{id}"), &change)
            .await
            .status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(
        gateway.get(&format!("/v1/quotas/{id}")).await.body["overage_behavior"]["degrade"]["fallback_provider"],
        "spare"
    );
}
