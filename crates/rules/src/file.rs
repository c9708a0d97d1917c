//! From a file's YAML to rules. Nothing stops at the first problem.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use acteon_core::limits::{MAX_NAME_BYTES, MAX_RULES_FILE_BYTES};
use acteon_core::{Priority, ProviderName};
use jiff::tz::TimeZone;

use crate::diagnostic::Diagnostic;
use crate::facts::Zone;
use crate::interval::TimeInterval;
use crate::predicate;
use crate::rule::{Changes, OnError, Rule, Verdict};
use crate::set::Context;
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
    "on_error",
    "condition",
    "action",
];
const ACTION_KEYS: &[&str] = &["type", "ttl_seconds", "target_provider", "max_count", "window_seconds", "changes", "priority"];

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

/// Verdicts of the wire format that are not built.
const LATER: [&str; 5] = ["group", "state_machine", "request_approval", "chain", "schedule"];

const DEFAULT_TTL: Duration = Duration::from_hours(1);
const MAX_TTL_SECONDS: i64 = 30 * 86_400;
const MAX_WINDOW_SECONDS: i64 = 30 * 86_400;
const MAX_THROTTLE: i64 = 100_000;

/// Collects rules and what is wrong with them.
pub(crate) struct Reader<'a> {
    context: &'a Context,
    file: &'a str,
    subject: String,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) intervals: Vec<TimeInterval>,
    /// Intervals that rules name, to be looked up when all files are read.
    pub(crate) named: Vec<(Diagnostic, String)>,
    names: BTreeMap<String, String>,
    interval_names: HashSet<String>,
    zones: Vec<Zone>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(context: &'a Context) -> Self {
        let utc = Zone::utc();
        Self {
            context,
            file: "",
            subject: String::new(),
            diagnostics: Vec::new(),
            rules: Vec::new(),
            intervals: Vec::new(),
            named: Vec::new(),
            names: BTreeMap::new(),
            interval_names: HashSet::new(),
            zones: vec![utc],
        }
    }

    pub(crate) fn env(&self) -> &'a BTreeMap<String, String> {
        &self.context.env
    }

    /// Notes what is wrong at a place, and returns nothing.
    pub(crate) fn fault<T>(&mut self, place: Place, message: String) -> Option<T> {
        self.diagnostics.push(self.diagnostic(place, message));
        None
    }

    fn diagnostic(&self, place: Place, message: String) -> Diagnostic {
        Diagnostic { file: self.file.to_owned(), line: place.line, column: place.column, subject: self.subject.clone(), message }
    }

    pub(crate) fn read(&mut self, file: &'a RuleFile) {
        self.file = &file.name;
        "the file".clone_into(&mut self.subject);
        if file.text.len() > MAX_RULES_FILE_BYTES {
            let message = format!("is {} bytes long, at most {MAX_RULES_FILE_BYTES} are allowed", file.text.len());
            return self.fault(Place { line: 1, column: 1 }, message).unwrap_or_default();
        }
        let root = match yaml::parse(&file.text) {
            Ok(Some(root)) => root,
            Ok(None) => return self.nothing_in(Place { line: 1, column: 1 }),
            Err((place, message)) => return self.fault(place, message).unwrap_or_default(),
        };
        let Some(fields) = self.fields(&root, FILE_KEYS, &[]) else { return };
        if matches!(&root.kind, NodeKind::Map(entries) if entries.is_empty()) {
            return self.nothing_in(root.place);
        }
        for (index, node) in self.list(fields.get("rules").copied()).into_iter().enumerate() {
            self.subject = subject("rules", index, node);
            if let Some(rule) = self.rule(node) {
                self.rules.push(rule);
            }
        }
        for (index, node) in self.list(fields.get("time_intervals").copied()).into_iter().enumerate() {
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

    /// A file is emptied before it is written: its rules are not taken away by that.
    fn nothing_in(&mut self, place: Place) {
        self.fault::<()>(place, "has nothing in it: write `rules: []` for no rules, or remove it".into());
    }

    fn rule(&mut self, node: &Node) -> Option<Rule> {
        let fields = self.fields(node, RULE_KEYS, &["name", "condition", "action"])?;
        let name = fields.get("name").and_then(|node| self.name(node));
        if let Some(name) = &name {
            self.claim_name(name, fields["name"]);
        }
        let zone = match fields.get("timezone") {
            Some(node) => self.text(node).and_then(|text| self.zone(node.place, &text)),
            None => self.default_zone(),
        };
        let priority = fields.get("priority").map_or(Some(0), |node| self.integer(node, -1_000_000_000..=1_000_000_000));
        let enabled = fields.get("enabled").map_or(Some(true), |node| self.flag(node));
        let description = fields.get("description").and_then(|node| self.text(node));
        if let Some(node) = fields.get("metadata") {
            self.check_metadata(node);
        }
        let mute = self.interval_names(fields.get("mute_time_intervals").copied());
        let active = self.interval_names(fields.get("active_time_intervals").copied());
        let condition = fields.get("condition").and_then(|node| predicate::condition(self, node));
        let (verdict, sets_priority) = fields.get("action").and_then(|node| self.verdict(node)).unzip();
        let on_error = fields.get("on_error").map_or(Some(OnError::Skip), |node| self.on_error(node, verdict.as_ref()));
        let condition = condition?;
        Some(Rule {
            name: name?.into(),
            priority: priority?,
            description,
            enabled: enabled?,
            mute,
            active,
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
            self.fault::<()>(node.place, format!("the name {name:?} is taken by the rule at {first}; it would shadow this one"));
        } else {
            self.names.insert(name.to_owned(), here);
        }
    }

    /// The verdict, and the priority that goes with it.
    fn verdict(&mut self, node: &Node) -> Option<(Verdict, Option<Priority>)> {
        let before = self.diagnostics.len();
        let fields = self.fields(node, ACTION_KEYS, &["type"])?;
        let type_node = *fields.get("type")?;
        let type_name = self.text(type_node)?;
        let Some((_, takes)) = VERDICTS.iter().find(|(name, _)| *name == type_name) else {
            let message = if LATER.contains(&type_name.as_str()) {
                format!("{type_name} is not supported by this version")
            } else {
                let known: Vec<&str> = VERDICTS.iter().map(|(name, _)| *name).collect();
                format!("there is no action type {type_name:?}; known are: {}", known.join(", "))
            };
            return self.fault(type_node.place, message);
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
            "reroute" => Verdict::Reroute { target: self.target(node, &fields)? },
            "throttle" => {
                let max_count = self.needed(node, &fields, "max_count").and_then(|node| self.integer(node, 1..=MAX_THROTTLE));
                let window = self.needed(node, &fields, "window_seconds").and_then(|node| self.integer(node, 1..=MAX_WINDOW_SECONDS));
                Verdict::Throttle { max_count: u32::try_from(max_count?).unwrap_or(u32::MAX), window: seconds(window?) }
            }
            // One that changes the priority alone leaves the payload as it is.
            _ if fields.contains_key("priority") && !fields.contains_key("changes") => Verdict::Modify { changes: None },
            _ => Verdict::Modify { changes: Some(self.changes(node, &fields)?) },
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
                self.fault(node.place, format!("there is no provider {text:?}; configured are: {}", known.join(", ")))
            }
            Err(error) => self.fault(node.place, format!("target_provider {error}")),
        }
    }

    fn priority(&mut self, node: &Node) -> Option<Priority> {
        let text = self.text(node)?;
        let known = Priority::ALL.map(Priority::as_str).join(", ");
        Priority::parse(&text).or_else(|| self.fault(node.place, format!("priority must be one of {known}, is {text:?}")))
    }

    fn changes(&mut self, node: &Node, fields: &Fields<'_>) -> Option<Changes> {
        let node = self.needed(node, fields, "changes")?;
        if !matches!(node.kind, NodeKind::Map(_)) {
            return self.fault(node.place, format!("changes must be a mapping to merge into the payload, is {}", node.described()));
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
            ("hold", Some(_)) => self.fault(node.place, "on_error: hold is for deny and suppress".into()),
            (other, _) => self.fault(node.place, format!("on_error must be skip or hold, is {other:?}")),
        }
    }

    fn interval_names(&mut self, node: Option<&Node>) -> Vec<Arc<str>> {
        let mut names = Vec::new();
        for item in self.list(node) {
            if let Some(name) = self.text(item) {
                let message = format!("there is no time interval {name:?}, neither in the files nor in the store");
                self.named.push((self.diagnostic(item.place, message), name.clone()));
                names.push(Arc::from(name));
            }
        }
        names
    }

    /// The zone of rules that name none.
    pub(crate) fn default_zone(&mut self) -> Option<Zone> {
        self.zone(Place { line: 1, column: 1 }, &self.context.default_timezone)
    }

    fn zone(&mut self, place: Place, name: &str) -> Option<Zone> {
        if let Some(zone) = self.zones.iter().find(|zone| &*zone.name == name) {
            return Some(zone.clone());
        }
        match TimeZone::get(name) {
            Ok(tz) => {
                let zone = Zone { index: u16::try_from(self.zones.len()).unwrap_or(u16::MAX), name: name.into(), tz };
                self.zones.push(zone.clone());
                Some(zone)
            }
            Err(_) => self.fault(place, format!("there is no time zone {name:?}; use a name such as Asia/Shanghai")),
        }
    }

    fn check_metadata(&mut self, node: &Node) {
        if !matches!(node.kind, NodeKind::Map(_)) {
            self.fault::<()>(node.place, format!("metadata must be a mapping, is {}", node.described()));
        }
    }

    /// The entries of a mapping, which may have `known` keys and must have `needed` ones.
    fn fields<'n>(&mut self, node: &'n Node, known: &[&'static str], needed: &[&str]) -> Option<Fields<'n>> {
        let NodeKind::Map(entries) = &node.kind else {
            return self.fault(node.place, format!("must be a mapping with {}, is {}", known.join(", "), node.described()));
        };
        let mut fields = Fields::new();
        for (key, place, value) in entries {
            match known.iter().find(|known| *known == key) {
                Some(key) => drop(fields.insert(*key, value)),
                None => drop(self.fault::<()>(*place, format!("there is no key {key:?}; known are: {}", known.join(", ")))),
            }
        }
        for key in needed {
            self.needed(node, &fields, key);
        }
        Some(fields)
    }

    fn needed<'n>(&mut self, node: &Node, fields: &Fields<'n>, key: &str) -> Option<&'n Node> {
        match fields.get(key) {
            Some(node) => Some(node),
            None => self.fault(node.place, format!("{key} is missing")),
        }
    }

    fn list<'n>(&mut self, node: Option<&'n Node>) -> Vec<&'n Node> {
        match node.map(|node| (node, &node.kind)) {
            None | Some((_, NodeKind::Null)) => Vec::new(),
            Some((_, NodeKind::List(items))) => items.iter().collect(),
            Some((node, _)) => {
                self.fault::<()>(node.place, format!("must be a list, is {}", node.described()));
                Vec::new()
            }
        }
    }

    fn name(&mut self, node: &Node) -> Option<String> {
        let text = self.text(node)?;
        if text.trim().is_empty() || text.len() > MAX_NAME_BYTES || text.chars().any(char::is_control) {
            return self.fault(node.place, format!("name must be 1 to {MAX_NAME_BYTES} bytes without control characters"));
        }
        Some(text)
    }

    fn text(&mut self, node: &Node) -> Option<String> {
        match &node.kind {
            NodeKind::Text(text) => Some(text.clone()),
            _ => self.fault(node.place, format!("must be text, is {}", node.described())),
        }
    }

    fn flag(&mut self, node: &Node) -> Option<bool> {
        match node.kind {
            NodeKind::Bool(flag) => Some(flag),
            _ => self.fault(node.place, format!("must be true or false, is {}", node.described())),
        }
    }

    fn integer(&mut self, node: &Node, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
        match node.kind {
            NodeKind::Int(number) if range.contains(&number) => Some(number),
            _ => self.fault(node.place, format!("must be a whole number from {} to {}", range.start(), range.end())),
        }
    }
}

type Fields<'n> = BTreeMap<&'static str, &'n Node>;

fn seconds(number: i64) -> Duration {
    Duration::from_secs(number.unsigned_abs())
}

/// Whether there is a time zone of this name.
pub fn is_time_zone(name: &str) -> bool {
    TimeZone::get(name).is_ok()
}
