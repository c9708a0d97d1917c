//! Decisions of rules about actions.

use std::collections::BTreeMap;

use acteon_core::SystemClock;
use acteon_rules::{EvaluateOptions, Facts, RuleFile, Verdict, merge_patch, run_fixtures};
use acteon_schedule::Calendars;
use serde_json::{Value, json};

use crate::support::{action, now, patch, rules};

const RULES: &str = r#"
rules:
  - name: critical-to-wechat
    priority: 1
    condition:
      all:
        - {field: action.payload.severity, eq: critical}
        - any:
            - {field: action.metadata.team, in_list: [pay, core]}
            - {field: time.hour, gte: 22}
    action: {type: reroute, target_provider: wechat-ops}
  - name: same-in-cel
    priority: 2
    condition: 'action.payload.severity == "major" && action.metadata.team in ["pay", "core"]'
    action: {type: throttle, max_count: 5, window_seconds: 60}
  - name: enrich
    priority: 3
    condition: {field: action.payload.service, starts_with: check}
    action:
      type: modify
      changes:
        content: "[{{ upper(action.payload.service) }}] {{ action.payload.text }}{{ action.payload.missing }}"
        count: "{{ action.payload.count + 1 }}"
        keep: "{{ action.payload.missing }}"
        debug: null
  - name: fails
    priority: 4
    condition: {field: action.payload.service, gt: 5}
    action: {type: suppress}
"#;

fn decide(payload: &Value, metadata: &Value) -> (Option<String>, Option<Value>, usize) {
    let rules = rules(RULES);
    let action = action(payload, metadata);
    let decided = rules.decide(&Facts::new(&action, now()));
    (
        decided.rule.map(|rule| rule.name().to_string()),
        patch(&decided),
        decided.rule_errors.len(),
    )
}

#[test]
fn the_first_match_by_priority_decides() {
    let named = |payload: Value, metadata: Value| decide(&payload, &metadata).0;
    assert_eq!(
        named(json!({ "severity": "critical" }), json!({ "team": "pay" })).as_deref(),
        Some("critical-to-wechat")
    );
    assert_eq!(
        named(json!({ "severity": "critical" }), json!({})),
        None,
        "no team, and it is two o'clock"
    );
    assert_eq!(
        named(json!({ "severity": "major" }), json!({ "team": "core" })).as_deref(),
        Some("same-in-cel")
    );
    assert_eq!(named(json!({}), json!({})), None);
    assert_eq!(named(json!("text"), json!({})), None);
}

#[test]
fn a_payload_is_read_as_if_it_were_parsed_whole() {
    let rules = rules(
        r#"rules: [{name: r, condition: 'action.payload.a == 2 && action.payload["b c"].d == "x" && !has(action.payload.e)', action: {type: deny}}]"#,
    );
    let with = |payload: &str| {
        let whole = json!({ "id": "a", "namespace": "n", "tenant": "t", "provider": "p", "action_type": "x", "payload": 0, "created_at": "2026-01-01T00:00:00Z" });
        let action: acteon_core::Action = serde_json::from_str(
            &whole
                .to_string()
                .replace("\"payload\":0", &format!("\"payload\":{payload}")),
        )
        .expect("an action");
        rules.decide(&Facts::new(&action, now())).rule.is_some()
    };
    assert!(
        with(r#"{"a":1,"b\u0020c":{"d":"x"},"a":2}"#),
        "the last of two, and escaped names"
    );
    assert!(!with(r#"{"a":2,"b c":{"d":"x"},"e":null}"#));
    for other in ["[1]", "\"text\"", "null", "7", "{}"] {
        assert!(!with(other));
    }
}

#[test]
fn changes_are_merged_with_what_the_action_has() {
    let payload =
        json!({ "service": "checkout", "text": "down", "count": 2, "debug": 1, "keep": 7 });
    let (rule, patch, _) = decide(&payload, &json!({}));
    assert_eq!(rule.as_deref(), Some("enrich"));
    let mut merged = payload;
    merge_patch(&mut merged, &patch.expect("a patch"));
    assert_eq!(
        merged,
        json!({ "service": "checkout", "text": "down", "content": "[CHECKOUT] down(no missing)", "count": 3, "keep": 7 })
    );
}

#[test]
fn a_rule_that_fails_does_not_match_and_is_told() {
    // The change of `enrich` adds to a text, and `fails` orders a text and a number.
    let (rule, _, faults) = decide(
        &json!({ "service": "checkout", "count": "two" }),
        &json!({}),
    );
    assert_eq!((rule, faults), (None, 2));
    let hold = "rules: [{name: h, on_error: hold, condition: {field: action.payload.n, gt: 1}, action: {type: deny}}]";
    let rules = rules(hold);
    let action = action(&json!({ "n": "x" }), &json!({}));
    let decided = rules.decide(&Facts::new(&action, now()));
    assert_eq!(
        decided.held.map(|fault| fault.rule.to_string()).as_deref(),
        Some("h")
    );
}

#[test]
fn rules_can_be_switched_off() {
    let rules =
        rules(RULES).with_toggles(&BTreeMap::from([("critical-to-wechat".to_owned(), false)]));
    let action = action(
        &json!({ "severity": "critical" }),
        &json!({ "team": "pay" }),
    );
    assert!(rules.decide(&Facts::new(&action, now())).rule.is_none());
    assert_eq!(rules.rules().filter(|(_, enabled)| !enabled).count(), 1);
}

#[test]
fn the_playground_shows_every_rule() {
    let rules = rules(RULES);
    let action = action(
        &json!({ "severity": "critical", "service": 7 }),
        &json!({ "team": "pay" }),
    );
    let facts = Facts::new(&action, now());
    let shown = rules.evaluate(&facts, EvaluateOptions::default(), &SystemClock::new());
    assert_eq!(
        (shown.verdict.as_str(), shown.matched_rule.as_deref()),
        ("reroute", Some("critical-to-wechat"))
    );
    assert_eq!(
        (shown.total_rules_evaluated, shown.total_rules_skipped),
        (1, 3)
    );
    assert_eq!(shown.trace[1].skip_reason, Some("earlier_rule_matched"));
    let condition = r#"action.payload.severity == "critical" && (action.metadata.team in ["pay", "core"] || time.hour >= 22)"#;
    assert_eq!(shown.trace[0].condition_display, condition);
    let all = rules.evaluate(
        &facts,
        EvaluateOptions {
            evaluate_all: true,
            include_disabled: false,
        },
        &SystemClock::new(),
    );
    assert_eq!(
        (
            all.total_rules_evaluated,
            all.has_errors,
            all.verdict.as_str()
        ),
        (4, true, "reroute"),
        "{all:?}"
    );
}

#[test]
fn fixtures_tell_how_a_decision_differs() {
    let fixtures = r"
tests:
  - name: critical pages
    action: {tenant: acme, payload: {severity: critical}, metadata: {team: pay}}
    expect: {verdict: reroute, rule: critical-to-wechat, provider: wechat-ops}
  - name: at night
    at: 2026-01-03T22:30:00Z
    action: {payload: {severity: critical}}
    expect: {verdict: allow}
";
    let file = RuleFile {
        name: "tests.yaml".into(),
        text: fixtures.into(),
    };
    let results = run_fixtures(&rules(RULES), &Calendars::default(), &file).expect("fixtures");
    assert_eq!(results[0].differences, Vec::<String>::new());
    assert_eq!(
        results[1].differences,
        ["verdict: expected allow, got reroute"]
    );
}

/// What ends a text that is longer than what is searched, and what lies beyond.
#[test]
fn long_texts_are_searched_as_far_as_the_book_says() {
    let set = rules(
        "rules: [{name: within, condition: {field: action.payload.t, contains: early}, action: {type: deny}}, {name: beyond, condition: {field: action.payload.t, contains: late}, action: {type: deny}}, {name: end, condition: {field: action.payload.t, ends_with: the end}, action: {type: deny}}]",
    );
    let first = |text: String| {
        let action = action(&json!({ "t": text }), &json!({}));
        set.decide(&Facts::new(&action, now()))
            .rule
            .map(|rule| rule.name().to_string())
    };
    let filler = "x".repeat(70_000);
    assert_eq!(first(format!("early {filler}")).as_deref(), Some("within"));
    assert_eq!(first(format!("{filler} late {filler}")), None);
    assert_eq!(
        first(format!("{filler} late {filler} the end")).as_deref(),
        Some("end")
    );
}

#[test]
fn a_verdict_has_its_parameters() {
    let rules = rules("rules: [{name: d, condition: 'true', action: {type: deduplicate}}]");
    let (rule, _) = rules.rules().next().expect("a rule");
    assert!(matches!(rule.verdict(), Verdict::Deduplicate { ttl } if ttl.as_secs() == 3600));
}
