//! Reading a definition, with every problem told.

use acteon_core::json::Flaw;
use acteon_core::limits::MAX_DEPTH;
use acteon_core::{ActionType, Namespace, ProviderName, json};
use serde_json::value::RawValue;

use super::chain::{Definition, OnCancel, OnChainFailure};
use super::node::Node;
use super::problem::{Problem, Problems};
use super::read_step::{self, Place};
use super::step::StepDefinition;
use super::{asked, check, times, variables};
use crate::chain::limits::{MAX_DEFINITION_BYTES, MAX_STEPS, MAX_TIMEOUT};

const KEYS: &[&str] = &[
    "name",
    "version",
    "timeout_seconds",
    "on_failure",
    "on_cancel",
    "steps",
];

const ON_FAILURE: &[(&str, OnChainFailure)] = &[
    ("abort", OnChainFailure::Abort),
    ("abort_no_dlq", OnChainFailure::AbortNoDlq),
];

impl Definition {
    /// Reads a definition, or tells all that is wrong with it.
    pub fn read(json: &str) -> Result<Self, Vec<Problem>> {
        definition(json)
    }
}

fn definition(json: &str) -> Result<Definition, Vec<Problem>> {
    let mut problems = Problems::default();
    if json.len() > MAX_DEFINITION_BYTES {
        let message = format!(
            "is {} bytes long, at most {MAX_DEFINITION_BYTES} are allowed",
            json.len()
        );
        problems.add("", message);
        return Err(problems.into_vec());
    }
    if let Err(error) = serde_json::from_str::<&RawValue>(json) {
        problems.add("", format!("is no JSON: {error}"));
        return Err(problems.into_vec());
    }
    if json::nests_deeper_than(json, MAX_DEPTH) {
        problems.add("", format!("nests deeper than {MAX_DEPTH} levels"));
        return Err(problems.into_vec());
    }
    let node = Node {
        json: json.trim(),
        path: String::new(),
    };
    let definition = read(&node, &mut problems);
    // What readers of JSON do not agree about comes to a provider through payloads, which nothing else here looks into.
    if let Some(flaw) = Flaw::find(json, MAX_DEPTH).filter(|_| problems.is_empty()) {
        problems.add(&flaw.path(json), flaw.to_string());
    }
    match definition {
        Some(definition) if problems.is_empty() => Ok(definition),
        _ => Err(problems.into_vec()),
    }
}

fn read(node: &Node<'_>, problems: &mut Problems) -> Option<Definition> {
    let object = node.object(KEYS, problems)?;
    let name = object.need("name", "the name of the chain", problems);
    // It stands in paths of the API, like a namespace.
    let name = name.and_then(|node| node.name(Namespace::parse_new, problems));
    let version = object
        .get("version")
        .and_then(|node| node.whole(&(0..=i64::MAX as u64), problems));
    let times = 1..=MAX_TIMEOUT.as_secs();
    let timeout_seconds = object
        .get("timeout_seconds")
        .and_then(|node| node.whole(&times, problems));
    let on_failure = object
        .get("on_failure")
        .and_then(|node| node.word(ON_FAILURE, problems));
    let on_cancel = object
        .get("on_cancel")
        .and_then(|node| OnCancel::read(&node, problems));
    let steps = object
        .need("steps", "a list of steps", problems)
        .and_then(|node| read_steps(&node, problems));
    if let Some(steps) = &steps {
        check::check(steps, problems);
        for (step, path) in check::with_paths(steps) {
            asked::check(step, &path, problems);
        }
        times::check(steps, timeout_seconds, problems);
        variables::check(steps, on_cancel.as_ref(), problems);
    }
    // What could not be read was told, and is then no definition.
    Some(Definition {
        name: name?.to_string(),
        version: version.unwrap_or(1),
        timeout_seconds,
        on_failure: on_failure.unwrap_or(OnChainFailure::Abort),
        on_cancel,
        steps: steps?,
    })
}

/// Reads the steps; those that cannot be read are told, and left out of what is checked further.
fn read_steps(node: &Node<'_>, problems: &mut Problems) -> Option<Vec<StepDefinition>> {
    let items = node.list(problems)?;
    if items.is_empty() {
        problems.add(&node.path, "is empty, expected at least one step");
    }
    if items.len() > MAX_STEPS {
        let message = format!("has {} steps, at most {MAX_STEPS} are allowed", items.len());
        problems.add(&node.path, message);
        return None;
    }
    let read = |item: &Node<'_>| read_step::step(item, Place::Chain, problems);
    let steps: Vec<_> = items.iter().map(read).collect();
    // Paths and targets are told only of all steps: without one of them others would lead nowhere.
    steps.into_iter().collect()
}

impl OnCancel {
    fn read(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        let keys = ["provider", "action_type", "payload_template"];
        let object = node.object(&keys, problems)?;
        let provider = object
            .need("provider", "the name of a provider", problems)
            .and_then(|node| node.name(ProviderName::parse_new, problems));
        let action_type = object
            .need("action_type", "a type of actions", problems)
            .and_then(|node| node.name(ActionType::parse_new, problems));
        let template = object.filled("payload_template");
        let template = template.map(|node| RawValue::from_string(node.json.to_owned()));
        Some(Self {
            provider: provider?,
            action_type: action_type?,
            payload_template: template.transpose().ok()?,
        })
    }
}
