//! What is told of conditions.

use serde_json::json;

use super::{check, told};

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

/// Texts that are no expression, and what is told of each.
const SLIPS: &[(&str, &str)] = &[
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

/// Conditions that are refused, and what is told of each.
const CONDITIONS: &[(&str, &str)] = &[
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
];

#[test]
fn of_conditions() {
    let deep = format!("{}true{}", "!(".repeat(40), ")".repeat(40));
    check(SLIPS, |condition| {
        of_condition(condition).replacen("not a CEL expression: ", "", 1)
    });
    check(CONDITIONS, of_condition);
    check(
        &[(
            &deep,
            "not a CEL expression: at 1:67: it nests too deep: put fewer parentheses within each other, or make it several rules",
        )],
        of_condition,
    );
}

fn of_condition(condition: &str) -> String {
    let text =
        json!({ "rules": [{ "name": "r", "condition": condition, "action": { "type": "deny" } }] })
            .to_string();
    let told = told(&text);
    told.split_once("(r): ")
        .map_or(told.clone(), |(_, message)| message.to_owned())
}
