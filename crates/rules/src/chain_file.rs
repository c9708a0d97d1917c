//! Definitions of chains in a rules file. What is in them is read by who knows chains; here each has its name and its places.

use crate::chain_source::ChainSource;
use crate::reader::Reader;
use crate::yaml::{Node, NodeKind, subject};

impl Reader<'_> {
    /// Reads the definitions of chains; of each name there is one.
    pub(crate) fn read_chains(&mut self, list: Option<&Node>) {
        for (index, node) in self.list(list).into_iter().enumerate() {
            self.subject = subject("chains", index, node);
            let NodeKind::Map(entries) = &node.kind else {
                let message = format!(
                    "must be a mapping with name and steps, is {}",
                    node.described()
                );
                self.fault::<()>(node.place, message);
                continue;
            };
            let name = entries.iter().find(|(key, ..)| key == "name");
            let Some((.., named)) = name else {
                self.fault::<()>(node.place, "name is missing".to_owned());
                continue;
            };
            let Some(name) = self.name(named) else {
                continue;
            };
            if let Some(other) = self.chains.iter().find(|chain| chain.name == name) {
                let message = format!("another chain has this name, in {}", other.source());
                self.fault::<()>(named.place, message);
                continue;
            }
            self.chains.push(ChainSource {
                name,
                json: node.to_text(),
                file: self.file.to_owned(),
                node: node.clone(),
            });
        }
    }
}
