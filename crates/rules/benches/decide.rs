//! One decision over 10, 1,000 and 10,000 rules, mostly equality conditions, one hit; and reading the payload, apart.
//!
//! `cargo bench -p acteon-rules`

use std::fmt::Write as _;

use acteon_core::{Action, Timestamp};
use acteon_rules::{Context, Facts, RuleFile, RuleSet};
use divan::Bencher;

const RULES: [usize; 3] = [10, 1_000, 10_000];
/// Filler in the payload, in bytes.
const PAYLOADS: [usize; 3] = [100, 3_000, 28_000];

fn main() {
    divan::main();
}

/// Nine of ten rules ask for a service, half of those in CEL; the others look at the hour, and at most five at a pattern.
fn rules(count: usize) -> RuleSet {
    let mut text = String::from("rules:\n");
    for number in 0..count {
        let condition = match number % 10 {
            _ if number < 5 => {
                format!("{{field: action.payload.text, matches: '^never-{number}'}}")
            }
            9 => format!("'action.metadata.team == \"team-{number}\" && time.hour >= 25'"),
            odd if odd % 2 == 1 => {
                format!(
                    "{{all: [{{field: action.payload.service, eq: service-{number}}}, {{field: action.payload.level, gte: 3}}]}}"
                )
            }
            _ => format!(
                "'action.payload.service == \"service-{number}\" && action.tenant.startsWith(\"ac\")'"
            ),
        };
        writeln!(
            text,
            "  - {{name: r{number}, condition: {condition}, action: {{type: suppress}}}}"
        )
        .expect("text");
    }
    RuleSet::compile(
        &[RuleFile {
            name: "bench".into(),
            text,
        }],
        &Context::default(),
    )
    .expect("rules")
}

fn action(rules: usize, filler: usize) -> Action {
    let service = rules - 2;
    let text = format!(
        r#"{{"id":"a","namespace":"n","tenant":"acme","provider":"log","action_type":"notify","created_at":"2026-01-01T00:00:00Z",
           "payload":{{"text":"x","service":"service-{service}","level":5,"samples":[{}]}}}}"#,
        vec![r#"{"name":"cpu","value":0.75}"#; filler / 27 + 1].join(",")
    );
    serde_json::from_str(&text).expect("an action")
}

/// No equality to look rules up by: half of them ask what a text contains, half what it matches.
fn text_rules(count: usize) -> RuleSet {
    let mut text = String::from("rules:\n");
    for number in 0..count {
        let condition = match number % 4 {
            0 => format!("{{field: action.payload.text, contains: 'service-{number} is down'}}"),
            1 => format!("{{field: action.payload.text, matches: '^service-{number} is .*down$'}}"),
            2 => format!("'action.payload.text.matches(\"(?i)code [0-9]+-{number}\\\\b\")'"),
            _ => format!(
                "{{any: [{{field: action.payload.text, contains: 'node-{number}.'}}, {{field: action.payload.text, contains: 'host-{number}.'}}]}}"
            ),
        };
        writeln!(
            text,
            "  - {{name: r{number}, condition: {condition}, action: {{type: suppress}}}}"
        )
        .expect("text");
    }
    RuleSet::compile(
        &[RuleFile {
            name: "bench".into(),
            text,
        }],
        &Context::default(),
    )
    .expect("rules")
}

#[divan::bench(args = RULES)]
fn decide_by_texts(bencher: Bencher, count: usize) {
    let rules = text_rules(count);
    let text = format!(
        "{} host-{}. did not answer",
        "all is well elsewhere; ".repeat(12),
        count / 4 * 4 - 1
    );
    let mut action = action(count, 300);
    action.payload =
        serde_json::value::to_raw_value(&serde_json::json!({ "text": text })).expect("a payload");
    let facts = || Facts::new(&action, Timestamp::from_millis(1_767_407_400_000));
    bencher.bench_local(|| rules.decide(&facts()).rule.is_some());
}

#[divan::bench(args = RULES)]
fn decide_400_bytes(bencher: Bencher, count: usize) {
    decide(bencher, count, 300);
}

#[divan::bench(args = PAYLOADS)]
fn decide_10_000_rules_by_payload(bencher: Bencher, filler: usize) {
    decide(bencher, 10_000, filler);
}

fn decide(bencher: Bencher, count: usize, filler: usize) {
    let rules = rules(count);
    let action = action(count, filler);
    let facts = Facts::new(&action, Timestamp::from_millis(1_767_407_400_000));
    assert!(rules.decide(&facts).rule.is_some());
    bencher.bench_local(|| assert!(rules.decide(&facts).rule.is_some()));
}

/// Finding a field of a payload that nobody has looked into.
#[divan::bench(args = PAYLOADS)]
fn read_payload(bencher: Bencher, filler: usize) {
    let text = "rules: [{name: r, condition: {field: action.payload.level, eq: 5}, action: {type: suppress}}]";
    let rules = RuleSet::compile(
        &[RuleFile {
            name: "bench".into(),
            text: text.into(),
        }],
        &Context::default(),
    )
    .expect("rules");
    let action = action(10, filler);
    bencher.bench_local(|| {
        assert!(
            rules
                .decide(&Facts::new(&action, Timestamp::default()))
                .rule
                .is_some()
        );
    });
}

#[divan::bench(args = RULES, sample_count = 10)]
fn compile(bencher: Bencher, count: usize) {
    bencher.bench_local(|| rules(count).len());
}
