//! `allow`: the action goes unchanged.

use super::entry::{PRIORITY, VerdictEntry};
use crate::rule::Verdict;

pub(super) const ENTRY: VerdictEntry = VerdictEntry {
    keys: &[PRIORITY],
    synonyms: &["pass", "accept", "permit"],
    parse: |_, _, _| Some(Verdict::Allow),
    described: "Allow",
    outcome: "executed",
};
