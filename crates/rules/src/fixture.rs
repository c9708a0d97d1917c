//! Fixture files: actions, and what the rules must say about them. For the user's own CI.

use acteon_core::json::same;
use acteon_core::{Action, Timestamp};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::diagnostic::{Diagnostic, LoadError};
use crate::facts::Facts;
use crate::file::RuleFile;
use crate::rule::Verdict;
use crate::set::RuleSet;
use crate::template::patched;
use crate::yaml;

/// One case of a fixture file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseResult {
    /// Its name.
    pub name: String,
    /// How the decision differs from what was expected; empty when it does not.
    pub differences: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixtures {
    tests: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    action: Json,
    #[serde(default)]
    at: Option<Timestamp>,
    expect: Expected,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    verdict: String,
    #[serde(default)]
    rule: Option<String>,
    #[serde(default)]
    provider: Option<String>,
    #[serde(default)]
    payload: Option<Json>,
}

/// Runs a fixture file against rules.
pub fn run_fixtures(rules: &RuleSet, file: &RuleFile) -> Result<Vec<CaseResult>, LoadError> {
    let diagnostic = |line, column, message| {
        LoadError(vec![Diagnostic { file: file.name.clone(), line, column, subject: "the fixtures".into(), message }])
    };
    let root = yaml::parse(&file.text).map_err(|(place, message)| diagnostic(place.line, place.column, message))?;
    let json = root.map(|node| node.to_json()).unwrap_or_default();
    let fixtures: Fixtures = serde_json::from_value(json).map_err(|error| diagnostic(1, 1, error.to_string()))?;
    if fixtures.tests.is_empty() {
        return Err(diagnostic(1, 1, "there are no tests".into()));
    }
    fixtures.tests.iter().map(|case| run(rules, case).map_err(|message| diagnostic(1, 1, format!("{}: {message}", case.name)))).collect()
}

fn run(rules: &RuleSet, case: &Case) -> Result<CaseResult, String> {
    let now = case.at.unwrap_or_default();
    let action = complete(&case.action, now)?;
    let facts = Facts::new(&action, now);
    let decided = rules.decide(&facts);
    let verdict = decided.rule.map_or("allow", |rule| rule.verdict().tag());
    let mut differences: Vec<String> =
        decided.faults.iter().map(|fault| format!("rule {} failed: {}", fault.rule, fault.message)).collect();
    let mut compare = |what: &str, expected: Option<&str>, found: Option<&str>| {
        if expected.is_some() && expected != found {
            differences.push(format!("{what}: expected {}, got {}", expected.unwrap_or_default(), found.unwrap_or("none")));
        }
    };
    compare("verdict", Some(&case.expect.verdict), Some(verdict));
    compare("rule", case.expect.rule.as_deref(), decided.rule.map(|rule| &**rule.name()));
    let provider = match decided.rule.map(crate::Rule::verdict) {
        Some(Verdict::Reroute { target }) => target,
        _ => &action.provider,
    };
    compare("provider", case.expect.provider.as_deref(), Some(provider.as_str()));
    if let Some(expected) = &case.expect.payload {
        let patch = decided.patch.unwrap_or_else(|| json!({}));
        let payload = patched(&action.payload, &patch).map_err(|error| format!("the payload: {error}"))?;
        let (expected, found) = (expected.to_string(), payload.get());
        // The order of names does not matter.
        compare("payload", Some(&expected), Some(if same(&expected, found) { &expected } else { found }));
    }
    Ok(CaseResult { name: case.name.clone(), differences })
}

/// An action with what a fixture may leave out.
fn complete(given: &Json, now: Timestamp) -> Result<Action, String> {
    let mut whole = json!({
        "id": "fixture", "namespace": "default", "tenant": "default", "provider": "log", "action_type": "notify", "payload": {},
        "created_at": now,
    });
    let Json::Object(given) = given else { return Err("action must be a mapping".into()) };
    for (key, value) in given {
        whole[key.as_str()] = value.clone();
    }
    // Raw payloads are read from text only.
    serde_json::from_str(&whole.to_string()).map_err(|error| format!("action: {error}"))
}
