//! `deny`: the action does not go.

use super::entry::VerdictEntry;
use crate::rule::Verdict;

pub(super) const ENTRY: VerdictEntry = VerdictEntry {
    keys: &[],
    synonyms: &["drop", "block", "reject", "ignore", "discard"],
    parse: |_, _, _| Some(Verdict::Deny),
    described: "Deny",
    outcome: "suppressed",
};
