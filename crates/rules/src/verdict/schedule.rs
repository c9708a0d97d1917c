//! `schedule`: the action goes after a delay.

use super::entry::{PRIORITY, VerdictEntry, needed, seconds};
use crate::reader::{Fields, Reader};
use crate::rule::Verdict;
use crate::yaml::Node;

pub(super) const ENTRY: VerdictEntry = VerdictEntry {
    keys: &[needed("delay_seconds"), PRIORITY],
    synonyms: &["delay", "defer", "later"],
    parse,
    described: "Schedule",
    outcome: "scheduled",
};

/// Longest delay of a rule: a week, as the wire format has it.
const MAX_DELAY_SECONDS: i64 = 7 * 86_400;

fn parse(reader: &mut Reader<'_>, node: &Node, fields: &Fields<'_>) -> Option<Verdict> {
    let delay = reader
        .needed(node, fields, "delay_seconds", "how long the action waits")
        .and_then(|node| reader.integer(node, 1..=MAX_DELAY_SECONDS));
    Some(Verdict::Schedule {
        delay: seconds(delay?),
    })
}
