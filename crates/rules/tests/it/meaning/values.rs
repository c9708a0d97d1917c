//! What values and paths mean.

use acteon_rules::Facts;
use serde_json::json;

use super::refused;
use crate::support::{action, at, patch, rules};

#[test]
fn times_are_compared_as_instants() {
    let mut asked = action(
        &json!({ "since": "2026-01-01T00:00:00Z", "word": "x", "at": 1_767_225_600 }),
        &json!({}),
    );
    asked.starts_at = Some(at("2026-01-01T00:00:00Z"));
    let holds = |condition: &str| {
        let text = json!({ "rules": [{ "name": "r", "condition": condition, "action": { "type": "deny" } }] }).to_string();
        rules(&text)
            .decide(&Facts::new(&asked, at("2026-01-01T06:00:00Z")))
            .rule
            .is_some()
    };
    for (condition, expected) in [
        ("action.starts_at >= '2026-01-01T08:00:00+08:00'", true),
        ("action.starts_at == '2026-01-01T08:00:00+08:00'", true),
        ("action.starts_at > '2026-01-01T08:00:00+08:00'", false),
        ("action.starts_at < '2026-01-01T08:00:01+08:00'", true),
        ("'2025-12-31T19:00:00-05:00' == action.starts_at", true),
        ("action.starts_at in ['2026-01-01T08:00:00+08:00']", true),
        (
            "action.starts_at == action.payload.since && action.starts_at == action.payload.at",
            true,
        ),
        ("action.starts_at != action.payload.word", true),
        (
            "now - int(action.starts_at) == 21600 && action.starts_at + 21600 == now",
            true,
        ),
        (
            "string(action.starts_at) == '2026-01-01T00:00:00.000Z'",
            true,
        ),
        (
            "action.starts_at == timestamp('2026-01-01T01:00:00+01:00')",
            true,
        ),
    ] {
        assert_eq!(holds(condition), expected, "{condition}");
    }
    let predicate = "rules: [{name: r, condition: {field: action.starts_at, gte: '2026-01-01T08:00:00+08:00'}, action: {type: deny}}]";
    assert!(
        rules(predicate)
            .decide(&Facts::new(&asked, at("2026-01-01T06:00:00Z")))
            .rule
            .is_some()
    );
}

/// Numbers that CEL's parser cannot hold, texts that look like them inside, and what is calculated in 64 bits. Beside that, integers keep every digit.
#[test]
fn long_numbers_are_what_is_written_and_texts_stay_texts() {
    let whole = "{\"id\":\"a\",\"namespace\":\"n\",\"tenant\":\"t\",\"provider\":\"log\",\"action_type\":\"x\",\"created_at\":\"2026-01-01T00:00:00Z\",\
                 \"payload\":{\"text\":\"\u{10fffe}5\",\"half\":0.5000000000000000000001,\"big\":9007199254740993,\"huge\":18446744073709551617,\"tenth\":0.1}}";
    let asked: acteon_core::Action = serde_json::from_str(whole).expect("an action");
    let facts = Facts::new(&asked, at("2026-01-01T06:00:00Z"));
    for (condition, expected) in [
        ("action.payload.text == '\u{10fffe}5'", true),
        ("action.payload.text == '\\U0010FFFE5'", true),
        (
            "action.payload.text == 'n_' || action.payload.text == 'n_(\"5\")'",
            false,
        ),
        (
            "action.payload.half > .5 && action.payload.half == .5000000000000000000001",
            true,
        ),
        ("action.payload.half == .5000000000000000000002", false),
        ("-action.payload.half == -.5000000000000000000001", true),
        (
            "action.payload.tenth == 0.1 && action.payload.tenth == .1 && action.payload.tenth < 0.10000000000000000000001",
            true,
        ),
        ("action.payload.big == 9007199254740992.0", false),
        (
            "double(action.payload.big) == 9007199254740993.0 && double(action.payload.big) == 9007199254740992",
            true,
        ),
        (
            "double(action.payload.big) == 9007199254740993 || 9007199254740993 == double(action.payload.big)",
            false,
        ),
        (
            "action.payload.big * 1.0 == action.payload.big || action.payload.big * 1.0 >= 9007199254740993",
            false,
        ),
        (
            "9007199254740993 > double(action.payload.big) && -9007199254740993 < -double(action.payload.big)",
            true,
        ),
        (
            "double(action.payload.huge) == 18446744073709551617 || double(action.payload.huge) != 18446744073709551616",
            false,
        ),
        (
            "double(action.payload.huge) < 18446744073709551617 && double(action.payload.huge) > 18446744073709551615",
            true,
        ),
        (
            "action.payload.tenth * 5.0 > 0 && -0.5 * 1.0 < 0 && 2.0 * 1.5 == 3 && 1.0 * 2.5 > 2 && -1.0 * 2.5 < -2",
            true,
        ),
        (
            "double('0.1') == action.payload.tenth && double('0.1') == 0.1 && double(action.payload.huge) in [18446744073709551616]",
            true,
        ),
    ] {
        let text = json!({ "rules": [{ "name": "r", "condition": condition, "action": { "type": "deny" } }] }).to_string();
        let decided = rules(&text).decide(&facts).rule.is_some();
        assert_eq!(decided, expected, "{condition}");
    }
}

/// The messages for paths name what is to be written in their place.
#[test]
fn a_label_within_labels_is_named_as_it_is_written() {
    for condition in [
        "action.metadata.labels.a.b == 'x'",
        "action.metadata.a.b == 'x'",
    ] {
        let said = refused(&json!(condition).to_string());
        assert!(
            said.contains(
                "a label has no fields; one with dots in its name is action.metadata[\"a.b\"]"
            ),
            "{said}"
        );
    }
}

/// Lists of any usual length are held against each other, and what is not looked at hides nothing of other fields.
#[test]
fn long_lists_are_held_against_each_other() {
    let lists = |length: usize| {
        let items = |from: usize| {
            (from..from + length)
                .map(|item| item.to_string())
                .collect::<Vec<_>>()
                .join(", ")
        };
        format!(
            "{{field: action.payload.a, in_list: [{}]}}, {{field: action.payload.a, in_list: [{}]}}",
            items(0),
            items(length)
        )
    };
    for length in [200, 257, 20_000] {
        let said = refused(&format!("{{all: [{}]}}", lists(length)));
        assert!(
            said.contains("is never in [0, 1, 2,")
                && said.contains(&format!("19] and {} more and in [{length},", length - 20)),
            "{said}"
        );
    }
    let other = "{field: action.payload.b, eq: x}, {field: action.payload.b, eq: y}";
    let said = refused(&format!("{{all: [{}, {other}]}}", lists(70_000)));
    assert!(
        said.contains("action.payload.b is never == \"x\" and == \"y\" at once"),
        "{said}"
    );
    rules(&format!(
        "rules: [{{name: r, condition: {{all: [{}]}}, action: {{type: deny}}}}]",
        lists(70_000)
    ));
}

/// Values of two lists are the same where a field can be both.
#[test]
fn lists_share_what_is_equal_however_it_is_written() {
    let lists = |field: &str, one: &str, other: &str| {
        format!(
            "{{all: [{{field: {field}, in_list: [{one}]}}, {{field: {field}, in_list: [{other}]}}]}}"
        )
    };
    for (field, one, other) in [
        ("action.payload.a", "1, x", "1.0, y"),
        ("action.payload.a", "1.10", "1.1"),
        (
            "action.payload.a",
            "18446744073709551616",
            "184467440737095516160e-1",
        ),
        ("action.payload.a", "-0", "0.0"),
        ("action.payload.a", "null, 1", "2, null"),
        ("action.payload.a", "true", "true, false"),
        (
            "action.starts_at",
            "'2026-01-01T00:00:00Z'",
            "'2026-01-01T08:00:00+08:00'",
        ),
    ] {
        rules(&format!(
            "rules: [{{name: r, condition: {}, action: {{type: deny}}}}]",
            lists(field, one, other)
        ));
    }
    for (field, one, other) in [
        ("action.payload.a", "1", "'1'"),
        ("action.payload.a", "true", "'true'"),
        (
            "action.payload.a",
            "18446744073709551616",
            "18446744073709551617",
        ),
        (
            "action.starts_at",
            "'2026-01-01T00:00:00Z'",
            "'2026-01-01T00:00:00+08:00'",
        ),
    ] {
        assert!(
            refused(&lists(field, one, other)).contains("at once"),
            "{field}: {one}, {other}"
        );
    }
}

#[test]
fn one_grammar_of_paths_reaches_items_and_names_with_dots() {
    let payload = json!({ "alerts": [{ "status": "firing" }, { "status": "resolved" }], "k8s.pod": { "name": "p-1" }, "0": "zero", "list": [[1, 2]] });
    let asked = action(&payload, &json!({ "app.kubernetes.io/name": "pay" }));
    let facts = Facts::new(&asked, at("2026-01-01T06:00:00Z"));
    for (field, value) in [
        ("action.payload.alerts[0].status", json!("firing")),
        ("action.payload.alerts[1][\"status\"]", json!("resolved")),
        ("action.payload[\"k8s.pod\"].name", json!("p-1")),
        ("action.payload['k8s.pod'].name", json!("p-1")),
        ("action.payload.list[0][1]", json!(2)),
        ("action.payload[\"0\"]", json!("zero")),
        ("action.metadata[\"app.kubernetes.io/name\"]", json!("pay")),
    ] {
        let as_predicate = json!({ "rules": [{ "name": "r", "condition": { "field": field, "eq": value }, "action": { "type": "deny" } }] });
        assert!(
            rules(&as_predicate.to_string())
                .decide(&facts)
                .rule
                .is_some(),
            "{field}"
        );
        let as_cel = json!({ "rules": [{ "name": "r", "condition": format!("{field} == {value}"), "action": { "type": "deny" } }] });
        assert!(
            rules(&as_cel.to_string()).decide(&facts).rule.is_some(),
            "{field} in CEL"
        );
        let written = json!({ "rules": [{ "name": "r", "condition": "true", "action": { "type": "modify", "changes": { "x": format!("{{{{ {field} }}}}") } } }] });
        assert_eq!(
            patch(&rules(&written.to_string()).decide(&facts)),
            Some(json!({ "x": value })),
            "{field} in a template"
        );
    }
    let label = "rules: [{name: r, condition: {field: action.metadata.app.kubernetes.io/name, eq: pay}, action: {type: deny}}]";
    assert!(rules(label).decide(&facts).rule.is_some());
    let missing = "rules: [{name: r, condition: '!has(action.payload.alerts[2].status) && !has(action.payload.alerts.status)', action: {type: deny}}]";
    assert!(rules(missing).decide(&facts).rule.is_some());
}

#[test]
fn a_text_shows_what_is_not_there() {
    let text = "rules: [{name: r, condition: 'true', action: {type: modify, changes: {content: '{{ action.payload.a }} at {{ action.payload.host }}', whole: '{{ action.payload.host }}'}}}]";
    let asked = action(&json!({ "a": "down" }), &json!({}));
    let patch = patch(&rules(text).decide(&Facts::new(&asked, at("2026-01-01T06:00:00Z"))));
    assert_eq!(patch, Some(json!({ "content": "down at (no host)" })));
}

#[test]
fn labels_mention_nobody_and_link_nowhere() {
    let text = r#"rules: [{name: r, condition: 'true', action: {type: modify, changes: {
        content: "by {{ action.metadata.who }}", whole: "{{ action.metadata.who }}", raw: "{{ string(action.metadata.who) }}", own: "{{ escape(action.payload.t) }}" }}}]"#;
    let said = "<@all> <font color=red>a</font> [x](http://y) 2 < 3";
    let asked = action(&json!({ "t": "<@li>" }), &json!({ "who": said }));
    let patch = patch(&rules(text).decide(&Facts::new(&asked, at("2026-01-01T06:00:00Z"))));
    let escaped = "＜@all> ＜font color=red>a＜/font> [x]（http://y) 2 < 3";
    assert_eq!(
        patch,
        Some(
            json!({ "content": format!("by {escaped}"), "whole": escaped, "raw": said, "own": "＜@li>" })
        )
    );
}
