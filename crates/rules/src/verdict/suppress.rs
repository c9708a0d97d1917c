//! `suppress`: the action does not go.

use super::entry::Entry;
use crate::rule::Verdict;

pub(super) const ENTRY: Entry = Entry {
    keys: &[],
    synonyms: &["silence", "mute"],
    parse: |_, _, _| Some(Verdict::Suppress),
    described: "Suppress",
    outcome: "suppressed",
};
