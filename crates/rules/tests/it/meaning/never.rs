//! Conditions that could never be true.

use acteon_rules::Context;
use serde_json::json;

use super::refused;
use crate::support::{faults, rules};

/// Predicates that are refused, and a part of what is told of each.
const NEVER: &[(&str, &str)] = &[
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
];

#[test]
fn predicates_that_never_hold_are_refused_where_they_stand() {
    for (condition, says) in NEVER {
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
