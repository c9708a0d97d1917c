//! `chain`: the action starts a chain, whose steps are sent in its place.

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

impl Reader<'_> {
    /// Name of the chain, which is looked up when all files are read.
    fn chain(&mut self, node: &Node, fields: &Fields<'_>) -> Option<String> {
        let node = self.needed(node, fields, "chain", "which chain it starts")?;
        let name = self.name(node)?;
        let unknown = self.diagnostic(node.place, String::new());
        self.started.push((unknown, name.clone()));
        Some(name)
    }
}
