//! Entries of verdicts: what the reader and the playground need to know of each.

use std::time::Duration;

use crate::reader::{Fields, Reader};
use crate::rule::Verdict;
use crate::yaml::Node;

/// Entry of a verdict: what the reader and the playground need to know of it.
pub(crate) struct VerdictEntry {
    /// Keys of `action` beside `type`, in the order in which messages list them.
    pub(super) keys: &'static [VerdictKey],
    /// Other words that people try for it.
    pub(super) synonyms: &'static [&'static str],
    /// Reads the verdict from the keys of its `action`, which is `node`. What is wrong is said to
    /// the reader.
    pub(super) parse: fn(&mut Reader<'_>, node: &Node, &Fields<'_>) -> Option<Verdict>,
    /// Name that the playground gives it.
    pub(crate) described: &'static str,
    /// Name of the outcome of an action that nothing else holds back.
    pub(crate) outcome: &'static str,
}

/// Key of a rule's `action`.
pub(super) struct VerdictKey {
    pub(super) name: &'static str,
    pub(super) is_needed: bool,
}

pub(super) const fn needed(name: &'static str) -> VerdictKey {
    VerdictKey {
        name,
        is_needed: true,
    }
}

pub(super) const fn optional(name: &'static str) -> VerdictKey {
    VerdictKey {
        name,
        is_needed: false,
    }
}

/// Key of the priority, which every verdict takes that lets an action go.
pub(super) const PRIORITY: VerdictKey = optional("priority");

pub(super) fn seconds(number: i64) -> Duration {
    Duration::from_secs(number.unsigned_abs())
}
