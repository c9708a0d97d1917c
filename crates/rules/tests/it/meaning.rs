//! What could never be true, or always fails, is refused when rules are loaded, with the way out.

use acteon_rules::{Context, Facts};
use serde_json::json;

use crate::support::{action, at, faults, patch, rules};

fn refused(condition: &str) -> String {
    faults(
        &format!("rules:\n  - name: r\n    condition: {condition}\n    action: {{type: deny}}\n"),
        &Context::default(),
    )
}

#[test]
fn predicates_that_never_hold_are_refused_where_they_stand() {
    for (condition, says) in [
        (
            "{field: time.weekday, eq: monday}",
            "rules.yaml:3:42: rules[0] (r): time.weekday is never \"monday\"; did you mean \"Monday\"?",
        ),
        (
            "{field: time.weekday, in_list: [Saturday, Sun]}",
            "did you mean \"Sunday\"?",
        ),
        (
            "{field: time.weekday, ne: Mittwoch}",
            "is never \"Mittwoch\"",
        ),
        ("{field: time.weekday, gt: Monday}", "time.weekday_num"),
        (
            "{field: time.weekday, starts_with: mon}",
            "this is so of no time.weekday",
        ),
        (
            "{field: time.weekday, matches: '^sat'}",
            "this is so of no time.weekday",
        ),
        ("{field: time.hour, gte: 25}", "time.hour goes from 0 to 23"),
        ("{field: time.hour, gt: 23}", "time.hour goes from 0 to 23"),
        ("{field: time.hour, eq: 24}", "time.hour goes from 0 to 23"),
        ("{field: time.hour, eq: 9.5}", "time.hour goes from 0 to 23"),
        (
            "{field: time.hour, eq: '9'}",
            "write the number without quotes",
        ),
        (
            "{field: time.month, in_list: [12, 13]}",
            "time.month goes from 1 to 12",
        ),
        (
            "{field: action.metadata.prio, gt: 5}",
            "put the number in quotes",
        ),
        (
            "{field: action.metadata.prio, eq: 5}",
            "put the number in quotes",
        ),
        (
            "{field: action.metadata.prio, gt: '5'}",
            "\"10\" comes before \"9\"",
        ),
        (
            "{field: action.metadata.prio, in_list: ['1', 2]}",
            "never equal",
        ),
        ("{field: action.tenant, eq: true}", "never equal"),
        (
            "{field: action.dedup_key, eq: null}",
            "!has(action.dedup_key)",
        ),
        (
            "{field: action.payload.a, in_list: []}",
            "never in a list that is empty",
        ),
        (
            "{field: action.starts_at, gte: yesterday}",
            "is no time; write RFC 3339",
        ),
        (
            "{field: action.starts_at, gte: '2026-01-01'}",
            "is no time; write RFC 3339",
        ),
        (
            "{field: action.starts_at, starts_with: '2026'}",
            "is a time",
        ),
        ("{field: action.tenant, starts_with: 5}", "takes text"),
        (
            "{field: Action.tenant, eq: acme}",
            "did you mean action.tenant?",
        ),
        ("{field: tenant, eq: acme}", "did you mean action.tenant?"),
        (
            "{field: metadata.prio, eq: acme}",
            "did you mean action.metadata.prio?",
        ),
        (
            "{field: action.tennant, eq: acme}",
            "did you mean action.tenant?",
        ),
        (
            "{field: severity, eq: critical}",
            "did you mean action.payload.severity or action.metadata.severity?",
        ),
        (
            "{field: time.weekdays, eq: Monday}",
            "did you mean time.weekday?",
        ),
        (
            "{field: 'action.payload.alerts[x]', eq: 1}",
            "in brackets stands",
        ),
        ("{field: action.tenant, equals: acme}", "did you mean eq?"),
        (
            "{field: action.tenant, startswith: acme}",
            "did you mean starts_with?",
        ),
    ] {
        let said = refused(condition);
        assert!(
            said.contains(says) && said.contains("rules.yaml:3:"),
            "{condition}: {said}"
        );
    }
}

#[test]
fn expressions_that_never_hold_are_refused_the_same() {
    for (condition, says) in [
        ("time.weekday == 'monday'", "did you mean \"Monday\"?"),
        ("'monday' == time.weekday", "did you mean \"Monday\"?"),
        ("24 < time.hour", "time.hour goes from 0 to 23"),
        ("action.metadata.prio > 5", "int(action.metadata.prio)"),
        ("action.starts_at > 'tomorrow'", "is no time"),
        ("action.payload.a in []", "a list that is empty"),
        ("'x' in action.tenant", "contains"),
        ("action.tenant", "the condition is text"),
        ("time.hour && true", "where true or false is expected"),
        ("sise(action.payload.a) > 3", "did you mean \"size\"?"),
        ("length(action.payload.a) > 3", "did you mean \"size\"?"),
        (
            "action.payload.a.startWith('x')",
            "did you mean \"startsWith\"?",
        ),
        (
            "action.payload.a = 'x'",
            "at 1:18: = is nothing in CEL: write == to compare",
        ),
        (
            "action.payload.a == 'x' and true",
            "at 1:25: and is nothing in CEL: write && for and",
        ),
        ("action.payload.a =~ 'x'", "matches("),
        ("action.payload.a == True", "did you mean true?"),
        (
            "has(action.payload['a'])",
            "has() takes a field such as action.payload.team",
        ),
        ("action.payload.a == 'x' &&", "it ends too early"),
    ] {
        let said = refused(&json!(condition).to_string());
        assert!(said.contains(says), "{condition}: {said}");
        assert!(
            !said.contains("expecting") && !said.contains("IDENTIFIER"),
            "{condition}: {said}"
        );
    }
}

#[test]
fn what_yaml_reads_otherwise_is_told_with_what_to_write() {
    for (condition, says) in [
        ("!has(action.payload.team)", "put it in quotes"),
        (
            "\"a\" == action.payload.a",
            "put the whole condition in quotes",
        ),
    ] {
        let said = refused(condition);
        assert!(said.contains(says), "{condition}: {said}");
    }
    for (written, says) in [
        ("deny", "write action: {type: deny}"),
        (
            "reroute",
            "write action: {type: reroute, target_provider: ...}",
        ),
        ("{type: supress}", "did you mean suppress?"),
        ("{type: drop}", "did you mean deny?"),
        ("{type: deny, tll_seconds: 5}", "did you mean ttl_seconds?"),
    ] {
        let said = faults(
            &format!("rules:\n  - name: r\n    condition: 'true'\n    action: {written}\n"),
            &Context::default(),
        );
        assert!(said.contains(says), "{written}: {said}");
    }
    let said = faults(
        "rules:\n  - name: r\n    conditon: 'true'\n    action: {type: deny}\n",
        &Context::default(),
    );
    assert!(said.contains("did you mean condition?"), "{said}");
}

#[test]
fn what_can_be_meant_is_taken() {
    for condition in [
        "time.hour >= 0 && time.hour < 24 && time.hour <= 23",
        "time.weekday.startsWith('S') || time.weekday in ['Monday', 'Tuesday']",
        "action.status != null && action.metadata.prio == '5' && int(action.metadata.prio) > 4",
        "action.payload.prio > 5 || action.payload.prio == '5'",
        "action.starts_at < now && action.created_at - action.starts_at > 60 && action.expires_at < action.created_at + 3600",
        "timestamp(action.payload.since) < action.starts_at",
    ] {
        rules(&json!({ "rules": [{ "name": "r", "condition": condition, "action": { "type": "deny" } }] }).to_string());
    }
}

/// Instants that are written in several zones, and beside text and numbers.
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

#[test]
fn what_leaves_nothing_of_a_field_is_refused_where_it_stands() {
    let all = |items: &str| {
        format!("\n      all:\n        - {{field: action.tenant, eq: acme}}\n{items}")
    };
    for (condition, says) in [
        (
            all("        - {field: time.hour, gte: 22}\n        - {field: time.hour, lt: 8}\n"),
            "rules.yaml:7:11: rules[0] (r): time.hour is never >= 22 and < 8 at once, so the condition is never true; for what goes over the end use \
             any: [{field: time.hour, gte: 22}, {field: time.hour, lt: 8}]",
        ),
        (
            all("        - {field: action.payload.n, gt: 5, lt: 3}\n"),
            "rules.yaml:6:11: rules[0] (r): action.payload.n is never > 5 and < 3",
        ),
        (
            all(
                "        - all: [{field: time.hour, gt: 5}]\n        - {field: time.hour, lt: 6}\n",
            ),
            "rules.yaml:7:11: rules[0] (r): time.hour is never",
        ),
        (
            all("        - {field: action.tenant, eq: other}\n"),
            "rules.yaml:6:11: rules[0] (r): action.tenant is never == \"acme\" and == \"other\"",
        ),
        (
            all("        - {field: action.tenant, ne: acme}\n"),
            "is never == \"acme\" and != \"acme\"",
        ),
        (
            all("        - {field: action.tenant, in_list: [a, b]}\n"),
            "is never == \"acme\" and in [\"a\", \"b\"]",
        ),
        (
            "'time.hour >= 22 && time.hour < 8'".into(),
            "rules.yaml:3:16: rules[0] (r): time.hour is never >= 22 and < 8",
        ),
        (
            "'action.payload.a == 1 && 2 == action.payload.a'".into(),
            "is never == 1 and == 2",
        ),
        (
            "'action.payload.a > 18446744073709551616 && action.payload.a < 18446744073709551616'"
                .into(),
            "is never > 18446744073709551616",
        ),
        (
            "'1 == 2 || (action.payload.a > 5.5 && action.payload.a < 5.5)'".into(),
            "1 == 2 is never true",
        ),
        ("'1 == 2'".into(), "1 == 2 is never true"),
        (
            "'action.tenant == \"a\" && \"x\" == \"y\"'".into(),
            "\"x\" == \"y\" is never true",
        ),
    ] {
        let said = refused(&condition);
        assert!(said.contains(says), "{condition}: {said}");
    }
}

#[test]
fn bounds_that_leave_something_are_taken() {
    for condition in [
        "action.payload.n > 5 && action.payload.n < 6",
        "time.hour >= 8 && time.hour <= 8",
        "action.payload.a >= 5 && action.payload.a <= 5 && action.payload.a == 5.0",
        "action.payload.a == 1 && action.payload.b == 2",
        "!(action.payload.a > 5 && action.payload.a < 3)",
        "time.hour >= 22 || time.hour < 8",
        "action.payload.a != 1 && action.payload.a != 2",
        "action.payload.a in [1, 2] && action.payload.a in [2, 3] && action.payload.a > 1",
        "action.tenant == \"a\" || (action.payload.a > 5.5 && action.payload.a < 5.5)",
        "1 == 1",
    ] {
        rules(&json!({ "rules": [{ "name": "r", "condition": condition, "action": { "type": "deny" } }] }).to_string());
    }
    let context = Context {
        env: std::collections::BTreeMap::from([("STAGE".to_owned(), "prod".to_owned())]),
        ..Context::default()
    };
    let text = "rules: [{name: r, condition: 'env.STAGE == \"dev\"', action: {type: deny}}]";
    let file = acteon_rules::RuleFile {
        name: "rules.yaml".into(),
        text: text.into(),
    };
    acteon_rules::RuleSet::compile(&[file], &context).expect("what the environment decides");
}
