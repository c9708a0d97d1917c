//! Rules as a running server has them: loading, switching, trying.

mod files;
mod fixtures;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Gateway, Process, action, run_command, with_rules_in};

const LOG: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";

const TWO: &str = r#"
rules:
  - {name: spam, priority: 5, description: not wanted, condition: 'action.payload.kind == "spam"', action: {type: suppress}}
  - {name: night, priority: 1, timezone: Asia/Shanghai, condition: 'time.hour >= 22', enabled: false, action: {type: deny}}
"#;

fn spam(id: &str) -> Value {
    action(id, "log", &json!({ "kind": "spam" }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switched_rule_stays_switched_over_reload_and_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let configuration = with_rules_in(&folder, TWO, LOG);
    let gateway = Gateway::start_in(folder, &configuration).await;
    let names: Vec<Value> = gateway
        .get("/v1/rules")
        .await
        .body
        .as_array()
        .expect("a list")
        .clone();
    assert_eq!(
        (&names[0]["name"], &names[0]["enabled"], &names[1]["name"]),
        (&json!("night"), &json!(false), &json!("spam"))
    );
    assert_eq!(
        (&names[1]["priority"], &names[1]["description"]),
        (&json!(5), &json!("not wanted"))
    );
    assert!(
        gateway
            .dispatch(&spam("a"))
            .await
            .get("Suppressed")
            .is_some()
    );
    let off = gateway
        .put("/v1/rules/spam/enabled", &json!({ "enabled": false }))
        .await;
    assert_eq!(
        off.body,
        json!({ "name": "spam", "enabled": false, "status": "disabled" })
    );
    assert!(gateway.dispatch(&spam("b")).await.get("Executed").is_some());
    gateway.post("/v1/rules/reload", &json!({})).await;
    assert!(
        gateway.dispatch(&spam("c")).await.get("Executed").is_some(),
        "over a reload"
    );
    let gateway = gateway.restart(&configuration).await;
    assert!(
        gateway.dispatch(&spam("d")).await.get("Executed").is_some(),
        "over a restart"
    );
    gateway
        .put("/v1/rules/spam/enabled", &json!({ "enabled": true }))
        .await;
    assert!(
        gateway
            .dispatch(&spam("e"))
            .await
            .get("Suppressed")
            .is_some()
    );
    assert_eq!(
        gateway
            .put("/v1/rules/nope/enabled", &json!({ "enabled": true }))
            .await
            .status,
        StatusCode::NOT_FOUND
    );
}

#[test]
fn a_server_does_not_start_on_broken_rules() {
    let folder = tempfile::tempdir().expect("a folder");
    let rules =
        "rules: [{name: r, condition: 'true', action: {type: reroute, target_provider: nowhere}}]";
    let configuration = with_rules_in(&folder, rules, LOG);
    let path = folder.path().join("acteon.toml");
    std::fs::write(&path, configuration).expect("written");
    let path = path.to_str().expect("text");
    let data = folder.path().to_str().expect("text");
    for arguments in [
        vec!["-c", path, "--data-dir", data, "--port", "0"],
        vec!["check", "-c", path],
    ] {
        let output = run_command(&arguments, &[], "");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success()
                && said.contains("there is no provider \"nowhere\"; configured are: log"),
            "{said}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_playground_decides_as_at_any_time_and_changes_nothing() {
    let gateway = Gateway::with_rules(&TWO.replace("enabled: false, ", ""), LOG).await;
    let asked = json!({ "namespace": "n", "tenant": "t", "provider": "log", "action_type": "x", "payload": { "kind": "spam" }, "metadata": {},
        "include_disabled": false, "evaluate_all": false, "evaluate_at": "2026-01-03T15:00:00Z", "mock_state": { "k": "v" } });
    let shown = gateway.post("/v1/rules/evaluate", &asked).await.body;
    assert_eq!(
        (shown["verdict"].as_str(), shown["matched_rule"].as_str()),
        (Some("deny"), Some("night")),
        "23:00 in Shanghai: {shown}"
    );
    assert_eq!(shown["trace"][1]["skip_reason"], "earlier_rule_matched");
    let mut by_day = asked.clone();
    by_day["evaluate_at"] = json!("2026-01-03T02:00:00Z");
    let shown = gateway.post("/v1/rules/evaluate", &by_day).await.body;
    assert_eq!(shown["matched_rule"], "spam");
    assert!(
        shown["context"]["time"]
            .as_object()
            .is_some_and(|time| time.values().all(Value::is_number))
    );
    by_day["payload"] = json!({});
    let shown = gateway.post("/v1/rules/evaluate", &by_day).await.body;
    assert_eq!(
        (&shown["verdict"], &shown["trace"][2]["rule_name"]),
        (&json!("allow"), &json!("(default fallthrough)"))
    );
    assert_eq!(gateway.get("/v1/audit").await.body["records"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn coverage_tells_what_no_rule_looks_at_and_which_rules_are_idle() {
    let gateway = Gateway::with_rules(TWO, LOG).await;
    for number in 0..3 {
        gateway.dispatch(&spam(&format!("a{number}"))).await;
        gateway
            .dispatch(&action(&format!("b{number}"), "log", &json!({})))
            .await;
    }
    let mut other = action("c", "log", &json!({}));
    other["action_type"] = json!("page");
    gateway.dispatch(&other).await;
    let found = gateway
        .get("/v1/rules/coverage?namespace=incidents")
        .await
        .body;
    assert_eq!(
        (
            &found["total_actions"],
            &found["unique_combinations"],
            &found["rules_loaded"]
        ),
        (&json!(7), &json!(2), &json!(2))
    );
    assert_eq!(
        (
            &found["fully_covered"],
            &found["partially_covered"],
            &found["uncovered"]
        ),
        (&json!(0), &json!(1), &json!(1))
    );
    assert_eq!(found["unmatched_rules"], json!(["night"]));
    assert_eq!(
        (
            &found["entries"][0]["covered"],
            &found["entries"][0]["matched_rules"]
        ),
        (&json!(3), &json!(["spam"])),
        "{found}"
    );
}

#[test]
fn a_time_zone_that_is_none_is_told_with_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let configuration = format!(
        "rules.default_timezone = \"Asia/Beijing\"\n{}",
        with_rules_in(&folder, TWO, LOG)
    );
    let Err(wrong) = crate::support::parse(&configuration) else {
        panic!("it was accepted")
    };
    assert!(
        wrong.contains("acteon.toml:2") && wrong.contains("Asia/Beijing"),
        "{wrong}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_and_silences_hold_after_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let configuration = with_rules_in(&folder, TWO, LOG);
    let process = Process::start(folder.path(), &configuration, &[]);
    let silence = json!({ "namespace": "incidents", "tenant": "acme", "matchers": [{ "name": "action.provider", "value": "log" }], "duration_seconds": 600 });
    assert_eq!(
        process.client().post("/v1/silences", &silence).await.status,
        StatusCode::CREATED
    );
    process
        .client()
        .put("/v1/rules/spam/enabled", &json!({ "enabled": false }))
        .await;
    process.kill();
    let process = Process::start(folder.path(), &configuration, &[]);
    assert!(
        process
            .client()
            .dispatch(&spam("a"))
            .await
            .get("Silenced")
            .is_some()
    );
    assert_eq!(
        process.client().get("/v1/rules").await.body[1]["enabled"],
        false
    );
}

/// Labels may be sent within `labels`, and a path may be written so.
#[tokio::test(flavor = "multi_thread")]
async fn a_label_is_found_however_its_path_is_written() {
    let rules = "rules:\n  - {name: one, condition: {field: action.metadata.labels.team, eq: pay}, action: {type: suppress}}\n  - {name: two, condition: 'action.metadata.labels.kind == \"x\"', action: {type: suppress}}\n";
    let gateway = Gateway::with_rules(rules, LOG).await;
    for (id, metadata, rule) in [
        ("a", json!({ "labels": { "team": "pay" } }), "one"),
        ("b", json!({ "team": "pay" }), "one"),
        ("c", json!({ "labels": { "kind": "x" } }), "two"),
    ] {
        let mut labelled = action(id, "log", &json!({}));
        labelled["metadata"] = metadata;
        assert_eq!(
            gateway.dispatch(&labelled).await["Suppressed"]["rule"],
            rule,
            "{id}"
        );
    }
    for blank in [
        "action.payload.team ",
        " action.payload.team",
        "action.metadata.team ",
        "action.payload. team",
        "action.metadata.labels.team\u{3000}",
    ] {
        gateway.write_rules(&format!("rules:\n  - {{name: one, condition: {{field: '{blank}', eq: pay}}, action: {{type: suppress}}}}\n"));
        let refused = gateway.post("/v1/rules/reload", &json!({})).await;
        let told = refused.body.to_string();
        assert!(
            refused.status == StatusCode::UNPROCESSABLE_ENTITY && told.contains("blank at an end"),
            "{blank:?}: {told}"
        );
    }
}
