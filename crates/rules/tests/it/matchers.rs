//! What silences look at.

use acteon_rules::{Facts, MatchOp, Matcher, MatcherSpec};
use proptest::prelude::*;
use serde_json::json;

use crate::support::{action, now};

fn matches(name: &str, op: MatchOp, value: &str) -> bool {
    let spec = MatcherSpec {
        name: name.into(),
        value: value.into(),
        op,
    };
    let action = action(
        &json!({ "service": "checkout", "count": 3, "ok": true, "alerts": [{ "status": "firing" }], "k8s.pod": "p-1" }),
        &json!({ "severity": "warning" }),
    );
    Matcher::compile(&spec)
        .expect("a matcher")
        .matches(&Facts::new(&action, now()))
        == Some(true)
}

#[test]
fn labels_and_paths_match() {
    use MatchOp::{Equal, NotEqual, NotRegex, Regex};
    for (name, op, value, expected) in [
        ("severity", Equal, "warning", true),
        ("severity", Equal, "warn", false),
        ("severity", NotEqual, "critical", true),
        ("severity", Regex, "warn.*", true),
        ("severity", Regex, "warn", false),
        ("severity", Regex, "arning|warning", true),
        ("severity", NotRegex, "warn", true),
        ("team", Equal, "", false),
        ("team", Regex, ".*", false),
        ("team", NotEqual, "pay", true),
        ("team", NotRegex, ".*", true),
        ("action.provider", Equal, "log", true),
        ("action.payload.service", Regex, "check.+", true),
        ("action.payload.count", Equal, "3", true),
        ("action.payload.ok", Equal, "true", true),
        ("action.payload.missing.more", NotEqual, "x", true),
        ("action.metadata.severity", Equal, "warning", true),
        ("action.payload.alerts[0].status", Equal, "firing", true),
        ("action.payload.alerts[1].status", Equal, "firing", false),
        ("action[\"payload\"][\"k8s.pod\"]", Regex, "p-.*", true),
        (
            "action.created_at",
            Equal,
            "2026-01-01T08:00:00+08:00",
            true,
        ),
        (
            "action.created_at",
            NotEqual,
            "2026-01-01T08:00:00+08:00",
            false,
        ),
    ] {
        assert_eq!(
            matches(name, op, value),
            expected,
            "{name} {op:?} {value:?}"
        );
    }
}

#[test]
fn what_is_no_matcher_is_refused() {
    let compile = |name: &str, op, value: &str| {
        Matcher::compile(&MatcherSpec {
            name: name.into(),
            value: value.into(),
            op,
        })
    };
    assert!(compile("", MatchOp::Equal, "x").is_err());
    assert!(compile("a", MatchOp::Regex, "(").is_err());
    assert!(compile("a", MatchOp::Regex, &"a".repeat(5000)).is_err());
    assert!(
        compile("a", MatchOp::Regex, r"\w{1,200}").is_err(),
        "the program is too large"
    );
    assert!(compile("action.colour", MatchOp::Equal, "x").is_err());
    let said = |name: &str, value: &str| {
        compile(name, MatchOp::Equal, value)
            .expect_err(name)
            .to_string()
    };
    assert!(said("Action.tenant", "acme").contains("did you mean action.tenant?"));
    assert!(said("action.payload.alerts[x]", "1").contains("in brackets stands"));
    assert!(said("action.starts_at", "noon").contains("RFC 3339"));
}

proptest! {
    #[test]
    fn any_pattern_matches_or_is_refused(name in ".{0,20}", value in ".{0,40}", text in ".{0,40}", regex in any::<bool>()) {
        let op = if regex { MatchOp::Regex } else { MatchOp::NotEqual };
        if let Ok(matcher) = Matcher::compile(&MatcherSpec { name, value, op }) {
            let action = action(&json!({ "a": text }), &json!({ "a": text }));
            matcher.matches(&Facts::new(&action, now()));
        }
    }
}
