//! Definition of a chain in a rules file: its name, its JSON, and the places of what is in it.

use acteon_config::{Diagnostic, Place};

use crate::yaml::{Node, NodeKind};

/// Definition of a chain in a rules file.
#[derive(Clone, Debug)]
pub struct ChainSource {
    pub(crate) name: String,
    pub(crate) json: String,
    pub(crate) file: String,
    pub(crate) node: Node,
}

/// What is wrong with the definition of a chain in a rules file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainFault {
    /// Index of the definition among those that were looked at.
    pub index: usize,
    /// Path within it, such as `steps[2].provider`; empty where it is all of it.
    pub path: String,
    /// What was found, and what is expected.
    pub message: String,
}

impl ChainSource {
    /// Name of the chain.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The definition as JSON.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// File and line that it was read from.
    pub fn source(&self) -> String {
        format!("{}:{}", self.file, self.node.place.line)
    }

    /// Diagnostic about what lies at a path, or else about what is nearest above it.
    pub(crate) fn diagnostic(&self, path: &str, message: &str) -> Diagnostic {
        let subject = format!("chains {:?}", self.name);
        let message = if path.is_empty() {
            message.to_owned()
        } else {
            format!("{path}: {message}")
        };
        Diagnostic {
            file: self.file.clone(),
            place: place_of(&self.node, path),
            subject,
            message,
            hint: None,
        }
    }
}

/// Place of what lies at a path such as `steps[2].branches[0].target`.
fn place_of(root: &Node, path: &str) -> Place {
    let mut node = root;
    for part in path.split(['.', '[']) {
        let found = match (&node.kind, part.strip_suffix(']')) {
            (NodeKind::List(items), Some(index)) => index
                .parse::<usize>()
                .ok()
                .and_then(|index| items.get(index)),
            (NodeKind::Map(entries), None) => entries
                .iter()
                .find(|(key, ..)| key == part)
                .map(|(.., node)| node),
            _ => None,
        };
        match found {
            Some(found) => node = found,
            None => break,
        }
    }
    node.place
}
