//! What whoever writes rules, time intervals and matchers is told, word for word: what was wrong, where, what was expected, what to do.
//!
//! One table a boundary. Here: rules, conditions, time intervals, matchers, and what a rule fails with. Beside it `meaning.rs` has what could never
//! be true. The server's tests have the others: `messages.rs` the configuration and the command line, `words.rs` requests, `wechat/errors.rs` and
//! `wechat/told.rs` what WeChat Work answers and what it cannot be sent.

use acteon_rules::{Context, Facts, Matcher, MatcherSpec, TimeInterval};
use serde_json::{Value, json};

use crate::support::{action, at, faults, rules};

/// What is wrong with each text, by its table; all that differ are told together.
fn check(rows: &[(&str, &str)], told: impl Fn(&str) -> String) {
    let differ = rows.iter().filter_map(|(text, expected)| {
        let told = told(text);
        (told != *expected).then(|| format!("{text}\n  says      {told}\n  should be {expected}"))
    });
    let differ: Vec<String> = differ.collect();
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

/// What is told of a file of rules, with its place, without the count of the problems.
fn told(text: &str) -> String {
    let told = faults(text, &Context::default());
    told.lines()
        .skip(1)
        .map(str::trim)
        .collect::<Vec<_>>()
        .join(" | ")
}

/// Numbers that are longer than the parser takes, and what stands beside them.
#[test]
fn of_long_numbers() {
    let huge = format!("action.payload.a == 1{}", "0".repeat(309));
    let rows = [
        (
            "action.payload.a == 18446744073709551617 @ 1",
            "at 1:42: \"@\" is not expected here",
        ),
        (
            "action.payload.a == .5000000000000000000001 @ 1",
            "at 1:45: \"@\" is not expected here",
        ),
        (
            "action.payload.a 18446744073709551617",
            "at 1:18: \"18446744073709551617\" is not expected here",
        ),
        (
            &huge,
            "at 1:21: a number in it is larger than any that can be sent; one that begins with 0x has 64 bits at most",
        ),
        (
            "action.payload.a == 0x10000000000000000",
            "at 1:21: a number in it is larger than any that can be sent; one that begins with 0x has 64 bits at most",
        ),
        (
            "action.payload.a == 18446744073709551616u",
            "at 1:21: an unsigned number in it is too large; write it without the u",
        ),
    ];
    check(&rows, |condition| {
        of_condition(condition).replacen("not a CEL expression: ", "", 1)
    });
}

/// What fails for each action, whatever it holds, so that its rule would never match.
#[test]
fn of_texts_that_are_no_numbers_and_no_times() {
    let rows = [
        (
            "timestamp('2026-01-01') > now",
            "timestamp(\"2026-01-01\") always fails: \"2026-01-01\" is no RFC 3339 time such as 2026-01-31T09:00:00+08:00: its time of day and zone are \
             missing, such as T09:00:00Z",
        ),
        (
            "action.starts_at > timestamp('yesterday')",
            "timestamp(\"yesterday\") always fails: \"yesterday\" is no RFC 3339 time such as 2026-01-31T09:00:00+08:00",
        ),
        (
            "action.payload.n > int('5.5')",
            "int(\"5.5\") always fails: \"5.5\" is no whole number",
        ),
        (
            "double('1,5') == action.payload.n",
            "double(\"1,5\") always fails: \"1,5\" is no number",
        ),
    ];
    check(&rows, of_condition);
    let beside = "{ any: [{ field: action.id, eq: x }], all: [{ field: action.id, eq: y }] }";
    let text =
        format!("rules:\n  - {{ name: r, condition: {beside}, action: {{ type: deny }} }}\n");
    let told = told(&text);
    assert!(
        told.contains("any stands alone in a condition") && !told.contains("did you mean any"),
        "{told}"
    );
    assert_eq!(
        of_condition("env == null"),
        "a name behind env is missing, such as env.STAGE; it must be in [rules.env] of the configuration"
    );
}

#[test]
fn of_conditions() {
    let deep = format!("{}true{}", "!(".repeat(40), ")".repeat(40));
    let rows = [
        (
            "action.payload.a = 1",
            "at 1:18: = is nothing in CEL: write == to compare",
        ),
        (
            "action.payload.a === 1",
            "at 1:18: === is nothing in CEL: write == to compare",
        ),
        (
            "action.payload.a !== 1",
            "at 1:18: !== is nothing in CEL: write != to compare",
        ),
        (
            "action.payload.a := 1",
            "at 1:18: := is nothing in CEL: write == to compare",
        ),
        (
            "action.payload.a <> 1",
            "at 1:18: <> is nothing in CEL: write != for what differs",
        ),
        (
            "action.payload.a =< 1",
            "at 1:18: =< is nothing in CEL: write <=",
        ),
        (
            "action.payload.a => 1",
            "at 1:18: => is nothing in CEL: write >=",
        ),
        (
            "action.payload.a =~ 'x'",
            "at 1:18: =~ is nothing in CEL: write a regular expression as field.matches(\"pattern\")",
        ),
        (
            "action.payload.a !~ 'x'",
            "at 1:18: !~ is nothing in CEL: write a negated regular expression as !field.matches(\"pattern\")",
        ),
        (
            "action.payload.a | true",
            "at 1:18: | is nothing in CEL: write || for or",
        ),
        (
            "action.payload.a == 'x' & true",
            "at 1:25: & is nothing in CEL: write && for and",
        ),
        (
            "action.payload.a == `x`",
            "at 1:21: ` is nothing in CEL: write straight quotes, \" or '",
        ),
        (
            "action.payload.a == 1;",
            "at 1:22: ; is nothing in CEL: an expression ends without a sign",
        ),
        (
            "action.payload.a is 1",
            "at 1:18: is is nothing in CEL: write == to compare",
        ),
        (
            "not action.payload.a",
            "at 1:1: not is nothing in CEL: write ! for not",
        ),
        (
            "action.payload.a like 'x'",
            "at 1:18: like stands after a dot, as in field.matches(\"text\")",
        ),
        ("(action.payload.a == 1", "at 1:1: the ( is not closed"),
        ("action.payload.a == 1)", "at 1:22: the ) closes nothing"),
        (
            "action.payload.a == 'x",
            "at 1:21: the text that begins with ' does not end",
        ),
        (
            "action.payload.a == 'x' &&",
            "at 1:27: it ends too early: something is missing at its end",
        ),
        (
            "action.payload.a @ 1",
            "at 1:18: \"@\" is not expected here",
        ),
        (
            "has(action.payload['a'])",
            "at 1:19: has() takes a field such as action.payload.team, with a name after a dot at its end",
        ),
    ];
    check(&rows, |condition| {
        of_condition(condition).replacen("not a CEL expression: ", "", 1)
    });
    let rows = [
        (
            "{'a': 1} == action.payload.a",
            "maps, messages and optional values are not taken in a condition; compare one field with one value, or a list",
        ),
        (
            "action.payload.a == b'x'",
            "bytes are not taken in a condition; write text, without the b before its quotes",
        ),
        (
            "action.payload.a == 1e999",
            "not a CEL expression: at 1:21: a number in it is larger than any that can be sent",
        ),
        (
            "action.payload.a == 18446744073709551615u",
            "an unsigned number in it is too large; write it without the u",
        ),
        (
            "action.payload.a.matches('a', 'b')",
            "matches takes a text and a pattern, as in action.payload.service.matches(\"^pay-\")",
        ),
        (
            "action.payload.a.matches(action.payload.b)",
            "the pattern of matches must be written out, so that it can be compiled when the rules are loaded",
        ),
        (
            "action.payload.a.matches('(')",
            "the pattern \"(\" is not a regular expression: unclosed group at character 1",
        ),
        (
            "env.STAGE == 'prod'",
            "there is no env.STAGE; [rules.env] has: nothing",
        ),
        (
            "sise(action.payload.a) > 3",
            "there is no function \"sise\"; did you mean \"size\"?; known are: size, len, contains, startsWith, starts_with, endsWith, ends_with, lower, lowerAscii, upper, upperAscii, trim, escape, int, to_int, double, string, to_string, timestamp, abs, min, max, matches, has",
        ),
        (
            "size(action.payload.a, 1) > 3",
            "size takes 1 argument(s), counting what stands before its dot; it is given 2",
        ),
        (
            "action.tennant == 'a'",
            "there is no field action.tennant; did you mean action.tenant?; known are: action.id, action.namespace, action.tenant, action.provider, action.action_type, action.payload, action.metadata, action.dedup_key, action.status, action.fingerprint, action.starts_at, action.ends_at, action.created_at, action.expires_at",
        ),
        (
            "action.tenant.a == 'a'",
            "action.tenant has no further fields",
        ),
        (
            "now.hour == 1",
            "now is a number of seconds and has no fields; time.hour and the like are the calendar",
        ),
        (
            "severity == 'a'",
            "there is no \"severity\"; a field begins with action, time, now or env, such as action.payload.severity; did you mean action.payload.severity or action.metadata.severity?",
        ),
        (
            "action.tenant - 1 == 2",
            "action.tenant is text, 1 is a number: they cannot be calculated with",
        ),
        (
            "-action.tenant == 2",
            "action.tenant is text, which cannot be negated",
        ),
        (
            "'x' in action.tenant",
            "action.tenant is text, and `in` looks into a list or an object; a part of a text is found by contains",
        ),
        (
            "action.starts_at.contains('x')",
            "contains takes text, and action.starts_at is a time; compare it with < or >=, or write string() around it",
        ),
        (
            "action.metadata.prio > 5",
            "action.metadata.prio is text, 5 is a number: they have no order; put the number in quotes to compare it as text, or write int(action.metadata.prio) in a CEL condition",
        ),
        (
            "action.tenant == 5",
            "action.tenant is text, 5 is a number: they are never equal; put the number in quotes to compare it as text, or write int(action.tenant) in a CEL condition",
        ),
        (
            "action.dedup_key == null",
            "action.dedup_key is never null: what is not there is told by !has(action.dedup_key) in a CEL condition",
        ),
        (
            "time.hour == 24",
            "time.hour goes from 0 to 23, so comparing it with 24 says nothing",
        ),
        (
            "time.weekday == 'Mittwoch'",
            "time.weekday is never \"Mittwoch\"; it is one of: Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday",
        ),
        (
            &deep,
            "not a CEL expression: at 1:67: it nests too deep: put fewer parentheses within each other, or make it several rules",
        ),
    ];
    check(&rows, of_condition);
}

fn of_condition(condition: &str) -> String {
    let text =
        json!({ "rules": [{ "name": "r", "condition": condition, "action": { "type": "deny" } }] })
            .to_string();
    let told = told(&text);
    told.split_once("(r): ")
        .map_or(told.clone(), |(_, message)| message.to_owned())
}

#[test]
fn of_rules() {
    let rows = [
        (
            "",
            "rules.yaml:1:1: the file: has nothing in it: write `rules: []` for no rules, or remove it",
        ),
        (
            "rules: 5",
            "rules.yaml:1:8: the file: rules must be a list, is a whole number",
        ),
        (
            "rule: []",
            "rules.yaml:1:1: the file: there is no key \"rule\"; did you mean rules?; known are: rules, time_intervals",
        ),
        (
            "rules: [{name: r}]",
            "rules.yaml:1:9: rules[0] (r): condition is missing; needed are: name, condition, action | rules.yaml:1:9: rules[0] (r): action is missing; needed are: name, condition, action",
        ),
        (
            "rules: [{name: '', condition: 'true', action: {type: deny}}]",
            "rules.yaml:1:16: rules[0] (): name must be 1 to 128 bytes without control characters, is the text \"\"",
        ),
        (
            "rules: [{name: 5, condition: 'true', action: {type: deny}}]",
            "rules.yaml:1:16: rules[0]: name must be text, is a whole number: put it in quotes",
        ),
        (
            RULE_TWICE,
            "rules.yaml:3:12: rules[1] (r): the name \"r\" is taken by the rule at rules.yaml:2; it would shadow this one",
        ),
    ];
    check(&rows, told);
    let rows = [
        (
            "action: deny",
            "action must be a mapping: write action: {type: deny}",
        ),
        (
            "action: reroute",
            "action must be a mapping: write action: {type: reroute, target_provider: ...}",
        ),
        (
            "action: {type: drop}",
            "there is no action type \"drop\"; did you mean deny?; known are: allow, deny, suppress, deduplicate, reroute, throttle, modify",
        ),
        (
            "action: {type: group}",
            "group is not supported by this version",
        ),
        (
            "action: {type: deny, ttl_seconds: 5}",
            "deny takes no ttl_seconds; leave it out",
        ),
        (
            "action: {type: reroute, target_provider: log, ttl_seconds: 5}",
            "reroute takes no ttl_seconds; it takes: target_provider, priority",
        ),
        (
            "action: {type: reroute}",
            "target_provider is missing; through which provider it goes",
        ),
        (
            "action: {type: throttle, window_seconds: 5}",
            "max_count is missing; how many may go in the window",
        ),
        (
            "action: {type: throttle, max_count: 5}",
            "window_seconds is missing; how long the window is",
        ),
        (
            "action: {type: modify}",
            "changes is missing; what of the payload changes; modify may also have a priority alone",
        ),
        (
            "action: {type: modify, changes: 5}",
            "changes must be a mapping to merge into the payload, is a whole number",
        ),
        (
            "action: {type: modify, changes: {a: '{{ action.tennant }}'}}",
            "in {{ action.tennant }}: there is no field action.tennant; did you mean action.tenant?; known are: action.id, action.namespace, action.tenant, action.provider, action.action_type, action.payload, action.metadata, action.dedup_key, action.status, action.fingerprint, action.starts_at, action.ends_at, action.created_at, action.expires_at",
        ),
        (
            "action: {type: modify, changes: {a: '{{ action.tenant'}}",
            "the closing }} is missing in \"{{ action.tenant\"",
        ),
        (
            "action: {type: deduplicate, ttl_seconds: 0}",
            "ttl_seconds must be a whole number from 1 to 2592000, is 0",
        ),
        (
            "action: {type: allow, priority: urgent}",
            "priority must be one of high, normal, low, is \"urgent\"",
        ),
        (
            "action: {type: allow}, on_error: hold",
            "on_error: hold is for deny and suppress; leave it out, or make it skip",
        ),
        (
            "action: {type: deny}, on_error: stop",
            "on_error must be skip or hold, is \"stop\"",
        ),
        (
            "action: {type: deny}, on_mute: drop",
            "on_mute has no effect without mute_time_intervals or active_time_intervals; name some, or leave it out",
        ),
        (
            "action: {type: deny}, timezone: Mars/Base",
            "there is no time zone \"Mars/Base\"; use a name such as Asia/Shanghai or UTC",
        ),
        (
            "action: {type: deny}, enabled: 5",
            "enabled must be true or false, is a whole number",
        ),
        (
            "action: {type: deny}, mute_time_intervals: [nights]",
            "there is no time interval \"nights\", neither in the files nor in the store",
        ),
    ];
    check(&rows, |keys| {
        let told = told(&format!("rules: [{{name: r, condition: 'true', {keys}}}]"));
        told.split_once("(r): ")
            .map_or(told.clone(), |(_, message)| message.to_owned())
    });
}

const RULE_TWICE: &str = "rules:\n  - {name: r, condition: 'true', action: {type: deny}}\n  - {name: r, condition: 'true', action: {type: deny}}\n";

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
            "time_ranges[0]: says nothing: give times, weekdays, days_of_month, months or years",
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
            "time_ranges[0] has an unknown field \"weekday\"; did you mean weekdays?; known are: times, weekdays, days_of_month, months, years",
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
            .faults
            .first()
            .map_or_else(|| "no fault".to_owned(), |fault| fault.message.clone())
    });
}
