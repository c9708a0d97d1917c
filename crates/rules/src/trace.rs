//! Trace of a decision, with every step shown: the playground.

use std::time::Duration;

use acteon_core::{Clock, VerdictKind};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

use crate::facts::Facts;
use crate::rule::Rule;
use crate::set::{Match, RuleSet, try_rule};
use crate::template::patched;
use crate::verdict::entry;

/// Options of an evaluation.
#[derive(Clone, Copy, Debug, Default)]
pub struct EvaluateOptions {
    /// Look at disabled rules as if they were enabled.
    pub include_disabled: bool,
    /// Go on after the first match.
    pub evaluate_all: bool,
}

/// Decision with every step.
#[derive(Clone, Debug, Serialize)]
pub struct Evaluation {
    /// Verdict by its name; `error` if a rule failed before the first match.
    pub verdict: String,
    /// Name of the rule that matched first.
    pub matched_rule: Option<String>,
    /// Whether a rule failed.
    pub has_errors: bool,
    /// Number of rules that were evaluated.
    pub total_rules_evaluated: usize,
    /// Number of rules that were skipped.
    pub total_rules_skipped: usize,
    /// Time that it took, in microseconds.
    pub evaluation_duration_us: u64,
    /// Rules one by one, in their order.
    pub trace: Vec<TraceEntry>,
    /// Fields and values that the conditions saw.
    pub context: Json,
    /// Payload after a `modify`.
    pub modified_payload: Option<Box<RawValue>>,
}

/// Step of an [`Evaluation`]: one rule.
#[derive(Clone, Debug, Serialize)]
pub struct TraceEntry {
    /// Name of the rule.
    pub rule_name: String,
    /// Position among the rules: lower numbers come first.
    pub priority: i64,
    /// Whether the rule is enabled.
    pub enabled: bool,
    /// Condition, written in CEL.
    pub condition_display: String,
    /// `matched`, `not_matched`, `skipped` or `error`.
    pub result: &'static str,
    /// Time that it took, in microseconds.
    pub evaluation_duration_us: u64,
    /// Description of its verdict, such as `Suppress`.
    pub action: String,
    /// File and line that it was read from.
    pub source: String,
    /// Description for people, if the file has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Reason why it was skipped: `disabled` or `earlier_rule_matched`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip_reason: Option<&'static str>,
    /// What went wrong with it, for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Merge patch of a `modify`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modify_patch: Option<Box<RawValue>>,
    /// Payload after the merge patch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modified_payload_preview: Option<Box<RawValue>>,
}

impl Evaluation {
    /// Name of the outcome that the verdict comes to, if nothing else holds the action back.
    pub fn would_be(&self) -> &'static str {
        // Rules that failed are skipped: the action goes.
        VerdictKind::parse(&self.verdict).map_or("executed", |kind| entry(kind).outcome)
    }
}

impl RuleSet {
    /// Evaluation without the index, which shows every step.
    pub fn evaluate(
        &self,
        facts: &Facts<'_>,
        options: EvaluateOptions,
        clock: &dyn Clock,
    ) -> Evaluation {
        let started = clock.monotonic();
        let mut steps = Steps::new(self.len());
        for (rule, enabled) in self.rules() {
            let mut entry = TraceEntry::skipped(rule, enabled);
            if !enabled && !options.include_disabled {
                entry.skip_reason = Some("disabled");
            } else if steps.matched.is_some() && !options.evaluate_all {
                entry.skip_reason = Some("earlier_rule_matched");
            } else {
                let before = clock.monotonic();
                let found = try_rule(rule, facts);
                entry.evaluation_duration_us = micros(clock.monotonic().saturating_sub(before));
                steps.enter(rule, &mut entry, found, facts);
            }
            steps.trace.push(entry);
        }
        let duration = micros(clock.monotonic().saturating_sub(started));
        steps.finish(duration, self.context_of(facts))
    }

    fn context_of(&self, facts: &Facts<'_>) -> Json {
        let calendar = facts.calendar(self.zone());
        json!({
            "time": {
                "hour": calendar.hour(), "minute": calendar.minute(), "second": calendar.second(),
                "day": calendar.day(), "month": calendar.month(), "year": calendar.year(),
                "weekday_num": calendar.weekday().to_monday_one_offset(),
                "timestamp": facts.now().as_millis().div_euclid(1000),
            },
            "environment_keys": [],
            "accessed_state_keys": [],
            "effective_timezone": self.zone().name,
        })
    }
}

/// Evaluation that goes on.
struct Steps {
    trace: Vec<TraceEntry>,
    matched: Option<(String, VerdictKind)>,
    /// Whether a rule failed before one matched.
    failed_before: bool,
    has_errors: bool,
    modified_payload: Option<Box<RawValue>>,
}

impl Steps {
    fn new(rules: usize) -> Self {
        Self {
            trace: Vec::with_capacity(rules + 1),
            matched: None,
            failed_before: false,
            has_errors: false,
            modified_payload: None,
        }
    }

    /// Enters what trying a rule found.
    fn enter(&mut self, rule: &Rule, entry: &mut TraceEntry, found: Match, facts: &Facts<'_>) {
        match found {
            Match::No => entry.result = "not_matched",
            Match::Yes(patch) => {
                entry.result = "matched";
                let preview = patch
                    .as_ref()
                    .map(|patch| patched(&facts.action().payload, patch))
                    .transpose();
                let preview = preview.unwrap_or_else(|error| {
                    entry.error = Some(error.to_string());
                    self.has_errors = true;
                    None
                });
                if self.matched.is_none() {
                    self.matched = Some((rule.name.to_string(), rule.verdict.kind()));
                    self.modified_payload.clone_from(&preview);
                }
                entry.modify_patch = patch;
                entry.modified_payload_preview = preview;
            }
            Match::Error(message) => {
                entry.result = "error";
                entry.error = Some(message);
                self.has_errors = true;
                self.failed_before |= self.matched.is_none();
            }
        }
    }

    fn finish(mut self, evaluation_duration_us: u64, context: Json) -> Evaluation {
        let is_skipped = |entry: &&TraceEntry| entry.result == "skipped";
        let total_rules_skipped = self.trace.iter().filter(is_skipped).count();
        let total_rules_evaluated = self.trace.len() - total_rules_skipped;
        if self.matched.is_none() {
            self.trace.push(fallthrough());
        }
        let verdict = match &self.matched {
            _ if self.failed_before => "error",
            Some((_, kind)) => kind.as_str(),
            None => VerdictKind::Allow.as_str(),
        };
        Evaluation {
            verdict: verdict.to_owned(),
            matched_rule: self.matched.map(|(name, _)| name),
            has_errors: self.has_errors,
            total_rules_evaluated,
            total_rules_skipped,
            evaluation_duration_us,
            trace: self.trace,
            context,
            modified_payload: self.modified_payload,
        }
    }
}

impl TraceEntry {
    /// Entry of a rule that was not evaluated.
    fn skipped(rule: &Rule, enabled: bool) -> Self {
        Self {
            rule_name: rule.name.to_string(),
            priority: rule.priority,
            enabled,
            condition_display: rule.display.clone(),
            result: "skipped",
            evaluation_duration_us: 0,
            action: entry(rule.verdict.kind()).described.to_owned(),
            source: rule.source.clone(),
            description: rule.description.clone(),
            skip_reason: None,
            error: None,
            modify_patch: None,
            modified_payload_preview: None,
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// Entry at the end when nothing matched.
fn fallthrough() -> TraceEntry {
    TraceEntry {
        rule_name: "(default fallthrough)".into(),
        priority: i64::from(i32::MAX),
        enabled: true,
        condition_display: "true".into(),
        result: "matched",
        evaluation_duration_us: 0,
        action: entry(VerdictKind::Allow).described.into(),
        source: "System".into(),
        description: None,
        skip_reason: None,
        error: None,
        modify_patch: None,
        modified_payload_preview: None,
    }
}
