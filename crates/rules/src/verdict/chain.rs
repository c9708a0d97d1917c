//! `chain`: the action starts a chain, whose steps are sent in its place.

use acteon_core::similar::nearest;

use super::entry::{PRIORITY, VerdictEntry, needed};
use crate::reader::{Fields, Reader};
use crate::rule::Verdict;
use crate::yaml::Node;

pub(super) const ENTRY: VerdictEntry = VerdictEntry {
    keys: &[needed("chain"), PRIORITY],
    synonyms: &["start_chain", "workflow", "run_chain"],
    parse: |reader, node, fields| {
        let chain = reader.chain(node, fields)?;
        Some(Verdict::Chain {
            chain: chain.into(),
        })
    },
    described: "Chain",
    outcome: "chain_started",
};

/// Names of chains that a message lists at most.
const MAX_LISTED: usize = 20;

impl Reader<'_> {
    fn chain(&mut self, node: &Node, fields: &Fields<'_>) -> Option<String> {
        let node = self.needed(node, fields, "chain", "which chain it starts")?;
        let name = self.name(node)?;
        let known = &self.context.chains;
        if known.as_ref().is_none_or(|known| known.contains(&name)) {
            return Some(name);
        }
        let known: Vec<&str> = known.iter().flatten().map(String::as_str).collect();
        let hint = match nearest(&name, known.iter().copied()) {
            Some(near) => format!("did you mean {near}?"),
            None if known.is_empty() => {
                "there are none: define it with PUT /v1/chains/definitions/NAME first".to_owned()
            }
            None => format!(
                "known are: {}",
                known[..known.len().min(MAX_LISTED)].join(", ")
            ),
        };
        self.fault(node.place, format!("there is no chain {name:?}; {hint}"))
    }
}
