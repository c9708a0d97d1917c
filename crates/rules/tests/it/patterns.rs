//! Patterns as people write them, in silences and in rules.

use acteon_rules::{Facts, MatchOp, Matcher, MatcherSpec};
use serde_json::json;

use crate::support::{action, now, rules};

/// Of the documentation and examples of Prometheus and Alertmanager, and of what was tried in earnest: a pattern, a text that it matches as a whole,
/// and one that it does not.
const WRITTEN: &[(&str, &str, &str)] = &[
    ("warning|critical", "critical", "critical2"),
    ("foo1|foo2|baz", "baz", "bar"),
    ("^(foo1|foo2|baz)$", "foo2", "foo"),
    ("^(?:foo|bar)$", "foo", "foobar"),
    (".*", "", "\u{0}none"),
    (".+", "x", ""),
    ("node_.*", "node_load1", "node"),
    ("job:.*", "job:errors:rate5m", "job"),
    (
        "environment=~staging|testing|development",
        "testing",
        "prod",
    ),
    ("(.*):\\d+", "10.0.0.1:9100", "10.0.0.1"),
    ("([^:]+)(?::\\d+)?;(\\d+)", "web:80;9100", "web"),
    (".*\\.example\\.com", "db.example.com", "dbXexampleXcom"),
    ("[a-zA-Z_:][a-zA-Z0-9_:]*", "http_requests:rate", "9x"),
    ("5..", "503", "404"),
    ("/api/v[12]/.*", "/api/v1/query", "/api/v3/x"),
    ("(?i)critical", "CRITICAL", "crit"),
    ("(?i:warn).*", "Warning", "error"),
    ("\\w+-\\w+", "web-1", "web"),
    ("\\w+@\\w+\\.\\w+", "li@example.com", "li@example"),
    (
        "\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}:\\d{2,5}",
        "192.168.1.17:9100",
        "192.168.1:9100",
    ),
    (
        "(25[0-5]|2[0-4]\\d|1?\\d?\\d)(\\.(25[0-5]|2[0-4]\\d|1?\\d?\\d)){3}(:\\d+)?",
        "10.1.2.255",
        "10.1.2.256",
    ),
    (
        "\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?(Z|[+-]\\d{2}:\\d{2})",
        "2026-01-31T09:00:00+08:00",
        "2026-01-31",
    ),
    (".{0,50}支付.{0,50}", "【支付】超时", "订单超时"),
    ("[\\p{Han}]+", "支付", "pay"),
    ("\\pL+", "支付pay", "1"),
    (".*down.*", "web is\ndown since noon", "up"),
    ("disk.*full", "disk\n/var full", "disk"),
    ("[[:alpha:]]+[[:digit:]]*", "node12", "12"),
    ("\\bdb\\b.*", "db is down", "dbx"),
    (
        "(prod|staging)-(eu|us)-[0-9]+[a-c]?",
        "prod-eu-12b",
        "prod-cn-1",
    ),
    ("kube-(system|public|node-lease)", "kube-system", "kube"),
    ("(?P<host>[^.]+)\\..*", "web.example.com", "web"),
    ("https?://[^/]+/.*", "https://example.com/x", "ftp://x/"),
    (
        "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        "0190f3c0-0000-7000-8000-000000000000",
        "0190f3c0",
    ),
    (
        "tmpfs|overlay|/(run|sys|proc|dev)($|/.*)",
        "/run/lock",
        "/var",
    ),
    ("\\/var\\/lib\\/docker\\/.+", "/var/lib/docker/x", "/var"),
    ("go_(gc|memstats)_.*", "go_gc_duration", "go"),
    ("{.*}", "{a}", "a"),
    ("a{,5}", "a{,5}", "aa"),
    ("\\{\\{ .+ \\}\\}", "{{ x }}", "x"),
    ("x{2}", "xx", "x{2}"),
    ("[{]x[}]", "{x}", "x"),
];

#[test]
fn what_people_write_is_taken_and_means_what_they_mean() {
    for (pattern, matching, other) in WRITTEN {
        let matches = |text: &str| {
            let spec = MatcherSpec {
                name: "action.payload.t".into(),
                value: (*pattern).into(),
                op: MatchOp::Regex,
            };
            let matcher =
                Matcher::compile(&spec).unwrap_or_else(|error| panic!("{pattern}: {error}"));
            matcher.matches(&Facts::new(
                &action(&json!({ "t": text }), &json!({})),
                now(),
            )) == Some(true)
        };
        // The second alternative of this one has the name of a label in it.
        assert!(matches(matching), "{pattern} on {matching:?}");
        assert!(
            *pattern == ".*" || !matches(other),
            "{pattern} on {other:?}"
        );
        let rule = json!({ "rules": [{ "name": "r", "condition": { "field": "action.payload.t", "matches": format!("^(?:{pattern})$") }, "action": { "type": "deny" } }] });
        let in_rule = |text: &str| {
            let asked = action(&json!({ "t": text }), &json!({}));
            rules(&rule.to_string())
                .decide(&Facts::new(&asked, now()))
                .rule
                .is_some()
        };
        assert!(in_rule(matching), "{pattern} in a rule on {matching:?}");
    }
}

#[test]
fn a_long_list_of_names_is_taken() {
    let hosts: Vec<String> = (0..200)
        .map(|number| format!("web-{number:03}.example.com"))
        .collect();
    let spec = MatcherSpec {
        name: "host".into(),
        value: hosts.join("|"),
        op: MatchOp::Regex,
    };
    let spec = MatcherSpec {
        value: spec.value.chars().take(4000).collect(),
        ..spec
    };
    assert!(Matcher::compile(&spec).is_ok(), "{}", spec.value.len());
}

#[test]
fn what_is_no_pattern_says_why_without_a_drawing() {
    let fault = |pattern: &str| {
        let spec = MatcherSpec {
            name: "a".into(),
            value: pattern.into(),
            op: MatchOp::Regex,
        };
        Matcher::compile(&spec).expect_err(pattern).to_string()
    };
    for (pattern, says) in [
        ("(", "unclosed group at character 1"),
        ("*", "* alone is no pattern"),
        ("web)|(.*", "unopened group at character 4"),
        ("(?=x)y", "look-around"),
        ("x{3,1}", "invalid repetition count range"),
        ("[a", "unclosed character class"),
    ] {
        let said = fault(pattern);
        assert!(
            said.contains(says) && !said.contains('^'),
            "{pattern}: {said}"
        );
    }
    assert!(fault("\\w{1,200}").contains("too large"));
}
