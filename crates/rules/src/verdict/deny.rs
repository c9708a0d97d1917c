//! `deny`: the action does not go.

use super::entry::Entry;
use crate::rule::Verdict;

pub(super) const ENTRY: Entry = Entry {
    keys: &[],
    synonyms: &["drop", "block", "reject", "ignore", "discard"],
    parse: |_, _, _| Some(Verdict::Deny),
    described: "Deny",
    outcome: "suppressed",
};
