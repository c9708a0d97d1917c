//! Fixture files: actions, and what the rules must say about them. For the user's own CI.
//!
//! They are read node by node: a word that is misspelt is told with its line, and is no test that passes.

use acteon_core::json::same;
use acteon_core::similar::nearest;
use acteon_core::{Action, Timestamp, VerdictKind};
use serde_json::{Value as Json, json};

use crate::context::Context;
use crate::diagnostic::LoadError;
use crate::facts::Facts;
use crate::file::RuleFile;
use crate::interval::TimeInterval;
use crate::matcher::{Matcher, MatcherSpec};
use crate::on_mute::OnMute;
use crate::path::Path;
use crate::reader::{Fields, Reader};
use crate::set::{Decided, RuleSet};
use crate::template::patched;
use crate::yaml::{Node, NodeKind, subject};

/// One case of a fixture file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseResult {
    /// Its name.
    pub name: String,
    /// How the decision differs from what was expected; empty when it does not.
    pub differences: Vec<String>,
}

const FILE_KEYS: &[&str] = &["tests", "silences", "time_intervals"];
const CASE_KEYS: &[&str] = &["name", "at", "action", "expect"];
const EXPECT_KEYS: &[&str] = &["verdict", "rule", "provider", "payload"];
const SILENCE_KEYS: &[&str] = &["matchers", "starts_at", "ends_at", "comment"];
/// What becomes of an action beside the verdicts of rules.
const HELD_BACK: [&str; 4] = ["muted", "postponed", "silenced", "held"];

/// A silence as a fixture file has it.
struct Silence {
    matchers: Vec<Matcher>,
    starts_at: Timestamp,
    ends_at: Timestamp,
}

struct Case {
    name: String,
    action: Action,
    at: Option<Timestamp>,
    verdict: String,
    rule: Option<String>,
    provider: Option<String>,
    payload: Option<String>,
}

/// A fixture file.
struct Fixtures {
    cases: Vec<Case>,
    silences: Vec<Silence>,
    intervals: Vec<TimeInterval>,
}

/// Runs a fixture file against rules.
pub fn run_fixtures(rules: &RuleSet, file: &RuleFile) -> Result<Vec<CaseResult>, LoadError> {
    let context = Context::default();
    let mut reader = Reader::new(&context);
    let fixtures = reader.fixtures(file);
    match fixtures {
        Some(fixtures) if reader.diagnostics.is_empty() => Ok(fixtures
            .cases
            .iter()
            .map(|case| fixtures.run(rules, case))
            .collect()),
        _ => Err(LoadError(reader.diagnostics)),
    }
}

impl<'a> Reader<'a> {
    fn fixtures(&mut self, file: &'a RuleFile) -> Option<Fixtures> {
        let root = self.root(file, "write tests: and a list of them")?;
        let fields = self.fields(&root, FILE_KEYS, &["tests"])?;
        let mut silences = Vec::new();
        for (index, node) in self
            .list(fields.get("silences").copied())
            .into_iter()
            .enumerate()
        {
            self.subject = subject("silences", index, node);
            silences.extend(self.silence(node));
        }
        self.read_intervals(fields.get("time_intervals").copied());
        let nodes = self.list(fields.get("tests").copied());
        if nodes.is_empty() {
            self.fault::<()>(
                root.place,
                "tests is empty: write at least one case with name, action and expect".into(),
            );
        }
        let mut cases = Vec::new();
        for (index, node) in nodes.into_iter().enumerate() {
            self.subject = subject("tests", index, node);
            cases.extend(self.case(node));
        }
        Some(Fixtures {
            cases,
            silences,
            intervals: std::mem::take(&mut self.intervals),
        })
    }

    fn silence(&mut self, node: &Node) -> Option<Silence> {
        let fields = self.fields(node, SILENCE_KEYS, &["matchers"])?;
        let starts_at = self.time(&fields, "starts_at");
        let ends_at = self.time(&fields, "ends_at");
        let mut matchers = Vec::new();
        for node in self.list(fields.get("matchers").copied()) {
            let spec = serde_json::from_value::<MatcherSpec>(node.to_json())
                .map_err(|error| error.to_string());
            match spec.and_then(|spec| Matcher::compile(&spec).map_err(|error| error.to_string())) {
                Ok(matcher) => matchers.push(matcher),
                Err(message) => drop(self.fault::<()>(node.place, format!("matchers: {message}"))),
            }
        }
        if matchers.is_empty() {
            return self.fault(
                node.place,
                "a silence needs a matcher such as {name: team, value: pay}".into(),
            );
        }
        Some(Silence {
            matchers,
            starts_at: starts_at.unwrap_or(Timestamp::MIN),
            ends_at: ends_at.unwrap_or(Timestamp::MAX),
        })
    }

    fn case(&mut self, node: &Node) -> Option<Case> {
        let fields = self.fields(node, CASE_KEYS, &["name", "action", "expect"])?;
        let name = fields.get("name").and_then(|node| self.text(node));
        let at = self.time(&fields, "at");
        let action = fields
            .get("action")
            .and_then(|node| self.fixture_action(node, at.unwrap_or_default()));
        let expect = *fields.get("expect")?;
        let expected = self.fields(expect, EXPECT_KEYS, &["verdict"])?;
        let verdict = expected
            .get("verdict")
            .and_then(|node| self.expected_verdict(node));
        let rule = expected.get("rule").and_then(|node| self.text(node));
        let provider = expected.get("provider").and_then(|node| self.text(node));
        let payload = expected.get("payload").map(|node| node.to_text());
        Some(Case {
            name: name?,
            action: action?,
            at,
            verdict: verdict?,
            rule,
            provider,
            payload,
        })
    }

    fn expected_verdict(&mut self, node: &Node) -> Option<String> {
        let text = self.text(node)?;
        let known: Vec<&str> = VerdictKind::ALL
            .map(VerdictKind::as_str)
            .into_iter()
            .chain(HELD_BACK)
            .collect();
        if known.contains(&text.as_str()) {
            return Some(text);
        }
        let hint = nearest(&text, known.iter().copied())
            .map_or(String::new(), |near| format!("; did you mean {near}?"));
        self.fault(
            node.place,
            format!(
                "there is no verdict {text:?}{hint}; known are: {}",
                known.join(", ")
            ),
        )
    }

    fn time(&mut self, fields: &Fields<'_>, key: &str) -> Option<Timestamp> {
        let node = *fields.get(key)?;
        let parsed = if let NodeKind::Text(text) = &node.kind {
            Timestamp::parse(text)
        } else {
            None
        };
        parsed.or_else(|| {
            let message = format!("{key} must be an RFC 3339 time with a zone, such as 2026-01-31T09:00:00+08:00, is {}", node.shown());
            self.fault(node.place, message)
        })
    }

    /// An action with what a fixture may leave out.
    fn fixture_action(&mut self, node: &Node, now: Timestamp) -> Option<Action> {
        let known: Vec<&'static str> = Path::action_fields().chain(["priority"]).collect();
        let before = self.diagnostics.len();
        let fields = self.fields(node, &known, &[])?;
        let mut whole = json!({
            "id": "fixture", "namespace": "default", "tenant": "default", "provider": "log", "action_type": "notify",
            "created_at": now,
        });
        let mut payload = "{}".to_owned();
        for (key, field) in &fields {
            if *key == "payload" {
                payload = field.to_text();
                continue;
            }
            whole[*key] = match *key {
                "metadata" => self.labels(field),
                "starts_at" | "ends_at" | "created_at" | "expires_at" => {
                    json!(self.time(&fields, key))
                }
                _ => json!(self.text(field)),
            };
        }
        if self.diagnostics.len() > before {
            return None;
        }
        // Raw payloads are read from text only.
        let mut whole = whole.to_string();
        whole.truncate(whole.len() - 1);
        whole.push_str(",\"payload\":");
        whole.push_str(&payload);
        whole.push('}');
        serde_json::from_str(&whole).map_or_else(
            |error| self.fault(node.place, format!("action: {error}")),
            Some,
        )
    }

    fn labels(&mut self, node: &Node) -> Json {
        let NodeKind::Map(entries) = &node.kind else {
            self.fault::<()>(
                node.place,
                format!(
                    "metadata must be a mapping of texts, is {}",
                    node.described()
                ),
            );
            return Json::Null;
        };
        entries
            .iter()
            .map(|(name, _, value)| (name.clone(), json!(self.text(value))))
            .collect()
    }
}

impl Fixtures {
    fn run(&self, rules: &RuleSet, case: &Case) -> CaseResult {
        let facts = Facts::new(&case.action, case.at.unwrap_or_default());
        let decided = rules.decide(&facts);
        let held_back = self.held_back(rules, case, &decided);
        let verdict = decided
            .rule
            .map_or(VerdictKind::Allow, |rule| rule.verdict().kind())
            .as_str();
        let (found, why) = held_back
            .as_ref()
            .map_or((verdict, None), |(word, why)| (*word, Some(why)));
        let mut differences = Vec::new();
        if decided.held.is_none() {
            differences.extend(
                decided
                    .faults
                    .iter()
                    .map(|fault| format!("rule {} failed: {}", fault.rule, fault.message)),
            );
        }
        // What does not get as far as its rule asks for no time interval.
        if !matches!(held_back, Some(("silenced" | "held", _))) {
            differences.extend(self.unknown_intervals(rules, case, &decided));
        }
        // Who expects a rule's verdict of what does not go would believe that it goes.
        if found != case.verdict {
            let why = why.map_or(String::new(), |why| format!(" {why}"));
            differences.push(format!(
                "verdict: expected {}, got {found}{why}",
                case.verdict
            ));
        }
        let mut compare = |what: &str, expected: Option<&str>, found: Option<&str>| {
            if expected.is_some() && expected != found {
                differences.push(format!(
                    "{what}: expected {}, got {}",
                    expected.unwrap_or_default(),
                    found.unwrap_or("none")
                ));
            }
        };
        let rule = decided
            .held
            .as_ref()
            .map(|fault| &*fault.rule)
            .or_else(|| decided.rule.map(|rule| &**rule.name()));
        compare("rule", case.rule.as_deref(), rule);
        let provider = decided
            .rule
            .and_then(|rule| rule.verdict().target())
            .unwrap_or(&case.action.provider);
        compare(
            "provider",
            case.provider.as_deref(),
            Some(provider.as_str()),
        );
        let payload = match &decided.patch {
            Some(patch) => {
                patched(&case.action.payload, patch).map(|payload| payload.get().to_owned())
            }
            None => Ok(case.action.payload.get().to_owned()),
        };
        match (&case.payload, payload) {
            // The order of names does not matter.
            (Some(expected), Ok(payload)) => {
                compare(
                    "payload",
                    Some(expected),
                    Some(if same(expected, &payload) {
                        expected
                    } else {
                        &payload
                    }),
                );
            }
            (None, Ok(_)) => {}
            (_, Err(error)) => differences.push(format!("payload: {error}")),
        }
        CaseResult {
            name: case.name.clone(),
            differences,
        }
    }

    fn interval<'i>(&'i self, rules: &'i RuleSet, name: &str) -> Option<&'i TimeInterval> {
        self.intervals
            .iter()
            .find(|interval| interval.name() == name)
            .or_else(|| rules.interval(name))
    }

    /// What to say of time intervals that decide about a case and that nobody here knows, such as those that a gateway's store has.
    fn unknown_intervals(
        &self,
        rules: &RuleSet,
        case: &Case,
        decided: &Decided<'_>,
    ) -> Vec<String> {
        let Some(rule) = decided.rule.filter(|_| case.at.is_some()) else {
            return Vec::new();
        };
        let unknown = rule
            .mute_intervals()
            .iter()
            .chain(rule.active_intervals())
            .filter(|name| self.interval(rules, name).is_none());
        let told = unknown.map(|name| {
            let near = nearest(name, self.intervals.iter().map(TimeInterval::name));
            let hint = near.map_or(".".to_owned(), |near| format!("; did you mean {near:?}?"));
            format!(
                "time interval: rule {} goes by {name:?}, which is neither in the files of the rules nor in this one{hint} No gateway is asked: give it in this \
                 file, as in time_intervals: [{{name: {name}, time_ranges: [{{times: [{{start: \"22:00\", end: \"24:00\"}}]}}]}}]",
                rule.name()
            )
        });
        told.collect()
    }

    /// What holds an action back at the instant of its case, and why. Without an instant neither silences nor time intervals are looked at.
    fn held_back(
        &self,
        rules: &RuleSet,
        case: &Case,
        decided: &Decided<'_>,
    ) -> Option<(&'static str, String)> {
        if let Some(fault) = &decided.held {
            return Some((
                "held",
                format!("by rule {}, which failed: {}", fault.rule, fault.message),
            ));
        }
        let now = case.at?;
        let provider = decided
            .rule
            .and_then(|rule| rule.verdict().target())
            .unwrap_or(&case.action.provider);
        let facts = Facts::through(&case.action, provider, now);
        let matches = |silence: &Silence| {
            silence
                .matchers
                .iter()
                .all(|matcher| matcher.matches(&facts) == Some(true))
        };
        let holds = |silence: &&Silence| {
            silence.starts_at <= now && now < silence.ends_at && matches(silence)
        };
        if self.silences.iter().any(|silence| holds(&silence)) {
            return Some(("silenced", "by a silence of the fixture file".into()));
        }
        let interval = |name: &str| self.interval(rules, name);
        let rule = decided.rule?;
        let muting = rule.muting(interval, now)?;
        let is_postponed = muting.on_mute == OnMute::Postpone;
        if is_postponed && rule.verdict().kind().refuses() {
            return None;
        }
        let word = if is_postponed && rule.mutes_until(interval, now).is_some() {
            "postponed"
        } else {
            "muted"
        };
        Some((
            word,
            format!(
                "by the time interval {} ({})",
                muting.interval, muting.reason
            ),
        ))
    }
}
