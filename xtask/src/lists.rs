//! Lists of exceptions to a law: `xtask/lists/*.txt`.
//!
//! A line is a name. A line that is no longer needed is a complaint.

use std::collections::BTreeSet;

use crate::tree::{root, text_of};

/// List of the names that may break a law.
pub(crate) struct List {
    file: String,
    names: BTreeSet<String>,
}

impl List {
    /// Reads `xtask/lists/NAME.txt`.
    pub(crate) fn read(name: &str) -> Self {
        let file = format!("xtask/lists/{name}.txt");
        let text = text_of(&root().join(&file));
        let lines = text
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty());
        Self {
            names: lines.map(str::to_owned).collect(),
            file,
        }
    }

    /// Whether a name may break the law.
    pub(crate) fn allows(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Complaints about names that do not break the law, given those that do.
    pub(crate) fn too_generous(&self, found: &BTreeSet<String>) -> Vec<String> {
        self.names
            .difference(found)
            .map(|name| format!("{}: take out {name}", self.file))
            .collect()
    }
}
