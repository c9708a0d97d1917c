//! Reading a rules file: from its YAML to rules. Nothing stops at the first problem.

use std::sync::Arc;

use acteon_config::Place;
use acteon_core::limits::MAX_RULES_FILE_BYTES;

use crate::on_mute::OnMute;
use crate::predicate;
use crate::reader::Reader;
use crate::rule::{OnError, Rule, Verdict};
use crate::yaml::{self, Node, NodeKind, subject};

/// Rules file: its name and its text.
#[derive(Clone, Debug)]
pub struct RuleFile {
    /// Name of the file, as messages give it.
    pub name: String,
    /// YAML text of the file.
    pub text: String,
}

const FILE_KEYS: &[&str] = &["rules", "time_intervals", "chains"];
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

/// Keys of `action`: its type, and what the verdicts take.
pub(crate) const ACTION_KEYS: &[&str] = &[
    "type",
    "ttl_seconds",
    "target_provider",
    "max_count",
    "window_seconds",
    "changes",
    "delay_seconds",
    "chain",
    "notify_provider",
    "approvers",
    "quorum",
    "timeout_seconds",
    "on_timeout",
    "remind_every_seconds",
    "escalate_to",
    "escalate_after_seconds",
    "separate",
    "message",
    "comment",
    "priority",
];

/// Keys of a file, of a rule and of its action: what an editor's schema must list.
pub const SCHEMA_KEYS: [&[&str]; 3] = [FILE_KEYS, RULE_KEYS, ACTION_KEYS];

/// Advice for a file with nothing in it.
const NOTHING: &str = "write `rules: []` for no rules, or remove it";

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
        self.read_chains(fields.get("chains").copied());
    }

    /// Root node of a file, from which reading begins. `nothing` says what to do about an empty
    /// one.
    pub fn root(&mut self, file: &'a RuleFile, nothing: &str) -> Option<Node> {
        self.file = &file.name;
        "the file".clone_into(&mut self.subject);
        self.forget_keys();
        if file.text.len() > MAX_RULES_FILE_BYTES {
            let message = format!(
                "is {} bytes long, at most {MAX_RULES_FILE_BYTES} are allowed",
                file.text.len()
            );
            return self.fault(Place::START, message);
        }
        match yaml::parse(&file.text) {
            Ok(Some(root)) => Some(root),
            Ok(None) => {
                self.nothing_in(Place::START, nothing);
                None
            }
            Err((place, message)) => self.fault(place, message),
        }
    }

    /// Complaint about an empty file. A file is emptied before it is written: its rules are not
    /// taken away by that.
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

    fn on_error(&mut self, node: &Node, verdict: Option<&Verdict>) -> Option<OnError> {
        match (self.text(node)?.as_str(), verdict) {
            ("skip", _) => Some(OnError::Skip),
            ("hold", Some(verdict)) if !verdict.kind().refuses() => self.fault(
                node.place,
                "on_error: hold is for deny and suppress; leave it out, or make it skip".into(),
            ),
            ("hold", _) => Some(OnError::Hold),
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
                "on_mute has no effect without mute_time_intervals or active_time_intervals; name some, or leave it out".into(),
            ),
            Some(on_mute) => Some(on_mute),
            None => self.fault(node.place, format!("on_mute must be drop or postpone, is {text:?}")),
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
