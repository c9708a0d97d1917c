//! `throttle`: the action goes unless too many went within a window.

use super::entry::{PRIORITY, VerdictEntry, needed, seconds};
use crate::reader::{Fields, Reader};
use crate::rule::Verdict;
use crate::yaml::Node;

pub(super) const ENTRY: VerdictEntry = VerdictEntry {
    keys: &[needed("max_count"), needed("window_seconds"), PRIORITY],
    synonyms: &["rate_limit", "ratelimit", "limit"],
    parse,
    described: "Throttle",
    outcome: "executed",
};

const MAX_THROTTLE: i64 = 100_000;
const MAX_WINDOW_SECONDS: i64 = 30 * 86_400;

fn parse(reader: &mut Reader<'_>, node: &Node, fields: &Fields<'_>) -> Option<Verdict> {
    let max_count = reader
        .needed(node, fields, "max_count", "how many may go in the window")
        .and_then(|node| reader.integer(node, 1..=MAX_THROTTLE));
    let window = reader
        .needed(node, fields, "window_seconds", "how long the window is")
        .and_then(|node| reader.integer(node, 1..=MAX_WINDOW_SECONDS));
    Some(Verdict::Throttle {
        max_count: u32::try_from(max_count?).unwrap_or(u32::MAX),
        window: seconds(window?),
    })
}
