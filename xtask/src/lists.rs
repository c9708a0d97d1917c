//! Lists of what broke a law before it was made: `xtask/lists/*.txt`, which only shrink.
//!
//! A line is a name, or a name and a count. A line that is no longer needed is a complaint, and so is a count that could be lower.

use std::collections::BTreeMap;

use crate::tree::{root, text_of};

/// A law's list: how much of each name was there.
pub(crate) struct List {
    file: String,
    entries: BTreeMap<String, usize>,
}

impl List {
    /// Reads `xtask/lists/NAME.txt`. A line without a count has 1.
    pub(crate) fn read(name: &str) -> Self {
        let file = format!("xtask/lists/{name}.txt");
        let text = text_of(&root().join(&file));
        let lines = text
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty());
        let entries = lines.map(|line| match line.split_once(' ') {
            Some((name, count)) => (name.to_owned(), count.parse().expect("a count")),
            None => (line.to_owned(), 1),
        });
        Self {
            entries: entries.collect(),
            file,
        }
    }

    /// How much a name may have.
    pub(crate) fn allows(&self, name: &str) -> usize {
        self.entries.get(name).copied().unwrap_or(0)
    }

    /// Complaints about lines that allow more than was found.
    pub(crate) fn too_generous(&self, found: &BTreeMap<String, usize>) -> Vec<String> {
        let mut complaints = Vec::new();
        for (name, allowed) in &self.entries {
            match found.get(name) {
                None => complaints.push(format!("{}: take out {name}", self.file)),
                Some(count) if count < allowed => {
                    complaints.push(format!("{}: {name} needs only {count}", self.file));
                }
                Some(_) => {}
            }
        }
        complaints
    }
}
