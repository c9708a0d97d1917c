//! What could never be true, or always fails, is refused when rules are loaded, with the way out.

use acteon_rules::{Context, Facts};
use serde_json::json;

use crate::support::{action, at, faults, rules};

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
            rules(&written.to_string()).decide(&facts).patch,
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
    let patch = rules(text)
        .decide(&Facts::new(&asked, at("2026-01-01T06:00:00Z")))
        .patch;
    assert_eq!(patch, Some(json!({ "content": "down at (no host)" })));
}

#[test]
fn labels_mention_nobody_and_link_nowhere() {
    let text = r#"rules: [{name: r, condition: 'true', action: {type: modify, changes: {
        content: "by {{ action.metadata.who }}", whole: "{{ action.metadata.who }}", raw: "{{ string(action.metadata.who) }}", own: "{{ escape(action.payload.t) }}" }}}]"#;
    let said = "<@all> <font color=red>a</font> [x](http://y) 2 < 3";
    let asked = action(&json!({ "t": "<@li>" }), &json!({ "who": said }));
    let patch = rules(text)
        .decide(&Facts::new(&asked, at("2026-01-01T06:00:00Z")))
        .patch;
    let escaped = "＜@all> ＜font color=red>a＜/font> [x]（http://y) 2 < 3";
    assert_eq!(
        patch,
        Some(
            json!({ "content": format!("by {escaped}"), "whole": escaped, "raw": said, "own": "＜@li>" })
        )
    );
}
