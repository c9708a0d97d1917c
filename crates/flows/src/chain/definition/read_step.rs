//! Reading a step, with every problem told.

use std::time::Duration;

use acteon_core::{ActionType, Namespace, ProviderName, check_label_name};
use serde_json::value::RawValue;

use super::approval;
use super::branch::Branch;
use super::chain::{DEAD_LETTER, ON_CANCEL};
use super::node::{Node, Object};
use super::problem::Problems;
use super::retry::Retry;
use super::step::{Join, OnParallelFailure, OnStepFailure, Parallel, StepDefinition, StepKind};
use super::wire::KINDS;
use crate::chain::limits::{MAX_BRANCHES, MAX_PARALLEL_STEPS, MAX_STEP_NAME_BYTES, MAX_TIMEOUT};

const KEYS: &[&str] = &[
    "name",
    "provider",
    "action_type",
    "payload_template",
    "branches",
    "default_next",
    "retry",
    "delay_seconds",
    "on_failure",
    "timer",
    "wait_for_signal",
    "approval",
    "parallel",
    "sub_chain",
];

const ON_FAILURE: &[(&str, OnStepFailure)] = &[
    ("abort", OnStepFailure::Abort),
    ("skip", OnStepFailure::Skip),
    ("dlq", OnStepFailure::Dlq),
];

/// Where a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Among the steps of the chain.
    Chain,
    /// Among those of a parallel step.
    Parallel,
}

/// Reads a step.
pub(super) fn step(
    node: &Node<'_>,
    place: Place,
    problems: &mut Problems,
) -> Option<StepDefinition> {
    let object = node.object(KEYS, problems)?;
    let name = object
        .need("name", "the name of the step", problems)
        .and_then(|node| node.name(check_name, problems));
    let kind = kind(&object, place, problems);
    let delays = 0..=MAX_TIMEOUT.as_secs();
    let delay = object
        .get("delay_seconds")
        .and_then(|node| node.whole(&delays, problems));
    let retry = object.get("retry");
    let retry = retry.and_then(|node| {
        let is_sent = matches!(kind, None | Some(StepKind::Send { .. }));
        if !is_sent {
            problems.add(
                &node.path,
                "stands at a step that sends nothing itself; expected none",
            );
        }
        Retry::read(&node, problems)
    });
    let on_failure = object
        .get("on_failure")
        .and_then(|node| node.word(ON_FAILURE, problems));
    let branches = branches(&object, place, problems);
    let default_next = object.filled("default_next");
    let default_next = default_next.and_then(|node| {
        refuse_within_parallel(&node, place, problems);
        node.text(problems)
    });
    // What could not be read was told, and the definition is none then.
    Some(StepDefinition {
        name: name?,
        kind: kind?,
        delay: delay.map(Duration::from_secs),
        retry,
        on_failure: on_failure.unwrap_or(OnStepFailure::Abort),
        branches: branches?,
        default_next,
    })
}

/// Checks the name of a step, or of a signal.
pub(super) fn check_name(name: &str) -> Result<String, String> {
    check_label_name(name).map_err(|error| error.to_string())?;
    if name.len() > MAX_STEP_NAME_BYTES {
        return Err(format!(
            "is {} bytes long, at most {MAX_STEP_NAME_BYTES} are allowed",
            name.len()
        ));
    }
    if name.contains([':', '/']) {
        return Err("must not contain : or /, which part ids and paths".to_owned());
    }
    if [".", ".."].contains(&name) {
        return Err("must not be . or .., which no path can end with".to_owned());
    }
    if name == ON_CANCEL {
        return Err(format!(
            "must not be {ON_CANCEL}, the name of what is sent when the chain is cancelled"
        ));
    }
    if name == DEAD_LETTER {
        return Err(format!(
            "must not be {DEAD_LETTER}, the name of the dead letter of a chain that fails"
        ));
    }
    Ok(name.to_owned())
}

fn branches(object: &Object<'_>, place: Place, problems: &mut Problems) -> Option<Vec<Branch>> {
    let Some(node) = object.get("branches") else {
        return Some(Vec::new());
    };
    let items = node.list(problems)?;
    if items.len() > MAX_BRANCHES {
        let message = format!(
            "has {} branches, at most {MAX_BRANCHES} are allowed",
            items.len()
        );
        problems.add(&node.path, message);
        return None;
    }
    if !items.is_empty() {
        refuse_within_parallel(&node, place, problems);
    }
    let branches: Vec<_> = items
        .iter()
        .map(|item| Branch::read(item, problems))
        .collect();
    branches.into_iter().collect()
}

fn refuse_within_parallel(node: &Node<'_>, place: Place, problems: &mut Problems) {
    if place == Place::Parallel {
        problems.add(
            &node.path,
            "stands within a parallel step, whose steps all begin together; expected at the parallel step itself",
        );
    }
}

/// What a step does: of one kind only.
fn kind(object: &Object<'_>, place: Place, problems: &mut Problems) -> Option<StepKind> {
    let sends = object.filled("provider");
    let filled = |key: &&'static str| {
        let node = object.get(key).filter(|node| node.json != "\"\"")?;
        Some((*key, node))
    };
    let others = KINDS.iter().filter_map(filled);
    let others: Vec<_> = others.collect();
    let mut names: Vec<&str> = others.iter().map(|(key, _)| *key).collect();
    names.extend(sends.as_ref().map(|_| "provider"));
    match (&others[..], names.len()) {
        ([], 0) => {
            let message = format!(
                "says not what it does, expected provider, or one of {}",
                KINDS.join(", ")
            );
            problems.add(object.path(), message);
            None
        }
        ([], _) => send(object, problems),
        ([(key, node)], 1) => {
            refuse_leftovers(object, key, problems);
            other(key, node, place, problems)
        }
        _ => {
            let message = format!("is of several kinds: {}; expected one", names.join(", "));
            problems.add(object.path(), message);
            None
        }
    }
}

fn send(object: &Object<'_>, problems: &mut Problems) -> Option<StepKind> {
    let provider = object
        .get("provider")
        .and_then(|node| node.name(ProviderName::parse_new, problems));
    let action_type = object.filled("action_type");
    if action_type.is_none() {
        let path = object.path_to("action_type");
        problems.add(&path, "is not there, expected a type of actions");
    }
    let action_type = action_type.and_then(|node| node.name(ActionType::parse_new, problems));
    let template = object.get("payload_template");
    let template = template.map_or("{}", |node| node.json);
    let payload_template = match RawValue::from_string(template.to_owned()) {
        Ok(template) => template,
        Err(error) => {
            problems.add(&object.path_to("payload_template"), error.to_string());
            return None;
        }
    };
    Some(StepKind::Send {
        provider: provider?,
        action_type: action_type?,
        payload_template,
    })
}

/// Refuses what only a step that sends has, filled in at another.
fn refuse_leftovers(object: &Object<'_>, kind: &str, problems: &mut Problems) {
    for key in ["action_type", "payload_template"] {
        if let Some(node) = object.filled(key) {
            let message = format!("has no effect at a step with {kind}; expected none");
            problems.add(&node.path, message);
        }
    }
}

fn other(key: &str, node: &Node<'_>, place: Place, problems: &mut Problems) -> Option<StepKind> {
    if place == Place::Parallel && !["approval", "sub_chain"].contains(&key) {
        let message =
            "stands within a parallel step, expected a step with provider, sub_chain or approval";
        problems.add(&node.path, message);
        return None;
    }
    match key {
        "timer" => timer(node, problems),
        "wait_for_signal" => wait_for_signal(node, problems),
        "approval" => {
            let (policy, notify_provider) = approval::read(node, problems)?;
            Some(StepKind::Approval {
                policy,
                notify_provider,
            })
        }
        "parallel" => parallel(node, problems).map(StepKind::Parallel),
        _ => {
            let chain = node.name(Namespace::parse_new, problems)?;
            Some(StepKind::SubChain {
                chain: chain.to_string(),
            })
        }
    }
}

fn timer(node: &Node<'_>, problems: &mut Problems) -> Option<StepKind> {
    let object = node.object(&["duration_seconds"], problems)?;
    let node = object.need("duration_seconds", "a number of seconds", problems)?;
    let seconds = node.whole(&(0..=MAX_TIMEOUT.as_secs()), problems)?;
    Some(StepKind::Timer {
        duration: Duration::from_secs(seconds),
    })
}

fn wait_for_signal(node: &Node<'_>, problems: &mut Problems) -> Option<StepKind> {
    let keys = ["signal_name", "timeout_seconds", "on_timeout"];
    let object = node.object(&keys, problems)?;
    let signal = object
        .need("signal_name", "the name of a signal", problems)
        .and_then(|node| node.name(check_name, problems));
    let timeout = timeout(&object, problems);
    let on_timeout = object.filled("on_timeout");
    if let Some(node) = on_timeout
        .as_ref()
        .filter(|_| object.get("timeout_seconds").is_none())
    {
        problems.add(
            &node.path,
            "never happens without timeout_seconds; expected both or none",
        );
    }
    let on_timeout = on_timeout.and_then(|node| node.text(problems));
    Some(StepKind::WaitForSignal {
        signal_name: signal?,
        timeout,
        on_timeout,
    })
}

fn parallel(node: &Node<'_>, problems: &mut Problems) -> Option<Parallel> {
    const JOIN: &[(&str, Join)] = &[("all", Join::All), ("any", Join::Any)];
    const ON_FAILURE: &[(&str, OnParallelFailure)] = &[
        ("fail_fast", OnParallelFailure::FailFast),
        ("best_effort", OnParallelFailure::BestEffort),
    ];
    let keys = [
        "join",
        "on_failure",
        "timeout_seconds",
        "max_concurrency",
        "steps",
    ];
    let object = node.object(&keys, problems)?;
    let join = object
        .get("join")
        .and_then(|node| node.word(JOIN, problems));
    let on_failure = object
        .get("on_failure")
        .and_then(|node| node.word(ON_FAILURE, problems));
    let timeout = timeout(&object, problems);
    let most = object
        .get("max_concurrency")
        .and_then(|node| node.whole(&(1..=MAX_PARALLEL_STEPS as u64), problems));
    let steps = object.need("steps", "a list of steps", problems)?;
    let items = steps.list(problems)?;
    if items.is_empty() || items.len() > MAX_PARALLEL_STEPS {
        let message = format!(
            "has {} steps, expected 1 to {MAX_PARALLEL_STEPS}",
            items.len()
        );
        problems.add(&steps.path, message);
        return None;
    }
    let steps: Vec<_> = items
        .iter()
        .map(|item| step(item, Place::Parallel, problems))
        .collect();
    Some(Parallel {
        join: join.unwrap_or(Join::All),
        on_failure: on_failure.unwrap_or(OnParallelFailure::FailFast),
        timeout,
        max_concurrency: most.map(|most| most as usize),
        steps: steps.into_iter().collect::<Option<_>>()?,
    })
}

fn timeout(object: &Object<'_>, problems: &mut Problems) -> Option<Duration> {
    let node = object.get("timeout_seconds")?;
    let seconds = node.whole(&(1..=MAX_TIMEOUT.as_secs()), problems);
    seconds.map(Duration::from_secs)
}
