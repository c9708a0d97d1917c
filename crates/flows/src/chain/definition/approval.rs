//! Policy of an approval within a chain, which the kind of approvals reads when the step begins.

use std::ops::RangeInclusive;

use acteon_core::json::text;
use acteon_core::limits::{MAX_APPROVAL_TIMEOUT, MAX_APPROVERS};
use acteon_core::{ApprovalPolicy, EACH, ProviderName};
use serde_json::value::RawValue;

use super::node::{Node, Object};
use super::problem::Problems;

const KEYS: &[&str] = &[
    "approvers",
    "quorum",
    "timeout_seconds",
    "on_timeout",
    "notify_provider",
    "remind_every_seconds",
    "escalate_to",
    "escalate_after_seconds",
    "separate",
    "message",
    "comment",
];

const ON_TIMEOUT: &[(&str, ())] = &[("approve", ()), ("reject", ())];

const COMMENT: &[(&str, ())] = &[("optional", ()), ("required", ())];

/// Checks the keys of a policy and their types, and then the policy as a whole; the policy as it is written, and the provider of its notices.
pub(super) fn read(
    node: &Node<'_>,
    problems: &mut Problems,
) -> Option<(Box<RawValue>, Option<ProviderName>)> {
    let before = problems.count();
    let object = node.object(KEYS, problems)?;
    if let Some(node) = object.get("approvers") {
        texts(&node, problems);
    }
    quorum(&object, problems);
    let times = 1..=MAX_APPROVAL_TIMEOUT.as_secs();
    for key in [
        "timeout_seconds",
        "remind_every_seconds",
        "escalate_after_seconds",
    ] {
        whole(&object, key, &times, problems);
    }
    if let Some(node) = object.get("on_timeout") {
        node.word(ON_TIMEOUT, problems);
    }
    if let Some(node) = object.get("comment") {
        node.word(COMMENT, problems);
    }
    if let Some(node) = object.get("separate") {
        node.yes_or_no(problems);
    }
    if let Some(node) = object.get("message") {
        node.text(problems);
    }
    if let Some(node) = object.get("escalate_to") {
        if node.json.starts_with('[') {
            texts(&node, problems);
        } else {
            node.text(problems);
        }
    }
    let provider = object
        .get("notify_provider")
        .and_then(|node| node.name(ProviderName::parse_new, problems));
    if problems.count() == before {
        whole_policy(node, problems);
    }
    let policy = RawValue::from_string(node.json.to_owned()).ok()?;
    Some((policy, provider))
}

/// Checks what keys say together.
fn whole_policy(node: &Node<'_>, problems: &mut Problems) {
    match serde_json::from_str::<ApprovalPolicy>(node.json) {
        Ok(policy) => {
            for problem in policy.template_problems() {
                problems.add(&format!("{}.{}", node.path, problem.key), problem.message);
            }
        }
        Err(error) => problems.add(&node.path, format!("is no policy of an approval: {error}")),
    }
}

/// Checks how many approvals it takes: a number, or one for each entry.
fn quorum(object: &Object<'_>, problems: &mut Problems) {
    let most = MAX_APPROVERS as u64;
    let is_each = |node: &Node<'_>| text(node.json).is_some_and(|word| word == EACH);
    match object.get("quorum") {
        Some(node) if is_each(&node) => {}
        Some(_) => whole(object, "quorum", &(1..=most), problems),
        None => {}
    }
}

fn whole(object: &Object<'_>, key: &str, range: &RangeInclusive<u64>, problems: &mut Problems) {
    if let Some(node) = object.get(key) {
        node.whole(range, problems);
    }
}

/// Checks a list of names.
fn texts(node: &Node<'_>, problems: &mut Problems) {
    let Some(items) = node.list(problems) else {
        return;
    };
    if items.is_empty() || items.len() > MAX_APPROVERS {
        problems.add(
            &node.path,
            format!("has {} entries, expected 1 to {MAX_APPROVERS}", items.len()),
        );
    }
    for item in &items {
        if item
            .text(problems)
            .is_some_and(|name| name.trim().is_empty())
        {
            item.expected("a name", problems);
        }
    }
}
