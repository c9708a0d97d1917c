//! `deduplicate`: the action goes unless another with the same dedup key went before.

use std::time::Duration;

use super::entry::{PRIORITY, VerdictEntry, optional, seconds};
use crate::reader::{Fields, Reader};
use crate::rule::Verdict;
use crate::yaml::Node;

pub(super) const ENTRY: VerdictEntry = VerdictEntry {
    keys: &[optional("ttl_seconds"), PRIORITY],
    synonyms: &["dedup", "dedupe"],
    parse,
    described: "Deduplicate",
    outcome: "executed",
};

const DEFAULT_TTL: Duration = Duration::from_hours(1);
const MAX_TTL_SECONDS: i64 = 30 * 86_400;

fn parse(reader: &mut Reader<'_>, _: &Node, fields: &Fields<'_>) -> Option<Verdict> {
    let ttl = match fields.get("ttl_seconds") {
        Some(node) => seconds(reader.integer(node, 1..=MAX_TTL_SECONDS)?),
        None => DEFAULT_TTL,
    };
    Some(Verdict::Deduplicate { ttl })
}
