//! `allow`: the action goes unchanged.

use super::entry::{Entry, PRIORITY};
use crate::rule::Verdict;

pub(super) const ENTRY: Entry = Entry {
    keys: &[PRIORITY],
    synonyms: &["pass", "accept", "permit"],
    parse: |_, _, _| Some(Verdict::Allow),
    described: "Allow",
    outcome: "executed",
};
