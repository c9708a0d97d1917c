//! Rules out of seeds: the index decides as the conditions do, and no text makes loading panic.

use acteon_core::SystemClock;
use acteon_rules::{Context, EvaluateOptions, Facts, RuleFile, RuleSet};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{action, now, rules};

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
        prop_assert_eq!(indexed.rule_errors.len(), faults);
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
        prop_assert_eq!(indexed.rule_errors.len(), shown.trace.iter().filter(|entry| entry.result == "error").count());
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
