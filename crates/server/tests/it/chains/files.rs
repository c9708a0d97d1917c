//! Definitions of chains in the rules' files.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{counting, define, providers, sends, start, until_it_is};
use crate::support::Gateway;

const DEPLOY: &str = r#"
chains:
  - name: deploy
    steps:
      - name: announce
        provider: hook
        action_type: notify
        payload_template: {text: "deploying {{ origin.payload.build }}"}
      - {name: within, sub_chain: report}
  - name: report
    steps:
      - {name: tell, provider: hook, action_type: notify, payload_template: {text: done}}
rules:
  - {name: deployments, condition: {field: action.action_type, eq: deploy}, action: {type: chain, chain: deploy}}
"#;

async fn reload(gateway: &Gateway, rules: &str) -> Value {
    gateway.write_rules(rules);
    gateway.post("/v1/rules/reload", &json!({})).await.body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_of_a_file_is_started_and_changed_in_its_file_only() {
    let receiver = counting().await;
    let gateway = Gateway::with_rules(DEPLOY, &providers(&receiver)).await;
    let chain = start(&gateway, "a", "deploy", &json!({ "build": "v7" })).await;
    until_it_is(&gateway, &chain, "completed").await;
    assert_eq!(receiver.requests().len(), 2);
    let path = "/v1/chains/definitions/deploy";
    let shown = gateway.get(path).await.body;
    assert_eq!(shown["steps"][1]["sub_chain"], "report");
    let other = json!({ "name": "deploy", "steps": [sends("only", &json!({}))] });
    for refused in [gateway.put(path, &other).await, gateway.delete(path).await] {
        let message = refused.body["message"].as_str().expect("a message");
        assert!(
            refused.status == StatusCode::CONFLICT
                && message.contains("rules.yaml:3; change it there"),
            "{message}"
        );
    }
    // Gone from the file, it is gone.
    reload(&gateway, "rules: []").await;
    assert_eq!(gateway.get(path).await.status, StatusCode::NOT_FOUND);
    define(&gateway, &other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_wrong_changes_nothing_and_each_line_is_told() {
    let receiver = counting().await;
    let gateway = Gateway::with_rules(DEPLOY, &providers(&receiver)).await;
    let wrong = DEPLOY
        .replace("provider: hook\n", "provider: hok\n")
        .replace("sub_chain: report", "sub_chain: repot")
        .replace("chain: deploy}", "chain: deploi}");
    let told = reload(&gateway, &wrong).await.to_string();
    for expected in [
        "rules.yaml:6:19: chains \\\"deploy\\\": steps[0].provider: there is no provider \\\"hok\\\"",
        "rules.yaml:9:35: chains \\\"deploy\\\": steps[1].sub_chain: no chain is named \\\"repot\\\"",
        "there is no chain \\\"deploi\\\", neither in the files nor in the store",
    ] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
    let chain = start(&gateway, "a", "deploy", &json!({ "build": 1 })).await;
    until_it_is(&gateway, &chain, "completed").await;
    // Chains of the store start those of files, and the other way round.
    let stored =
        json!({ "name": "stored", "steps": [{ "name": "within", "sub_chain": "report" }] });
    define(&gateway, &stored).await;
    let circle = DEPLOY.replace(
        "{name: tell, provider: hook, action_type: notify, payload_template: {text: done}}",
        "{name: tell, sub_chain: stored}",
    );
    let told = reload(&gateway, &circle).await.to_string();
    assert!(
        told.contains("the chains start each other in a circle"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_chain_of_the_store_starts_is_not_taken_away() {
    let receiver = counting().await;
    let gateway = Gateway::with_rules(DEPLOY, &providers(&receiver)).await;
    let stored =
        json!({ "name": "stored", "steps": [{ "name": "within", "sub_chain": "report" }] });
    define(&gateway, &stored).await;
    let told = reload(&gateway, "rules: []").await.to_string();
    for expected in [
        "the chain \\\"stored\\\", which is in the store, could not be started any more",
        "no chain is named \\\"report\\\"",
        "rules.yaml:10 defined it until now",
    ] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
    let path = "/v1/chains/definitions/report";
    assert_eq!(gateway.get(path).await.status, 200, "what was stays");
    let gone = gateway.delete("/v1/chains/definitions/stored").await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    reload(&gateway, "rules: []").await;
    assert_eq!(gateway.get(path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_without_what_a_chain_of_the_store_starts_says_so() {
    let receiver = counting().await;
    let folder = tempfile::tempdir().expect("a folder");
    let lines = crate::support::with_rules_in(&folder, DEPLOY, &providers(&receiver));
    let gateway = Gateway::start_in(folder, &lines).await;
    let stored =
        json!({ "name": "stored", "steps": [{ "name": "within", "sub_chain": "report" }] });
    define(&gateway, &stored).await;
    gateway.write_rules("rules: []");
    let gateway = gateway.restart(&lines).await;
    let ready = gateway.get("/ready").await;
    let told = ready.body.to_string();
    assert!(
        ready.status == StatusCode::OK
            && ready.body["status"] == "degraded"
            && told.contains("the chain \\\"stored\\\", which is in the store, cannot be started"),
        "{told}"
    );
    let gone = gateway.delete("/v1/chains/definitions/stored").await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(gateway.get("/ready").await.body["status"], "ready");
}
