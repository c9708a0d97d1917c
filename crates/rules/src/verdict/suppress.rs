//! `suppress`: the action does not go.

use super::entry::VerdictEntry;
use crate::rule::Verdict;

pub(super) const ENTRY: VerdictEntry = VerdictEntry {
    keys: &[],
    synonyms: &["silence", "mute"],
    parse: |_, _, _| Some(Verdict::Suppress),
    described: "Suppress",
    outcome: "suppressed",
};
