//! From a file's YAML to rules. Nothing stops at the first problem.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::limits::MAX_RULES_FILE_BYTES;
use acteon_core::similar::nearest;
use acteon_core::{Priority, ProviderName};

use crate::interval::TimeInterval;
use crate::predicate;
use crate::reader::{Fields, Reader};
use crate::rule::{Changes, OnError, OnMute, Rule, Verdict};
use crate::template::Template;
use crate::yaml::{self, Node, NodeKind, Place, subject};

/// A file's name and text.
#[derive(Clone, Debug)]
pub struct RuleFile {
    /// As it is to stand in messages.
    pub name: String,
    /// Its content.
    pub text: String,
}

const FILE_KEYS: &[&str] = &["rules", "time_intervals"];
const RULE_KEYS: &[&str] = &[
    "name",
    "priority",
    "description",
    "enabled",
    "timezone",
    "metadata",
    "mute_time_intervals",
    "active_time_intervals",
    "on_mute",
    "on_error",
    "condition",
    "action",
];
const ACTION_KEYS: &[&str] = &[
    "type",
    "ttl_seconds",
    "target_provider",
    "max_count",
    "window_seconds",
    "changes",
    "priority",
];

/// The keys of a file, of a rule and of its action: what an editor's schema must list.
pub const SCHEMA_KEYS: [&[&str]; 3] = [FILE_KEYS, RULE_KEYS, ACTION_KEYS];

/// Verdicts and the parameters each takes.
const VERDICTS: &[(&str, &[&str])] = &[
    ("allow", &["priority"]),
    ("deny", &[]),
    ("suppress", &[]),
    ("deduplicate", &["ttl_seconds", "priority"]),
    ("reroute", &["target_provider", "priority"]),
    ("throttle", &["max_count", "window_seconds", "priority"]),
    ("modify", &["changes", "priority"]),
];

/// Parameters that may be left out.
const OPTIONAL: [&str; 2] = ["ttl_seconds", "priority"];

/// Verdicts of the wire format that are not built.
const LATER: [&str; 5] = [
    "group",
    "state_machine",
    "request_approval",
    "chain",
    "schedule",
];

/// What to do about a file with nothing in it.
const NOTHING: &str = "write `rules: []` for no rules, or remove it";

const DEFAULT_TTL: Duration = Duration::from_hours(1);
const MAX_TTL_SECONDS: i64 = 30 * 86_400;
const MAX_WINDOW_SECONDS: i64 = 30 * 86_400;
const MAX_THROTTLE: i64 = 100_000;

impl<'a> Reader<'a> {
    pub(crate) fn read(&mut self, file: &'a RuleFile) {
        let Some(root) = self.root(file, NOTHING) else {
            return;
        };
        let Some(fields) = self.fields(&root, FILE_KEYS, &[]) else {
            return;
        };
        if matches!(&root.kind, NodeKind::Map(entries) if entries.is_empty()) {
            return self.nothing_in(root.place, NOTHING);
        }
        for (index, node) in self
            .list(fields.get("rules").copied())
            .into_iter()
            .enumerate()
        {
            self.subject = subject("rules", index, node);
            if let Some(rule) = self.rule(node) {
                self.rules.push(rule);
            }
        }
        self.read_intervals(fields.get("time_intervals").copied());
    }

    /// Reads time intervals; of each name there is one.
    pub(crate) fn read_intervals(&mut self, list: Option<&Node>) {
        for (index, node) in self.list(list).into_iter().enumerate() {
            self.subject = subject("time_intervals", index, node);
            match TimeInterval::from_json(&node.to_json()) {
                Ok(interval) if !self.interval_names.insert(interval.name().to_owned()) => {
                    self.fault::<()>(node.place, "another time interval has this name".into());
                }
                Ok(interval) => self.intervals.push(interval),
                Err(error) => {
                    self.fault::<()>(node.place, error.to_string());
                }
            }
        }
    }

    /// Begins with a file. `nothing` says what to do about an empty one.
    pub(crate) fn root(&mut self, file: &'a RuleFile, nothing: &str) -> Option<Node> {
        self.file = &file.name;
        "the file".clone_into(&mut self.subject);
        if file.text.len() > MAX_RULES_FILE_BYTES {
            let message = format!(
                "is {} bytes long, at most {MAX_RULES_FILE_BYTES} are allowed",
                file.text.len()
            );
            return self.fault(Place { line: 1, column: 1 }, message);
        }
        match yaml::parse(&file.text) {
            Ok(Some(root)) => Some(root),
            Ok(None) => {
                self.nothing_in(Place { line: 1, column: 1 }, nothing);
                None
            }
            Err((place, message)) => self.fault(place, message),
        }
    }

    /// A file is emptied before it is written: its rules are not taken away by that.
    fn nothing_in(&mut self, place: Place, nothing: &str) {
        self.fault::<()>(place, format!("has nothing in it: {nothing}"));
    }

    fn rule(&mut self, node: &Node) -> Option<Rule> {
        let fields = self.fields(node, RULE_KEYS, &["name", "condition", "action"])?;
        let name = fields.get("name").and_then(|node| self.name(node));
        if let Some(name) = &name {
            self.claim_name(name, fields["name"]);
        }
        let zone = match fields.get("timezone") {
            Some(node) => self
                .text(node)
                .and_then(|text| self.zone(node.place, &text)),
            None => self.default_zone(),
        };
        let priority = fields.get("priority").map_or(Some(0), |node| {
            self.integer(node, -1_000_000_000..=1_000_000_000)
        });
        let enabled = fields
            .get("enabled")
            .map_or(Some(true), |node| self.flag(node));
        let description = fields.get("description").and_then(|node| self.text(node));
        if let Some(node) = fields.get("metadata") {
            self.check_metadata(node);
        }
        let mute = self.interval_names(fields.get("mute_time_intervals").copied());
        let active = self.interval_names(fields.get("active_time_intervals").copied());
        let condition = fields
            .get("condition")
            .and_then(|node| predicate::condition(self, node));
        let (verdict, sets_priority) = fields
            .get("action")
            .and_then(|node| self.verdict(node))
            .unzip();
        let on_mute = fields
            .get("on_mute")
            .and_then(|node| self.on_mute(node, mute.is_empty() && active.is_empty()));
        let on_error = fields.get("on_error").map_or(Some(OnError::Skip), |node| {
            self.on_error(node, verdict.as_ref())
        });
        let condition = condition?;
        Some(Rule {
            name: name?.into(),
            priority: priority?,
            description,
            enabled: enabled?,
            mute,
            active,
            on_mute,
            on_error: on_error?,
            verdict: verdict?,
            sets_priority: sets_priority?,
            source: format!("{}:{}", self.file, node.place.line),
            condition: condition.expr,
            display: condition.display,
            zone: zone?,
        })
    }

    fn claim_name(&mut self, name: &str, node: &Node) {
        let here = format!("{}:{}", self.file, node.place.line);
        if let Some(first) = self.names.get(name).cloned() {
            self.fault::<()>(
                node.place,
                format!(
                    "the name {name:?} is taken by the rule at {first}; it would shadow this one"
                ),
            );
        } else {
            self.names.insert(name.to_owned(), here);
        }
    }

    /// The verdict, and the priority that goes with it.
    fn verdict(&mut self, node: &Node) -> Option<(Verdict, Option<Priority>)> {
        let before = self.diagnostics.len();
        if let NodeKind::Text(text) = &node.kind {
            return self.fault(node.place, as_mapping(text));
        }
        let fields = self.fields(node, ACTION_KEYS, &["type"])?;
        let type_node = *fields.get("type")?;
        let type_name = self.text(type_node)?;
        let Some((_, takes)) = VERDICTS.iter().find(|(name, _)| *name == type_name) else {
            return self.fault(type_node.place, no_verdict(&type_name));
        };
        for (key, node) in &fields {
            if *key != "type" && !takes.contains(key) {
                self.fault::<()>(node.place, format!("{type_name} takes no {key}"));
            }
        }
        let verdict = match type_name.as_str() {
            "allow" => Verdict::Allow,
            "deny" => Verdict::Deny,
            "suppress" => Verdict::Suppress,
            "deduplicate" => {
                let ttl = match fields.get("ttl_seconds") {
                    Some(node) => seconds(self.integer(node, 1..=MAX_TTL_SECONDS)?),
                    None => DEFAULT_TTL,
                };
                Verdict::Deduplicate { ttl }
            }
            "reroute" => Verdict::Reroute {
                target: self.target(node, &fields)?,
            },
            "throttle" => {
                let max_count = self
                    .needed(node, &fields, "max_count")
                    .and_then(|node| self.integer(node, 1..=MAX_THROTTLE));
                let window = self
                    .needed(node, &fields, "window_seconds")
                    .and_then(|node| self.integer(node, 1..=MAX_WINDOW_SECONDS));
                Verdict::Throttle {
                    max_count: u32::try_from(max_count?).unwrap_or(u32::MAX),
                    window: seconds(window?),
                }
            }
            // One that changes the priority alone leaves the payload as it is.
            _ if fields.contains_key("priority") && !fields.contains_key("changes") => {
                Verdict::Modify { changes: None }
            }
            _ => Verdict::Modify {
                changes: Some(self.changes(node, &fields)?),
            },
        };
        let priority = fields.get("priority").and_then(|node| self.priority(node));
        (self.diagnostics.len() == before).then_some((verdict, priority))
    }

    fn target(&mut self, node: &Node, fields: &Fields<'_>) -> Option<ProviderName> {
        let node = self.needed(node, fields, "target_provider")?;
        let text = self.text(node)?;
        let known = &self.context.providers;
        match ProviderName::parse(&text) {
            Ok(name) if known.as_ref().is_none_or(|known| known.contains(&name)) => Some(name),
            Ok(_) => {
                let known: Vec<&str> = known.iter().flatten().map(ProviderName::as_str).collect();
                let hint = nearest(&text, known.iter().copied())
                    .map_or(String::new(), |near| format!("; did you mean {near}?"));
                self.fault(
                    node.place,
                    format!(
                        "there is no provider {text:?}{hint}; configured are: {}",
                        known.join(", ")
                    ),
                )
            }
            Err(error) => self.fault(node.place, format!("target_provider {error}")),
        }
    }

    fn priority(&mut self, node: &Node) -> Option<Priority> {
        let text = self.text(node)?;
        let known = Priority::ALL.map(Priority::as_str).join(", ");
        Priority::parse(&text).or_else(|| {
            self.fault(
                node.place,
                format!("priority must be one of {known}, is {text:?}"),
            )
        })
    }

    fn changes(&mut self, node: &Node, fields: &Fields<'_>) -> Option<Changes> {
        let node = self.needed(node, fields, "changes")?;
        if !matches!(node.kind, NodeKind::Map(_)) {
            return self.fault(
                node.place,
                format!(
                    "changes must be a mapping to merge into the payload, is {}",
                    node.described()
                ),
            );
        }
        match Template::compile(&node.to_json(), self.env()) {
            Ok(template) => Some(Changes(template)),
            Err(message) => self.fault(node.place, message),
        }
    }

    fn on_error(&mut self, node: &Node, verdict: Option<&Verdict>) -> Option<OnError> {
        match (self.text(node)?.as_str(), verdict) {
            ("skip", _) => Some(OnError::Skip),
            ("hold", Some(Verdict::Deny | Verdict::Suppress) | None) => Some(OnError::Hold),
            ("hold", Some(_)) => {
                self.fault(node.place, "on_error: hold is for deny and suppress".into())
            }
            (other, _) => self.fault(
                node.place,
                format!("on_error must be skip or hold, is {other:?}"),
            ),
        }
    }

    fn on_mute(&mut self, node: &Node, never_mutes: bool) -> Option<OnMute> {
        let text = self.text(node)?;
        match OnMute::parse(&text) {
            Some(_) if never_mutes => self.fault(
                node.place,
                "on_mute has no effect without mute_time_intervals or active_time_intervals".into(),
            ),
            Some(on_mute) => Some(on_mute),
            None => self.fault(
                node.place,
                format!("on_mute must be drop or postpone, is {text:?}"),
            ),
        }
    }

    fn interval_names(&mut self, node: Option<&Node>) -> Vec<Arc<str>> {
        let mut names = Vec::new();
        for item in self.list(node) {
            if let Some(name) = self.text(item) {
                self.named
                    .push((self.diagnostic(item.place, String::new()), name.clone()));
                names.push(Arc::from(name));
            }
        }
        names
    }

    fn check_metadata(&mut self, node: &Node) {
        if !matches!(node.kind, NodeKind::Map(_)) {
            self.fault::<()>(
                node.place,
                format!("metadata must be a mapping, is {}", node.described()),
            );
        }
    }
}

/// What to say of an action that is a word.
fn as_mapping(text: &str) -> String {
    match VERDICTS.iter().find(|(name, _)| *name == text) {
        Some((name, needs)) => {
            let parameters: Vec<String> = std::iter::once(format!("type: {name}"))
                .chain(
                    needs
                        .iter()
                        .filter(|name| !OPTIONAL.contains(name))
                        .map(|needed| format!("{needed}: ...")),
                )
                .collect();
            format!(
                "action must be a mapping: write action: {{{}}}",
                parameters.join(", ")
            )
        }
        None => format!(
            "action must be a mapping such as {{type: deny}}; {}",
            no_verdict(text)
        ),
    }
}

fn no_verdict(text: &str) -> String {
    if LATER.contains(&text) {
        return format!("{text} is not supported by this version");
    }
    let near = synonym(text).or_else(|| nearest(text, verdicts()));
    let hint = near.map_or(String::new(), |near| format!("; did you mean {near}?"));
    format!(
        "there is no action type {text:?}{hint}; known are: {}",
        verdicts().collect::<Vec<_>>().join(", ")
    )
}

/// What else people call a verdict.
fn synonym(text: &str) -> Option<&'static str> {
    Some(match text {
        "drop" | "block" | "reject" | "ignore" | "discard" => "deny",
        "silence" | "mute" => "suppress",
        "dedup" | "dedupe" => "deduplicate",
        "route" | "redirect" | "forward" => "reroute",
        "rate_limit" | "ratelimit" | "limit" => "throttle",
        "change" | "transform" | "patch" | "set" => "modify",
        "pass" | "accept" | "permit" => "allow",
        _ => return None,
    })
}

/// Every verdict's word.
pub(crate) fn verdicts() -> impl Iterator<Item = &'static str> {
    VERDICTS.iter().map(|(name, _)| *name)
}

fn seconds(number: i64) -> Duration {
    Duration::from_secs(number.unsigned_abs())
}
