//! Payloads that older versions accepted and that are refused today: half a surrogate pair, and numbers that no double holds.

use acteon_core::{Action, Outcome};
use acteon_simulation::harness::{ActionOutcomeExt as _, SimulationConfig, SimulationHarness};

const RULES: &str = r"
rules:
  - name: bad words
    priority: 1
    condition: { field: action.payload.text, contains: forbidden }
    action: { type: deny }
  - name: too many
    priority: 2
    condition: { field: action.payload.count, gt: 100 }
    action: { type: deny }
    on_error: hold
  - name: stamp
    priority: 3
    condition: { field: action.action_type, eq: notify }
    action: { type: modify, changes: { stamped: true } }
";

async fn harness() -> SimulationHarness {
    let config = SimulationConfig::builder()
        .add_recording_provider("log")
        .add_rule_yaml(RULES)
        .build();
    SimulationHarness::start(config)
        .await
        .expect("a simulation")
}

fn action(id: &str, payload: &str) -> Action {
    let text = format!(
        r#"{{"id":"{id}","namespace":"incidents","tenant":"acme","provider":"log","action_type":"notify","payload":{payload},"created_at":"2026-01-01T00:00:00Z"}}"#
    );
    serde_json::from_str(&text).expect("an action")
}

#[tokio::test]
async fn a_rule_that_changes_one_field_keeps_the_others_as_they_are() {
    let harness = harness().await;
    let rest = r#""text":"cut \ud83d","n":[1e400,1.10,123456789012345678901234567890]"#;
    harness
        .dispatch(&action("a", &format!("{{{rest}}}")))
        .await
        .expect("an outcome")
        .assert_executed();
    let sent = harness
        .provider("log")
        .and_then(|provider| provider.last_action())
        .expect("a call");
    assert_eq!(sent.payload.get(), format!("{{{rest},\"stamped\":true}}"));
}

#[tokio::test]
async fn no_half_of_a_letter_lets_a_forbidden_text_pass() {
    let harness = harness().await;
    let outcome = harness
        .dispatch(&action("a", r#"{"text":"forbidden \ud83d"}"#))
        .await
        .expect("an outcome");
    assert!(
        matches!(&outcome, Outcome::Suppressed { rule } if rule == "bad words"),
        "{outcome:?}"
    );
    let beside = harness
        .dispatch(&action("b", r#"{"\ud83d":1,"text":"forbidden"}"#))
        .await
        .expect("an outcome");
    assert!(
        matches!(&beside, Outcome::Suppressed { rule } if rule == "bad words"),
        "{beside:?}"
    );
    harness
        .provider("log")
        .expect("the provider")
        .assert_not_called();
}

#[tokio::test]
async fn a_number_that_cannot_be_read_fails_its_rule_and_is_shown() {
    let harness = harness().await;
    let outcome = harness
        .dispatch(&action("a", r#"{"count":1e400}"#))
        .await
        .expect("an outcome");
    assert!(
        matches!(&outcome, Outcome::Failed { code, .. } if code == "HELD"),
        "{outcome:?}"
    );
    let elsewhere = harness
        .dispatch(&action("b", r#"{"count":1,"other":1e400}"#))
        .await
        .expect("an outcome");
    elsewhere.assert_executed();
    let tried = harness
        .dispatch_dry_run(&action("c", r#"{"count":1,"text":[1e400]}"#))
        .await
        .expect("an outcome");
    assert!(
        matches!(&tried, Outcome::DryRun(tried) if tried.rule_errors[0].contains("bad words: action.payload.text")),
        "{tried:?}"
    );
}
