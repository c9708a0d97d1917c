//! Sets of rules, compiled once and shared: deciding takes microseconds, however many there are.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use acteon_config::Diagnostic;
use acteon_core::limits::MAX_MATCHED_FIELD_BYTES;
use acteon_core::similar::nearest;
use serde_json::value::RawValue;

use crate::chain_source::ChainSource;
use crate::context::Context;
use crate::diagnostic::LoadError;
use crate::eval::{self, Truth};
use crate::expr::Expr;
use crate::facts::Facts;
use crate::file::RuleFile;
use crate::index::Index;
use crate::interval::TimeInterval;
use crate::reader::Reader;
use crate::rule::{OnError, Rule};
use crate::zone::Zone;

/// Bytes of a payload that is short for a search.
const SHORT: usize = 4096;

/// Rules in the order in which they are asked. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct RuleSet {
    rules: Arc<Vec<Rule>>,
    index: Arc<Index>,
    names: Arc<HashMap<Arc<str>, usize>>,
    intervals: Arc<BTreeMap<String, TimeInterval>>,
    chains: Arc<[ChainSource]>,
    enabled: Arc<[bool]>,
    zone: Zone,
    /// Number of places where the conditions go through a list, and through a text.
    folds: usize,
    searches: usize,
}

/// Decision of the rules about an action.
#[derive(Debug)]
pub struct Decision<'s> {
    /// First rule that matches; `None` lets the action go as it is.
    pub rule: Option<&'s Rule>,
    /// Merge patch of the payload, from a `modify`.
    pub patch: Option<Box<RawValue>>,
    /// Rules that failed on the way. They did not match.
    pub rule_errors: Vec<RuleError>,
    /// Rule that failed and says that the action is to be held back.
    pub held: Option<RuleError>,
}

/// Failure of a rule's condition or template for an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// Name of the rule.
    pub rule: Arc<str>,
    /// What went wrong, for a person.
    pub message: String,
}

impl Default for RuleSet {
    fn default() -> Self {
        Self::of(Vec::new(), Vec::new(), Zone::utc())
    }
}

impl RuleSet {
    /// Compiles files, all or nothing.
    pub fn compile(files: &[RuleFile], context: &Context) -> Result<Self, LoadError> {
        let mut reader = Reader::new(context);
        let zone = reader.default_zone();
        for file in files {
            reader.read(file);
        }
        let Reader {
            mut diagnostics,
            rules,
            intervals,
            named,
            chains,
            started,
            ..
        } = reader;
        let in_files: BTreeSet<&str> = intervals.iter().map(TimeInterval::name).collect();
        if let Some(in_store) = &context.intervals {
            let unknown = named
                .into_iter()
                .filter(|(_, name)| !in_files.contains(&**name) && !in_store.contains(name));
            diagnostics.extend(unknown.map(|(diagnostic, name)| {
                Diagnostic {
                    message: format!(
                        "there is no time interval {name:?}, neither in the files nor in the store"
                    ),
                    hint: nearest(
                        &name,
                        in_files
                            .iter()
                            .copied()
                            .chain(in_store.iter().map(String::as_str)),
                    )
                    .map(|near| format!("did you mean {near:?}?")),
                    ..diagnostic
                }
            }));
        }
        diagnostics.extend(unknown_chains(started, &chains, context));
        let faults = (context.check_chains)(&chains, context);
        diagnostics.extend(faults.iter().filter_map(|fault| {
            let chain = chains.get(fault.index)?;
            Some(chain.diagnostic(&fault.path, &fault.message))
        }));
        if !diagnostics.is_empty() {
            diagnostics
                .sort_by(|left, right| (&left.file, left.place).cmp(&(&right.file, right.place)));
            return Err(LoadError(diagnostics));
        }
        let chains = chains.into();
        let set = Self::of(rules, intervals, zone.unwrap_or_else(Zone::utc));
        Ok(Self { chains, ..set })
    }

    fn of(mut rules: Vec<Rule>, intervals: Vec<TimeInterval>, zone: Zone) -> Self {
        rules.sort_by_key(|rule| rule.priority);
        let index = Index::new(rules.iter().map(|rule| &rule.condition));
        let enabled = rules.iter().map(|rule| rule.enabled).collect();
        let intervals = intervals
            .into_iter()
            .map(|interval| (interval.name().to_owned(), interval))
            .collect();

        let mut names = HashMap::with_capacity(rules.len());
        for (position, rule) in rules.iter().enumerate() {
            names.entry(Arc::clone(&rule.name)).or_insert(position);
        }
        let count = |is| rules.iter().map(|rule| rule.condition.count(is)).sum();
        let (folds, searches) = (count(Expr::is_fold), count(Expr::is_search));
        let (rules, index, names, intervals) = (
            Arc::new(rules),
            Arc::new(index),
            Arc::new(names),
            Arc::new(intervals),
        );
        Self {
            rules,
            index,
            names,
            intervals,
            chains: Arc::default(),
            enabled,
            zone,
            folds,
            searches,
        }
    }

    /// Rules of this set, with some switched on or off against what their files say.
    #[must_use]
    pub fn with_toggles(&self, toggles: &BTreeMap<String, bool>) -> Self {
        let enabled = self
            .rules
            .iter()
            .map(|rule| toggles.get(&*rule.name).copied().unwrap_or(rule.enabled))
            .collect();
        Self {
            enabled,
            ..self.clone()
        }
    }

    /// Rules in their order, and whether each is enabled.
    pub fn rules(&self) -> impl Iterator<Item = (&Rule, bool)> {
        self.rules.iter().zip(self.enabled.iter().copied())
    }

    /// Rule of this name.
    pub fn rule(&self, name: &str) -> Option<&Rule> {
        self.names
            .get(name)
            .and_then(|position| self.rules.get(*position))
    }

    /// Number of rules, disabled ones included.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there are no rules.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Time interval of this name that the files define.
    pub fn interval(&self, name: &str) -> Option<&TimeInterval> {
        self.intervals.get(name)
    }

    /// Time intervals that the files define.
    pub fn intervals(&self) -> impl Iterator<Item = &TimeInterval> {
        self.intervals.values()
    }

    /// Definitions of chains that the files have.
    pub fn chains(&self) -> &[ChainSource] {
        &self.chains
    }

    /// Most that a decision about an action with a payload of so many bytes takes, in bytes of a
    /// payload that take as long to read.
    pub fn cost(&self, payload: usize) -> usize {
        let bytes = payload.min(MAX_MATCHED_FIELD_BYTES);
        // Searches through what is short take less than work elsewhere does, and an index spares most of them.
        let searches = if bytes > SHORT { self.searches / 16 } else { 0 };
        payload + bytes * (self.folds * 8 + searches)
    }

    pub(crate) fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Decision about an action: the first enabled rule that matches.
    pub fn decide<'s>(&'s self, facts: &Facts<'_>) -> Decision<'s> {
        self.decide_by(facts, |_| true)
    }

    /// Decision about an action that starts no chain, such as a step of one: rules that would start one do not match it.
    pub fn decide_without_chains<'s>(&'s self, facts: &Facts<'_>) -> Decision<'s> {
        self.decide_by(facts, |rule| rule.verdict.chain().is_none())
    }

    /// Decision about an action that nobody is asked about, such as one that was approved: rules that would ask do not match it.
    pub fn decide_without_approvals<'s>(&'s self, facts: &Facts<'_>) -> Decision<'s> {
        self.decide_by(facts, |rule| rule.verdict.approval().is_none())
    }

    /// Decision about an action that starts and asks for nothing, such as a message about an approval.
    pub fn decide_what_goes<'s>(&'s self, facts: &Facts<'_>) -> Decision<'s> {
        self.decide_by(facts, |rule| {
            rule.verdict.approval().is_none() && rule.verdict.chain().is_none()
        })
    }

    fn decide_by<'s>(
        &'s self,
        facts: &Facts<'_>,
        is_asked: impl Fn(&Rule) -> bool,
    ) -> Decision<'s> {
        let mut decided = Decision {
            rule: None,
            patch: None,
            rule_errors: Vec::new(),
            held: None,
        };
        for position in self.index.candidates(facts, &self.zone) {
            let (Some(rule), Some(true)) = (self.rules.get(position), self.enabled.get(position))
            else {
                continue;
            };
            if !is_asked(rule) {
                continue;
            }
            match try_rule(rule, facts) {
                Match::No => {}
                Match::Yes(patch) => {
                    decided.rule = Some(rule);
                    decided.patch = patch;
                    return decided;
                }
                Match::Error(message) => {
                    let error = RuleError {
                        rule: Arc::clone(&rule.name),
                        message,
                    };
                    decided.rule_errors.push(error.clone());
                    if rule.on_error == OnError::Hold {
                        decided.held = Some(error);
                        return decided;
                    }
                }
            }
        }
        decided
    }
}

impl Rule {
    /// Change in the payload by a rule that matched, if it makes one; `None` where it cannot be
    /// said.
    pub fn patch(&self, facts: &Facts<'_>) -> Option<Option<Box<RawValue>>> {
        self.changes_of(facts).ok()
    }

    fn changes_of(&self, facts: &Facts<'_>) -> Result<Option<Box<RawValue>>, String> {
        let Some(changes) = self.verdict.changes() else {
            return Ok(None);
        };
        let patch = changes.0.render(facts, &self.zone)?;
        patch
            .map(RawValue::from_string)
            .transpose()
            .map_err(|error| format!("the changes are no JSON: {error}"))
    }
}

/// Diagnostics of rules that start chains which are not there.
fn unknown_chains(
    started: Vec<(Diagnostic, String)>,
    chains: &[ChainSource],
    context: &Context,
) -> Vec<Diagnostic> {
    let Some(in_store) = &context.chains else {
        return Vec::new();
    };
    let known = || {
        let in_files = chains.iter().map(ChainSource::name);
        in_files.chain(in_store.keys().map(String::as_str))
    };
    let unknown = started
        .into_iter()
        .filter(|(_, name)| known().all(|known| known != name));
    unknown
        .map(|(diagnostic, name)| Diagnostic {
            message: format!("there is no chain {name:?}, neither in the files nor in the store"),
            hint: Some(match nearest(&name, known()) {
                Some(near) => format!("did you mean {near:?}?"),
                None => {
                    "define it under chains, or with PUT /v1/chains/definitions/NAME".to_owned()
                }
            }),
            ..diagnostic
        })
        .collect()
}

/// Result of trying a rule.
pub(crate) enum Match {
    No,
    /// It matches; with what a `modify` changes.
    Yes(Option<Box<RawValue>>),
    Error(String),
}

pub(crate) fn try_rule(rule: &Rule, facts: &Facts<'_>) -> Match {
    match eval::truth(&rule.condition, facts, &rule.zone) {
        Truth::True => rule.changes_of(facts).map_or_else(Match::Error, Match::Yes),
        Truth::False | Truth::Unknown => Match::No,
        Truth::Error(message) => Match::Error(message),
    }
}
