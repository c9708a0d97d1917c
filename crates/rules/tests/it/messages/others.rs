//! What is told of time intervals and matchers, and of rules that fail.

use acteon_rules::{Facts, Matcher, MatcherSpec, TimeInterval};
use serde_json::{Value, json};

use super::check;
use crate::support::{action, at, rules};

#[test]
fn of_time_intervals() {
    let rows = [
        (
            "5",
            "a time interval must be an object with name, location, description, on_mute, time_ranges, is 5",
        ),
        (
            "{}",
            "time_ranges is missing: a list such as [{\"weekdays\": [{\"start\": 1, \"end\": 5}]}]",
        ),
        (
            r#"{"name": "a/b", "time_ranges": [{"weekdays": [{"start": 1, "end": 5}]}]}"#,
            "name must be 1 to 128 bytes without slashes and control characters, is \"a/b\"",
        ),
        (
            r#"{"name": "n", "time_ranges": []}"#,
            "time_ranges must be a list of 1 to 64, has 0",
        ),
        (
            r#"{"name": "n", "time_ranges": [{}]}"#,
            "time_ranges[0]: says nothing: give times, weekdays, days_of_month, months, years or a calendar",
        ),
        (
            r#"{"name": "n", "time_ranges": [{"times": [{"start": "9", "end": "10:00"}]}]}"#,
            "time_ranges[0]: times: \"9\" to \"10:00\" must be written as HH:MM, up to 24:00",
        ),
        (
            r#"{"name": "n", "time_ranges": [{"times": [{"start": 9, "end": "10:00"}]}]}"#,
            "time_ranges[0].times[0].start must be a time of day in quotes such as \"09:00\", is 9",
        ),
        (
            r#"{"name": "n", "time_ranges": [{"times": [{"start": "22:00", "end": "06:00"}]}]}"#,
            "time_ranges[0]: times: 06:00 is not after 22:00; a night is two ranges, one up to 24:00 and one from 00:00",
        ),
        (
            r#"{"name": "n", "time_ranges": [{"weekdays": [{"start": "Monday", "end": 5}]}]}"#,
            "time_ranges[0].weekdays[0].start must be a whole number, where 1 is Monday and 7 Sunday, is the text \"Monday\"",
        ),
        (
            r#"{"name": "n", "time_ranges": [{"days_of_month": [{"start": 30, "end": 30}], "months": [{"start": 2, "end": 2}]}]}"#,
            "time_ranges[0]: days_of_month: 30 to 30 never comes in these months, years and weekdays",
        ),
        (
            r#"{"name": "n", "time_ranges": [{"weekday": [{"start": 1, "end": 5}]}]}"#,
            "time_ranges[0] has an unknown field \"weekday\"; did you mean weekdays?; known are: times, weekdays, days_of_month, months, years, calendar, on",
        ),
        (
            r#"{"name": "n", "location": "Mars", "time_ranges": [{"weekdays": [{"start": 1, "end": 5}]}]}"#,
            "location: there is no time zone \"Mars\"; use a name such as Asia/Shanghai or UTC",
        ),
        (
            r#"{"name": "n", "on_mute": "wait", "time_ranges": [{"weekdays": [{"start": 1, "end": 5}]}]}"#,
            "on_mute must be drop or postpone, is \"wait\"",
        ),
    ];
    check(&rows, |text| {
        let json: Value = serde_json::from_str(text).expect("JSON");
        TimeInterval::from_json(&json)
            .expect_err("refused")
            .to_string()
    });
}

#[test]
fn of_matchers() {
    let rows = [
        (
            r#"{"name": "", "value": "a"}"#,
            "name must not be empty, name and value at most 4096 bytes",
        ),
        (
            r#"{"name": "team", "value": "(", "op": "regex"}"#,
            "the pattern \"(\" is not a regular expression: unclosed group at character 1",
        ),
        (
            r#"{"name": "action.tennant", "value": "a"}"#,
            "there is no field action.tennant; did you mean action.tenant?; known are: action.id, action.namespace, action.tenant, action.provider, action.action_type, action.payload, action.metadata, action.dedup_key, action.status, action.fingerprint, action.starts_at, action.ends_at, action.created_at, action.expires_at",
        ),
    ];
    check(&rows, |text| {
        let spec: MatcherSpec = serde_json::from_str(text).expect("a matcher");
        Matcher::compile(&spec).expect_err("refused").to_string()
    });
}

/// What the log, a dry run and a dead letter say of a rule that fails.
#[test]
fn of_rules_that_fail() {
    let asked = action(
        &json!({ "text": "x", "list": [1], "n": 9_223_372_036_854_775_807_i64, "host": {} }),
        &json!({ "prio": "high" }),
    );
    let facts = Facts::new(&asked, at("2026-01-01T06:00:00Z"));
    let rows = [
        ("action.payload.text > 3", "text and a number have no order"),
        (
            "action.payload.text",
            "the condition is text, not true or false",
        ),
        (
            "action.payload.text && true",
            "text stands where true or false is expected",
        ),
        (
            "action.payload.text - 3 == 1",
            "text and a number cannot be calculated with",
        ),
        (
            "action.payload.n + 1 == 0",
            "overflow: the result needs more than 64 bits",
        ),
        ("action.payload.n / 0 == 0", "division by zero"),
        ("-action.payload.text == 1", "text cannot be negated"),
        ("1 in action.payload.n", "a number has no items"),
        (
            "action.payload.host.contains('x')",
            "contains does not take an object and text",
        ),
        (
            "action.payload.n.matches('x')",
            "matches does not take a number",
        ),
        (
            "int(action.metadata.prio) == 1",
            "int: the text is not a whole number",
        ),
        (
            "double(action.metadata.prio) == 1.0",
            "double: the text is not a number",
        ),
        (
            "timestamp(action.payload.text) < now",
            "timestamp: the text is not an RFC 3339 time",
        ),
        (
            "action.payload.list[-1] == 1",
            "an index is negative; the first item has 0",
        ),
        (
            "action.payload.list[true] == 1",
            "a list cannot be indexed with a boolean",
        ),
        (
            "action.payload.n * 1.0e300 * 1.0e300 == 1.0",
            "the result is inf, which is no number in JSON",
        ),
    ];
    check(&rows, |condition| {
        let text = json!({ "rules": [{ "name": "r", "condition": condition, "action": { "type": "deny" } }] }).to_string();
        let rules = rules(&text);
        let decided = rules.decide(&facts);
        decided
            .rule_errors
            .first()
            .map_or_else(|| "no fault".to_owned(), |fault| fault.message.clone())
    });
}
