//! Definitions of chains over the API.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{counting, define, providers, sends, starting};
use crate::support::{Gateway, with_rules_in};

const DEFINITIONS: &str = "/v1/chains/definitions";

fn one_step(name: &str) -> Value {
    json!({ "name": name, "steps": [sends("only", &json!({ "text": "x" }))] })
}

fn starts(name: &str, other: &str) -> Value {
    json!({ "name": name, "steps": [{ "name": "within", "sub_chain": other }] })
}

fn details(body: &Value) -> Vec<String> {
    let details = body["details"].as_array().expect("details");
    let texts = details
        .iter()
        .map(|text| text.as_str().expect("a text").to_owned());
    texts.collect()
}

async fn gateway() -> Gateway {
    let receiver = counting().await;
    Gateway::with_rules("rules: []", &providers(&receiver)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_written_shown_replaced_and_deleted() {
    let gateway = gateway().await;
    let empty = gateway.get(DEFINITIONS).await;
    assert_eq!(
        (empty.status, empty.body),
        (StatusCode::OK, json!({ "count": 0, "definitions": [] }))
    );
    let path = format!("{DEFINITIONS}/deploy");
    assert_eq!(gateway.get(&path).await.status, StatusCode::NOT_FOUND);
    let mut definition = one_step("deploy");
    definition["timeout_seconds"] = json!(60);
    let put = gateway.put(&path, &definition).await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.body);
    assert_eq!(gateway.get(&path).await.body, put.body);
    assert_eq!(
        (&put.body["version"], &put.body["steps"][0]["name"]),
        (&json!(1), &json!("only"))
    );
    // What is shown can be written again.
    assert_eq!(gateway.put(&path, &put.body).await.body, put.body);
    definition["version"] = json!(2);
    define(&gateway, &definition).await;
    let listed = gateway.get(DEFINITIONS).await.body;
    let expected = json!({ "count": 1, "definitions": [{
        "name": "deploy", "version": 2, "steps_count": 1, "has_branches": false, "has_parallel": false, "has_sub_chains": false,
        "on_failure": "abort", "timeout_seconds": 60,
    }] });
    assert_eq!(listed, expected);
    let dag = gateway.get(&format!("{path}/dag")).await.body;
    assert_eq!(
        dag["nodes"],
        json!([{ "name": "only", "node_type": "step", "provider": "hook", "action_type": "notify" }])
    );
    assert_eq!(gateway.delete(&path).await.status, StatusCode::NO_CONTENT);
    for answer in [gateway.get(&path).await, gateway.delete(&path).await] {
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_wrong_is_told_at_once() {
    let gateway = gateway().await;
    let wrong = json!({ "name": "wrong", "steps": [
        { "name": "a", "provider": "hok", "action_type": "x", "payload_template": {}, "default_next": "b" },
        { "name": "b", "sub_chain": "nowhere", "default_next": "c" },
        { "name": "c", "approval": { "notify_provider": "hoook", "approvers": ["group:nobody"] } },
    ] });
    let put = gateway.put(&format!("{DEFINITIONS}/wrong"), &wrong).await;
    assert_eq!(put.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", put.body);
    let told = details(&put.body);
    let expected = [
        "steps[0].provider: there is no provider \"hok\"; did you mean hook?",
        "steps[2].approval.notify_provider: there is no provider \"hoook\"; did you mean hook?",
        "steps[2].approval.approvers: has \"group:nobody\", which means nobody",
        "steps[1].sub_chain: no chain is named \"nowhere\"; make it first",
    ];
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected), "{told}");
    }
    // What is no definition is told as a whole too.
    let wrong = json!({ "name": "wrong", "stepps": [], "timeout_seconds": 0, "steps": [{ "name": "a", "timer": { "duration_seconds": "x" } }] });
    let put = gateway.put(&format!("{DEFINITIONS}/wrong"), &wrong).await;
    assert_eq!(
        (put.status, details(&put.body).len()),
        (StatusCode::UNPROCESSABLE_ENTITY, 3),
        "{}",
        put.body
    );
    let other = gateway
        .put(&format!("{DEFINITIONS}/other"), &one_step("one"))
        .await;
    assert_eq!(
        (other.status, &other.body["code"]),
        (StatusCode::BAD_REQUEST, &json!("NAME_MISMATCH"))
    );
    assert_eq!(gateway.get(DEFINITIONS).await.body["count"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn chains_that_start_each_other_are_refused() {
    let gateway = gateway().await;
    define(&gateway, &one_step("c")).await;
    define(&gateway, &starts("b", "c")).await;
    define(&gateway, &starts("a", "b")).await;
    let put = gateway
        .put(&format!("{DEFINITIONS}/c"), &starts("c", "a"))
        .await;
    assert_eq!(put.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", put.body);
    assert_eq!(
        details(&put.body),
        ["the chains start each other in a circle: c -> a -> b -> c; expected one that ends"]
    );
    let deleted = gateway.delete(&format!("{DEFINITIONS}/b")).await;
    assert_eq!(
        (deleted.status, &deleted.body["message"]),
        (
            StatusCode::CONFLICT,
            &json!("the chain \"a\" starts this one; change that one first")
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_start_only_what_is_there_and_what_they_start_stays() {
    let gateway = gateway().await;
    define(&gateway, &one_step("deploy")).await;
    gateway.write_rules(&starting(&["deploi"]));
    let reloaded = gateway.post("/v1/rules/reload", &json!({})).await;
    let errors = reloaded.body.to_string();
    assert!(
        errors.contains("there is no chain \\\"deploi\\\", neither in the files nor in the store")
            && errors.contains("did you mean \\\"deploy\\\"?"),
        "{errors}"
    );
    gateway.write_rules(&starting(&["deploy"]));
    let reloaded = gateway.post("/v1/rules/reload", &json!({})).await;
    assert_eq!(reloaded.status, StatusCode::OK, "{}", reloaded.body);
    let deleted = gateway.delete(&format!("{DEFINITIONS}/deploy")).await;
    let message = deleted.body["message"].as_str().expect("a message");
    assert!(
        deleted.status == StatusCode::CONFLICT && message.contains("the rule \"start-deploy\""),
        "{message}"
    );
}

/// What the store has is there for the rules of a start.
#[tokio::test(flavor = "multi_thread")]
async fn definitions_are_known_when_the_rules_are_read_at_a_start() {
    let receiver = counting().await;
    let configuration = providers(&receiver);
    let gateway = Gateway::with_rules("rules: []", &configuration).await;
    define(&gateway, &one_step("deploy")).await;
    let folder = gateway.stop_and_keep().await;
    let configuration = with_rules_in(&folder, &starting(&["deploy"]), &configuration);
    let gateway = Gateway::start_in(folder, &configuration).await;
    assert_eq!(
        gateway.get("/v1/rules").await.body[0]["name"],
        "start-deploy"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_could_never_be_decided_by_is_refused() {
    let gateway = gateway().await;
    for (policy, why) in [
        (
            json!({ "approvers": ["lena", "max"], "quorum": 3 }),
            "steps[0].approval.quorum: is 3, and there are only 2 approvers",
        ),
        (
            json!({ "approvers": ["group:nobody"] }),
            "steps[0].approval.approvers: has \"group:nobody\", which means nobody",
        ),
        (
            json!({ "approvers": ["lena"], "timeout_seconds": 60, "remind_every_seconds": 60 }),
            "steps[0].approval.remind_every_seconds: is 60, expected 1 to less than timeout_seconds, which is 60",
        ),
        (
            json!({ "separate": true }),
            "steps[0].approval.separate: needs approvers",
        ),
    ] {
        let definition =
            json!({ "name": "deploy", "steps": [{ "name": "ask", "approval": policy }] });
        let put = gateway
            .put(&format!("{DEFINITIONS}/deploy"), &definition)
            .await;
        assert_eq!(put.status, 422, "{}", put.body);
        let told = put.body["details"].to_string().replace("\\\"", "\"");
        assert!(told.contains(why), "{why}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_json_is_told_as_that() {
    let gateway = gateway().await;
    for text in ["", "{\"name\": \"d1\", \"steps\": [NaN]}"] {
        let url = format!("{}{DEFINITIONS}/d1", gateway.base());
        let request = reqwest::Client::new().put(url).body(text);
        let answer = request.header("content-type", "application/json").send();
        let answer = answer.await.expect("an answer");
        let status = answer.status();
        let body: Value = answer.json().await.expect("JSON");
        assert_eq!(
            (status, body["code"].as_str()),
            (StatusCode::BAD_REQUEST, Some("INVALID_JSON")),
            "{text}: {body}"
        );
    }
}
