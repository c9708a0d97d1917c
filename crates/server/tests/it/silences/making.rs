//! Making silences: checks, warnings, previews.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{LOG, by, make, silence};
use crate::support::{Gateway, action};

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

#[tokio::test(flavor = "multi_thread")]
async fn a_silence_that_can_match_nothing_is_made_with_the_reason() {
    let gateway = Gateway::start(LOG).await;
    let warnings = async |body: Value| {
        let made = gateway.post("/v1/silences", &body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
        assert_eq!(
            gateway.post("/v1/silences/preview", &body).await.body["warnings"],
            made.body["warnings"]
        );
        made.body["warnings"].to_string()
    };
    for field in ["tenant", "namespace"] {
        let mut all = silence(&by("team", "pay"));
        all[field] = json!("*");
        let told = warnings(all).await;
        assert!(
            told.contains(&format!("{field} \\\"*\\\" is a name like any other"))
                && told.contains("grants"),
            "{told}"
        );
    }
    for name in [
        "provider",
        "tenant",
        "namespace",
        "action_type",
        "status",
        "dedup_key",
        "fingerprint",
        "id",
        "Provider",
        "action-type",
    ] {
        let told = warnings(silence(&by(name, "x"))).await;
        assert!(
            told.contains("is taken for a label; did you mean action."),
            "{name}: {told}"
        );
    }
    for (matchers, part) in [
        (
            by("action.provider", "logs"),
            "no provider \\\"logs\\\" is configured",
        ),
        (
            by("action.tenant", "globex"),
            "action.tenant is never \\\"globex\\\"",
        ),
        (
            by("action.namespace", "elsewhere"),
            "action.namespace is never \\\"elsewhere\\\"",
        ),
        (
            json!([{ "name": "team", "value": "a" }, { "name": "team", "value": "b" }]),
            "\\\"team\\\" cannot equal both \\\"a\\\" and \\\"b\\\"",
        ),
        (
            by("host", "web-*"),
            "looks like a pattern: for one, write \\\"op\\\": \\\"regex\\\"",
        ),
        (by("host", "a|b"), "looks like a pattern"),
        (by("host", "/x/i"), "looks like a pattern"),
        (by("host", "checkout.*"), "looks like a pattern"),
        (by("host", "^web"), "looks like a pattern"),
    ] {
        let told = warnings(silence(&matchers)).await;
        assert!(told.contains(part), "{matchers}: {told}");
    }
    for matchers in [
        by("severity", "critical"),
        by("team", "a.b/c-d (e)"),
        by("action.provider", "log"),
        by("action.tenant", "acme.us"),
        json!([{ "name": "host", "value": "web-.*", "op": "regex" }]),
        json!([{ "name": "team", "value": "a" }, { "name": "team", "value": "a" }]),
    ] {
        assert_eq!(warnings(silence(&matchers)).await, "null", "{matchers}");
    }
    let quota = json!({ "namespace": "incidents", "tenant": "*", "max_actions": 1, "window": "daily", "overage_behavior": "warn" });
    let made = gateway.post("/v1/quotas", &quota).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    assert!(
        made.body["warnings"]
            .to_string()
            .contains("tenant \\\"*\\\" is a name like any other"),
        "{}",
        made.body
    );
}
