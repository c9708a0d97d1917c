//! Files that are wrong say all that is wrong, by line and column.

use std::collections::BTreeSet;

use acteon_core::{ProviderName, VerdictKind};
use acteon_rules::{Context, RuleSet, SCHEMA_KEYS};

use crate::support::{faults, file, rules};

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let context = Context {
        providers: Some(BTreeSet::from(
            [ProviderName::parse("log").expect("a name")],
        )),
        ..Context::default()
    };
    let text = r#"
rules:
  - name: one
    colour: red
    condition: {field: action.payload.severity, equals: critical}
    action: {type: reroute, target_provider: wechat}
  - name: two
    timezone: Mars/Olympus
    condition: 'action.payload.a.matches("(")'
    action: {type: explode}
  - name: one
    condition: {field: action.tenant, eq: acme}
    mute_time_intervals: [weekends]
    action: {type: throttle, max_count: 0}
  - name: three
    condition: {all: []}
    action: {type: group}
  - name: four
    condition: {field: action.colour, gt: 1}
    on_error: hold
    action: {type: allow}
  - name: five
    condition: 'true'
    action: {type: allow, ttl_seconds: 5}
  - name: six
    condition: 'true'
    action: {type: modify, priority: urgent}
  - name: seven
    condition: 'true'
    action: {type: deny, priority: low}
"#;
    let said = faults(text, &context);
    for expected in [
        "rules.yaml:4:5: rules[0] (one): there is no key \"colour\"",
        "rules.yaml:5:49: rules[0] (one): there is no operator \"equals\"",
        "rules.yaml:6:46: rules[0] (one): there is no provider \"wechat\"; configured are: log",
        "rules.yaml:8:15: rules[1] (two): there is no time zone \"Mars/Olympus\"",
        "rules.yaml:9:16: rules[1] (two): the pattern \"(\" is not a regular expression",
        "rules.yaml:10:20: rules[1] (two): there is no action type \"explode\"",
        "rules.yaml:11:11: rules[2] (one): the name \"one\" is taken by the rule at rules.yaml:3",
        "rules.yaml:13:27: rules[2] (one): there is no time interval \"weekends\"",
        "rules.yaml:14:41: rules[2] (one): max_count must be a whole number from 1 to",
        "window_seconds is missing",
        "all needs at least one predicate",
        "group is not supported by this version",
        "there is no field action.colour",
        "on_error: hold is for deny and suppress",
        "allow takes no ttl_seconds",
        "rules[6] (six): priority must be one of high, normal, low, is \"urgent\"",
        "deny takes no priority",
    ] {
        assert!(said.contains(expected), "{expected}\n\n{said}");
    }
}

#[test]
fn yaml_that_hides_something_is_refused() {
    for (text, says) in [
        ("rules: [", "not YAML"),
        ("rules: []\nrules: []", "given twice"),
        ("a: &x 1\nb: *x", "aliases"),
        ("rules: !!seq []", "tags are not taken"),
        ("rules: []\n---\nrules: []", "one document"),
        ("rulez: []", "there is no key \"rulez\""),
        ("- 1", "must be a mapping"),
        (&format!("rules: {}", "[".repeat(200)), "nests deeper"),
        ("", "rules.yaml:1:1: the file: has nothing in it"),
        ("# nothing\n", "has nothing in it"),
        ("{}", "has nothing in it"),
    ] {
        let said = faults(text, &Context::default());
        assert!(said.contains(says), "{text:.40}: {said}");
    }
    assert!(rules("rules: []\n").is_empty());
    assert!(rules("rules:\n").is_empty());
}

#[test]
fn names_are_one_over_all_files() {
    let one = "rules: [{name: a, condition: 'true', action: {type: allow}}]";
    let error = RuleSet::compile(&[file(one), file(one)], &Context::default())
        .expect_err("refused")
        .to_string();
    assert!(
        error.contains("taken by the rule at rules.yaml:1"),
        "{error}"
    );
}

#[test]
fn the_editors_schema_lists_every_key() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/schema/rules.schema.json"
    );
    let schema: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).expect("the schema")).expect("JSON");
    let keys = |pointer: &str| -> BTreeSet<String> {
        schema
            .pointer(pointer)
            .and_then(|found| found.as_object())
            .expect("properties")
            .keys()
            .cloned()
            .collect()
    };
    let places = [
        "/properties",
        "/$defs/rule/properties",
        "/$defs/action/properties",
    ];
    for (place, known) in places.into_iter().zip(SCHEMA_KEYS) {
        assert_eq!(
            keys(place),
            known.iter().map(|key| (*key).to_owned()).collect(),
            "{place}"
        );
    }
}

#[test]
fn the_book_tells_what_every_verdict_does() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/book/rules.md");
    let text = std::fs::read_to_string(page).expect("a page");
    let (_, table) = text.split_once("\n## What a rule does\n").expect("a part");
    let types: Vec<&str> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split(" | ").next())
        .collect();
    for kind in VerdictKind::ALL.map(VerdictKind::as_str) {
        let is_told = types.iter().any(|told| {
            told.split("`, `")
                .any(|name| name.trim_end_matches('`') == kind)
        });
        assert!(is_told, "{kind}: {types:?}");
    }
}

/// Every block of rules in the book is one that can be loaded.
#[test]
fn the_books_rules_are_rules() {
    let context = Context {
        intervals: None,
        chains: None,
        ..Context::default()
    };
    let mut blocks = 0;
    for page in ["docs/book/rules.md", "docs/book/silences.md", "README.md"] {
        let text = std::fs::read_to_string(format!("{}/../../{page}", env!("CARGO_MANIFEST_DIR")))
            .expect("a page");
        for block in text.split("```yaml\n").skip(1) {
            let block = block.split("```").next().unwrap_or_default();
            if block.contains("rules:\n") || block.contains("time_intervals:\n") {
                RuleSet::compile(&[file(block)], &context)
                    .unwrap_or_else(|error| panic!("{page}: {error}\n{block}"));
                blocks += 1;
            }
        }
    }
    assert!(blocks >= 4, "{blocks}");
}

/// The faults of one rule that is otherwise right.
fn said_of(rule: &str) -> String {
    faults(&format!("rules:\n  - {rule}\n"), &Context::default())
}

#[test]
fn what_is_wrong_with_a_value_names_its_key() {
    for (rule, says) in [
        (
            "{name: 5, condition: 'true', action: {type: deny}}",
            "rules.yaml:2:12: rules[0]: name must be text, is a whole number",
        ),
        (
            "{name: r, enabled: 'yes', condition: 'true', action: {type: deny}}",
            "rules[0] (r): enabled must be true or false",
        ),
        (
            "{name: r, condition: 5, action: {type: deny}}",
            "rules[0] (r): condition must be predicates or",
        ),
        (
            "{name: r, mute_time_intervals: [a, 5], condition: 'true', action: {type: deny}}",
            "mute_time_intervals[1] must be text",
        ),
        (
            "{name: r, condition: 'true', action: {type: throttle, max_count: 1, window_seconds: x}}",
            "window_seconds must be a whole number",
        ),
        ("5", "rules[0]: must be a mapping with name"),
    ] {
        let said = said_of(rule);
        assert!(said.contains(says), "{rule}: {said}");
    }
}

#[test]
fn changes_of_what_is_not_the_payload_are_refused_where_they_stand() {
    for (changes, says) in [
        (
            "{payload.content: x}",
            "rules.yaml:2:67: rules[0] (r): changes are of the payload itself: write `content: ...` in place of \"payload.content\"",
        ),
        ("{action.payload.a.b: x}", "write `a: {b: ...}` in place of"),
        ("{action: {tenant: x}}", "\"action\" is outside of it"),
        ("{action.tenant: x}", "\"action.tenant\" is outside of it"),
    ] {
        let said = said_of(&format!(
            "{{name: r, condition: 'true', action: {{type: modify, changes: {changes}}}}}"
        ));
        assert!(said.contains(says), "{changes}: {said}");
    }
    rules(
        "rules: [{name: r, condition: 'true', action: {type: modify, changes: {action: restart, payload: {a: 1}, a.b: 1}}}]",
    );
}

#[test]
fn patterns_and_parentheses_beyond_their_limits_are_refused_in_words() {
    let pattern = "a".repeat(4097);
    let parentheses = format!("{}true{}", "(".repeat(300), ")".repeat(300));
    for (condition, says) in [
        (
            format!("{{field: action.payload.a, matches: '{pattern}'}}"),
            "rules.yaml:2:61: rules[0] (r): the pattern is 4097 bytes long, at most 4096",
        ),
        (
            format!("'action.payload.a.matches(\"{pattern}\")'"),
            "rules.yaml:2:26: rules[0] (r): the pattern is 4097 bytes long, at most 4096",
        ),
        (format!("'{parentheses}'"), "it nests too deep"),
        (
            "{not: {field: action.payload.a, eq: 1}}".into(),
            "there is no not: write the opposite operator",
        ),
    ] {
        let said = said_of(&format!(
            "{{name: r, condition: {condition}, action: {{type: deny}}}}"
        ));
        assert!(
            said.contains(says) && !said.contains("ParseError"),
            "{condition:.80}: {said:.400}"
        );
    }
}
