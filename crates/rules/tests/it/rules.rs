//! What rules decide.

use std::collections::BTreeMap;

use acteon_core::SystemClock;
use acteon_rules::{
    Context, EvaluateOptions, Facts, RuleFile, RuleSet, Verdict, merge_patch, run_fixtures,
};
use proptest::prelude::*;
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
        decided.faults.len(),
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
    let results = run_fixtures(&rules(RULES), &file).expect("fixtures");
    assert_eq!(results[0].differences, Vec::<String>::new());
    assert_eq!(
        results[1].differences,
        ["verdict: expected allow, got reroute"]
    );
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!("a")),
        Just(json!("b")),
        Just(json!(1)),
        Just(json!(1.0)),
        Just(json!(2)),
        Just(json!(null)),
        Just(json!(true)),
        Just(json!(["a", 1])),
        Just(json!({ "x": "a" })),
    ]
}

fn field() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just("action.payload.p"),
        Just("action.payload.q"),
        Just("action.payload.q.x"),
        Just("action.metadata.m"),
        Just("action.tenant"),
        Just("time.hour"),
    ]
}

/// Whether a condition is one that may hold: others are refused when they are loaded.
fn is_taken(condition: &Value) -> bool {
    let text =
        json!({ "rules": [{ "name": "r", "condition": condition, "action": { "type": "deny" } }] })
            .to_string();
    acteon_rules::RuleSet::compile(
        &[RuleFile {
            name: "f".into(),
            text,
        }],
        &acteon_rules::Context::default(),
    )
    .is_ok()
}

fn predicate() -> impl Strategy<Value = Value> {
    let operators = prop_oneof![
        Just("eq"),
        Just("ne"),
        Just("gt"),
        Just("lte"),
        Just("contains"),
        Just("starts_with")
    ];
    let scalar = prop_oneof![
        Just(json!("a")),
        Just(json!("acme")),
        Just(json!(1)),
        Just(json!(2)),
        Just(json!(null))
    ];
    let single = (field(), operators, scalar.clone())
        .prop_map(|(field, operator, value)| json!({ "field": field, operator: value }));
    let listed = (field(), proptest::collection::vec(scalar, 1..3))
        .prop_map(|(field, list)| json!({ "field": field, "in_list": list }));
    prop_oneof![single, listed]
        .prop_filter("it may hold", is_taken)
        .prop_recursive(3, 12, 3, |inner| {
            (any::<bool>(), proptest::collection::vec(inner, 1..4))
                .prop_map(|(all, list)| json!({ if all { "all" } else { "any" }: list }))
        })
}

fn searching() -> impl Strategy<Value = Value> {
    let literal = prop_oneof![
        Just("acme"),
        Just("ACME"),
        Just("down"),
        Just("c"),
        Just("me-4"),
        Just("店"),
        Just("k"),
        Just("s")
    ];
    let pattern = prop_oneof![
        Just("^acme"),
        Just("acme-?[0-9]+"),
        Just("(?i)acme"),
        Just("(?i)kelvin|sun"),
        Just("(acme|down)$"),
        Just("(ac)+me"),
        Just("a+cme"),
        Just("x*"),
        Just(""),
        Just("do(wn|or)"),
        Just("(?i)IS d(?-i)own"),
        Just("\\bis\\b"),
        Just("[Aa][Cc]me"),
        Just("(web|db)-(acme|42)"),
        Just("[^a]cme"),
        Just("(?:acme){2,}"),
        Just("店$"),
    ];
    let operator = prop_oneof![
        Just("contains"),
        Just("starts_with"),
        Just("ends_with"),
        Just("eq")
    ];
    let plain = (field(), operator, literal)
        .prop_map(|(field, operator, value)| json!({ "field": field, operator: value }));
    let matched =
        (field(), pattern).prop_map(|(field, value)| json!({ "field": field, "matches": value }));
    prop_oneof![plain, matched]
        .prop_filter("it may hold", is_taken)
        .prop_recursive(2, 6, 3, |inner| {
            (any::<bool>(), proptest::collection::vec(inner, 1..4))
                .prop_map(|(all, list)| json!({ if all { "all" } else { "any" }: list }))
        })
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

/// Those that are taken: what could never be true is refused.
fn possible(conditions: Vec<Value>) -> Vec<Value> {
    let is_taken = |condition: &Value| {
        let text = json!({ "rules": [{ "name": "r", "condition": condition, "action": { "type": "deny" } }] }).to_string();
        RuleSet::compile(
            &[RuleFile {
                name: "f".into(),
                text,
            }],
            &Context::default(),
        )
        .map_or_else(|error| !error.to_string().contains("is never"), |_| true)
    };
    conditions.into_iter().filter(is_taken).collect()
}

proptest! {
    /// The index leaves out only rules that would not have matched, and the spelling in CEL means the same as the predicates.
    #[test]
    fn index_and_cel_decide_as_the_predicates_do(
        conditions in proptest::collection::vec(predicate(), 1..12), p in value(), q in value(), m in prop_oneof![Just("a"), Just("1")],
    ) {
        let of = |condition: &Value, number: usize| json!({ "name": format!("r{number}"), "condition": condition, "action": { "type": "deny" } });
        let list: Vec<Value> = possible(conditions).iter().enumerate().map(|(number, condition)| of(condition, number)).collect();
        let set = rules(&json!({ "rules": list }).to_string());
        let action = action(&json!({ "p": p, "q": q }), &json!({ "m": m }));
        let facts = Facts::new(&action, now());
        let indexed = set.decide(&facts);
        let shown = set.evaluate(&facts, EvaluateOptions::default(), &SystemClock::new());
        prop_assert_eq!(indexed.rule.map(|rule| rule.name().to_string()), shown.matched_rule.clone());
        let faults = shown.trace.iter().filter(|entry| entry.result == "error").count();
        prop_assert_eq!(indexed.faults.len(), faults);
        let in_cel: Vec<Value> = shown.trace.iter().filter(|entry| entry.source != "System")
            .enumerate().map(|(number, entry)| of(&json!(entry.condition_display), number)).collect();
        let spelled = rules(&json!({ "rules": in_cel }).to_string());
        let decided = spelled.decide(&facts);
        prop_assert_eq!(decided.rule.map(|rule| rule.name().to_string()), shown.matched_rule);
    }

    /// The same for what is looked for within texts.
    #[test]
    fn what_is_looked_for_within_texts_is_found_by_the_index(
        conditions in proptest::collection::vec(searching(), 1..24),
        texts in proptest::collection::vec(prop_oneof![2 => "[aAcCmMeE0-2 .-]{0,12}", 1 => "(acme|ACME|down|Kelvin|\u{212a}|\u{17f}|db|web)[- ]?(acme|42|is down|店)?"], 2),
        list in any::<bool>(),
    ) {
        let of = |(number, condition): (usize, &Value)| json!({ "name": format!("r{number}"), "condition": condition, "action": { "type": "deny" } });
        let rules_of = |conditions: &[Value]| rules(&json!({ "rules": conditions.iter().enumerate().map(of).collect::<Vec<_>>() }).to_string());
        let set = rules_of(&possible(conditions));
        let q = if list { json!([texts[1], "acme"]) } else { json!(texts[1]) };
        let action = action(&json!({ "p": texts[0], "q": q }), &json!({ "m": texts[1] }));
        let facts = Facts::new(&action, now());
        let indexed = set.decide(&facts);
        let shown = set.evaluate(&facts, EvaluateOptions::default(), &SystemClock::new());
        prop_assert_eq!(indexed.rule.map(|rule| rule.name().to_string()), shown.matched_rule);
        prop_assert_eq!(indexed.faults.len(), shown.trace.iter().filter(|entry| entry.result == "error").count());
    }

    /// No text makes loading panic.
    #[test]
    fn any_text_is_rules_or_refused(text in ".{0,200}", condition in "[-a-z0-9.()!&|=<>'\" \\[\\]?:+*/%{},]{0,60}") {
        let context = acteon_rules::Context::default();
        let load = |text: &str| acteon_rules::RuleSet::compile(&[RuleFile { name: "f".into(), text: text.to_owned() }], &context).is_ok();
        load(&text);
        let list = json!({ "rules": [{ "name": "x", "condition": condition, "action": { "type": "deny" } }] });
        load(&list.to_string());
    }
}

#[test]
fn a_verdict_has_its_parameters() {
    let rules = rules("rules: [{name: d, condition: 'true', action: {type: deduplicate}}]");
    let (rule, _) = rules.rules().next().expect("a rule");
    assert!(matches!(rule.verdict(), Verdict::Deduplicate { ttl } if ttl.as_secs() == 3600));
}
