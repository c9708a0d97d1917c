//! Actions that name a profile.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{LOG, profile};
use crate::support::{Gateway, action};

/// An action through `log` that names a profile, as `id`.
fn with_template(id: &str, name: &str, payload: &Value) -> Value {
    let mut body = action(id, "log", payload);
    body["template"] = json!(name);
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_renders_before_rules_and_what_was_sent_stays() {
    let rules = "rules: [{name: texts, condition: 'action.payload.content == \"db-1 is down\"', action: {type: suppress}}]";
    let gateway = Gateway::with_rules(rules, LOG).await;
    profile(
        &gateway,
        "alert",
        &json!({ "content": "{{ host }} is {{ status }}" }),
    )
    .await;
    let down = json!({ "host": "db-1", "status": "down" });
    let outcome = gateway.dispatch(&with_template("a", "alert", &down)).await;
    assert_eq!(outcome, json!({ "Suppressed": { "rule": "texts" } }));
    let shown = gateway.get("/v1/actions/a").await.body;
    assert_eq!(
        (&shown["action"]["payload"], &shown["action"]["template"]),
        (&down, &json!("alert"))
    );

    let up = json!({ "host": "db-1", "status": "up" });
    let sent = gateway.dispatch(&with_template("b", "alert", &up)).await;
    assert!(
        sent["Executed"]["headers"]["acteon-warning"].is_null(),
        "{sent}"
    );
    // The same request is the same action; one without the profile is another.
    let again = gateway
        .post("/v1/dispatch", &with_template("b", "alert", &up))
        .await;
    assert_eq!(again.status, StatusCode::OK);
    let other = gateway.post("/v1/dispatch", &action("b", "log", &up)).await;
    assert_eq!(other.status, StatusCode::CONFLICT, "{}", other.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_profile_is_refused() {
    let gateway = Gateway::start(LOG).await;
    profile(&gateway, "alert", &json!({ "content": "x" })).await;
    let refused = gateway
        .post("/v1/dispatch", &with_template("a", "alret", &json!({})))
        .await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let told = &refused.body["fields"][0];
    assert_eq!(told["field"], json!("template"));
    assert!(
        told["message"]
            .as_str()
            .expect("a text")
            .ends_with("did you mean \"alert\"?"),
        "{told}"
    );
    let batch = json!([
        with_template("b", "alret", &json!({})),
        with_template("c", "alert", &json!({}))
    ]);
    let answer = gateway.post("/v1/dispatch/batch", &batch).await.body;
    assert!(
        answer[0]["error"]["message"].is_string() && answer[1]["Executed"].is_object(),
        "{answer}"
    );
    assert_eq!(
        gateway.get("/v1/actions/a").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_rendered_goes_plain_with_a_warning_and_is_counted() {
    let rules = "rules: [{name: texts, condition: 'action.payload.content.contains(\"could not be rendered\")', action: {type: reroute, target_provider: plain}}]";
    let plain = format!("{LOG}[[providers]]\nname = \"plain\"\ntype = \"log\"\n");
    let gateway = Gateway::with_rules(rules, &plain).await;
    profile(&gateway, "alert", &json!({ "content": "{{ host }}" })).await;
    let outcome = gateway
        .dispatch(&with_template("a", "alert", &json!({ "hots": "db-1" })))
        .await;
    let warning = outcome["Rerouted"]["response"]["headers"]["acteon-warning"].as_str();
    let warning = warning.unwrap_or_else(|| panic!("no warning: {outcome}"));
    assert!(
        warning.contains("\"alert\" could not be rendered: content, line 1: `host` is undefined"),
        "{warning}"
    );
    let metrics = gateway.get("/metrics").await.body;
    let counted = metrics
        .as_str()
        .is_some_and(|text| text.contains("\nacteon_template_errors_total 1\n"));
    assert!(counted, "{metrics}");
}
