//! What is fuzzed: each function takes any bytes, and must neither panic nor take long. The fuzzer and the corpus test share them.

use acteon_core::{Action, SystemClock, Timestamp};
use acteon_rules::{
    Context, EvaluateOptions, Facts, Matcher, MatcherSpec, RuleFile, RuleSet, TimeInterval,
    run_fixtures,
};
use serde_json::{Value, json};

/// A name and what is fuzzed under it.
type Target = (&'static str, fn(&[u8]));

/// Every target by its name.
#[allow(dead_code, reason = "each fuzzer uses one of them")]
pub(crate) const TARGETS: [Target; 4] = [
    ("rules", rules),
    ("condition", condition),
    ("matcher", matcher),
    ("calendar", calendar),
];

fn action(payload: &Value) -> Action {
    let whole = json!({
        "id": "a", "namespace": "n", "tenant": "t", "provider": "log", "action_type": "x", "payload": payload,
        "metadata": { "a": "1", "severity": "critical" }, "dedup_key": "k", "created_at": "2026-01-01T00:00:00Z",
    });
    serde_json::from_str(&whole.to_string()).expect("an action")
}

fn decide(rules: &RuleSet, payload: &Value) {
    let action = action(payload);
    let facts = Facts::new(&action, Timestamp::from_millis(1_767_407_400_000));
    let decided = rules.decide(&facts);
    let shown = rules.evaluate(&facts, EvaluateOptions::default(), &SystemClock::new());
    // The index leaves out only what would not have matched; a rule that holds ends a decision early.
    if decided.held.is_none() && rules.rules().all(|(_, enabled)| enabled) {
        assert_eq!(
            decided.rule.map(|rule| rule.name().to_string()),
            shown.matched_rule
        );
    }
}

fn file(text: &str) -> RuleFile {
    RuleFile {
        name: "fuzz.yaml".into(),
        text: text.to_owned(),
    }
}

/// A file of rules, and of fixtures.
pub(crate) fn rules(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match RuleSet::compile(&[file(text)], &Context::default()) {
        Ok(rules) => {
            decide(
                &rules,
                &json!({ "severity": "critical", "n": 1, "list": [1, "a", null], "map": { "x": "y" } }),
            );
            drop(run_fixtures(
                &rules,
                &Context::default().calendars,
                &file(text),
            ));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    drop(run_fixtures(
        &RuleSet::default(),
        &Context::default().calendars,
        &file(text),
    ));
}

/// The first line is a CEL expression, the rest a payload; the expression is also tried as a template.
pub(crate) fn condition(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (expression, payload) = text.split_once('\n').unwrap_or((text, "{}"));
    let payload: Value = serde_json::from_str(payload)
        .unwrap_or_else(|_| json!({ "a": "b", "n": 1, "list": [1, 2, "x"] }));
    let rules = json!({ "rules": [
        { "name": "a", "condition": expression, "action": { "type": "deny" } },
        { "name": "b", "condition": "true", "action": { "type": "modify", "changes": { "x": format!("{{{{ {expression} }}}} and more") } } },
    ] });
    if let Ok(rules) = RuleSet::compile(&[file(&rules.to_string())], &Context::default()) {
        decide(&rules, &payload);
    }
}

/// A name, an operator and a value, a line each; the rest is text to match.
pub(crate) fn matcher(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mut lines = text.splitn(4, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let spec = json!({ "name": line(), "op": line(), "value": line() });
    let Ok(spec) = serde_json::from_value::<MatcherSpec>(spec) else {
        return;
    };
    let payload = json!({ "a": line(), "n": 1, "deep": { "x": [1] } });
    if let Ok(matcher) = Matcher::compile(&spec) {
        let action = action(&payload);
        matcher.matches(&Facts::new(&action, Timestamp::default()));
    }
}

/// Eight bytes of an instant, and a time interval as JSON.
pub(crate) fn calendar(data: &[u8]) {
    let Some((instant, rest)) = data.split_first_chunk::<8>() else {
        return;
    };
    let Ok(json) = serde_json::from_slice::<Value>(rest) else {
        return;
    };
    if let Ok(interval) = TimeInterval::from_json(&json) {
        let now = Timestamp::from_millis(i64::from_le_bytes(*instant));
        if let Some(interval) = interval.in_force(&Context::default().calendars) {
            interval.matches(now);
        }
        let again = TimeInterval::from_json(&interval.to_json()).expect("what it says of itself");
        assert_eq!(again.to_json(), interval.to_json());
    }
}
