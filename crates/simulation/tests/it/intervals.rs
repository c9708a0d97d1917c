//! Time intervals of the store that rules name, and that are deleted while others take the place of
//! the rules in force.

use acteon_core::{Clock as _, Scope};
use acteon_gateway::{Gateway, MissingName, PolicyError, StoredInterval};
use acteon_rules::{Context, RuleFile, RuleSet};
use acteon_simulation::harness::{SimulationConfig, SimulationHarness};
use serde_json::json;

const NAMES_IT: &str = "rules: [{name: quiet, condition: 'true', mute_time_intervals: [nights], action: {type: allow}}]";
const NAMES_NONE: &str = "rules: [{name: loud, condition: 'true', action: {type: allow}}]";

/// Rules that are compiled while there is the interval.
fn compiled(text: &str) -> RuleSet {
    let file = RuleFile {
        name: "rules.yaml".into(),
        text: text.into(),
    };
    let context = Context {
        intervals: Some(std::iter::once("nights".to_owned()).collect()),
        ..Context::default()
    };
    RuleSet::compile(&[file], &context).expect("rules")
}

async fn delete(gateway: &Gateway) -> Result<(), PolicyError> {
    gateway
        .delete_interval(&Scope::everything(), "n", "t", "nights")
        .await
}

#[tokio::test]
async fn no_rule_comes_in_force_that_names_an_interval_which_was_deleted_meanwhile() {
    let harness = SimulationHarness::start(SimulationConfig::builder().build())
        .await
        .expect("a simulation");
    let gateway = harness.node(0).expect("a node").gateway();
    let now = harness.clock().now();
    let stored = StoredInterval {
        namespace: "n".into(),
        tenant: "t".into(),
        interval: json!({ "name": "nights", "time_ranges": [{ "times": [{ "start": "00:00", "end": "08:00" }] }] }),
        created_by: String::new(),
        created_at: now,
        updated_at: now,
    };
    gateway
        .create_interval(stored.clone())
        .await
        .expect("an interval");
    gateway
        .set_rules(compiled(NAMES_NONE))
        .await
        .expect("in force");
    // Compiled while it was there.
    let rules = compiled(NAMES_IT);
    delete(gateway).await.expect("no rule in force names it");
    assert_eq!(
        gateway.set_rules(rules).await,
        Err(MissingName::Interval {
            rule: "quiet".into(),
            interval: "nights".into()
        })
    );
    let names = |gateway: &Gateway| -> Vec<String> {
        let rules = gateway.rules();
        rules
            .rules()
            .map(|(rule, _)| rule.name().to_string())
            .collect()
    };
    assert_eq!(names(gateway), ["loud"], "those before stay in force");
    gateway.create_interval(stored).await.expect("an interval");
    gateway
        .set_rules(compiled(NAMES_IT))
        .await
        .expect("in force");
    assert!(matches!(
        delete(gateway).await,
        Err(PolicyError::Conflict(_))
    ));
    assert_eq!(names(gateway), ["quiet"]);
}
