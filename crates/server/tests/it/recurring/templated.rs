//! Recurring actions that name a profile.

use serde_json::json;

use super::{LOG, daily, faults, made};
use crate::support::Gateway;

#[tokio::test(flavor = "multi_thread")]
async fn occurrences_are_rendered_by_the_profile_that_is_named() {
    let rules = "rules: [{name: texts, condition: 'action.payload.content == \"standup of the ops\"', action: {type: suppress}}]";
    let gateway = Gateway::with_rules(rules, LOG).await;
    let profile = json!({ "namespace": "incidents", "tenant": "acme", "name": "standup", "fields": { "content": "standup of the {{ team }}" } });
    let profile = gateway.post("/v1/templates/profiles", &profile).await;
    let data = json!({ "template": "standup", "payload": { "team": "ops" } });
    let unknown = json!({ "template": "standpu", "payload": { "team": "ops" } });
    let refused = gateway.post("/v1/recurring", &daily(&unknown)).await;
    let [(field, message)] = &faults(&refused)[..] else {
        panic!("{}", refused.body)
    };
    assert_eq!(field, "template");
    assert!(message.ends_with("did you mean \"standup\"?"), "{message}");

    let id = made(&gateway, &data).await;
    let path = format!("/v1/recurring/{id}");
    let shown = gateway.get(&path).await.body;
    assert_eq!(
        (&shown["template"], &shown["payload"]),
        (&json!("standup"), &json!({ "team": "ops" }))
    );
    let span = json!({ "start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z" });
    let backfill = format!("{path}/backfill");
    let sent = gateway.post(&backfill, &span).await.body;
    assert_eq!(sent["results"][0]["outcome"], "suppressed", "{sent}");
    let action = sent["results"][0]["action_id"].as_str().expect("an id");
    let kept = gateway.get(&format!("/v1/actions/{action}")).await.body;
    assert_eq!(
        (&kept["action"]["template"], &kept["action"]["payload"]),
        (&json!("standup"), &json!({ "team": "ops" }))
    );

    // `null` removes it, and one whose profile is gone says so instead of what it was to say.
    let profile = profile.body["id"].as_str().expect("an id").to_owned();
    let deleted = gateway
        .delete(&format!("/v1/templates/profiles/{profile}"))
        .await;
    assert_eq!(deleted.status, 204);
    let span = json!({ "start": "2026-01-02T00:00:00Z", "end": "2026-01-03T00:00:00Z" });
    let sent = gateway.post(&backfill, &span).await.body;
    let action = sent["results"][0]["action_id"].as_str().expect("an id");
    let path_of_action = format!("/v1/actions/{action}");
    let is_sent = |body: &serde_json::Value| body["outcome"]["Executed"].is_object();
    let kept = gateway.until(&path_of_action, is_sent).await;
    let warning = kept["outcome"]["Executed"]["headers"]["acteon-warning"].as_str();
    let expected = "have no such profile any more";
    assert!(
        warning.is_some_and(|told| told.contains(expected)),
        "{kept}"
    );
    let changed = gateway.put(&path, &json!({ "template": null })).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert!(gateway.get(&path).await.body["template"].is_null());
}
