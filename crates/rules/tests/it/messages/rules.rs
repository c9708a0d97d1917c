//! What is told of rules.

use super::{check, told};

const RULE_TWICE: &str = "rules:\n  - {name: r, condition: 'true', action: {type: deny}}\n  - {name: r, condition: 'true', action: {type: deny}}\n";

/// Files that are refused, and what is told of each.
const FILES: &[(&str, &str)] = &[
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
        "rules.yaml:1:1: the file: there is no key \"rule\"; did you mean rules?; known are: rules, time_intervals, chains",
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

/// Keys of a rule that are refused, and what is told of each.
const KEYS: &[(&str, &str)] = &[
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
        "there is no action type \"drop\"; did you mean deny?; known are: allow, deny, suppress, deduplicate, reroute, throttle, modify, schedule, chain, request_approval",
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
        "action: {type: schedule}",
        "delay_seconds is missing; how long the action waits",
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

#[test]
fn of_rules() {
    check(FILES, told);
    check(KEYS, |keys| {
        let told = told(&format!("rules: [{{name: r, condition: 'true', {keys}}}]"));
        told.split_once("(r): ")
            .map_or(told.clone(), |(_, message)| message.to_owned())
    });
}
