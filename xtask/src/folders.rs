//! Folders of like things have like files, so that a reader of one knows the others.

use std::collections::{BTreeMap, BTreeSet};

use crate::lists::List;
use crate::tree::Tree;

/// Files of each provider that calls a service.
const PROVIDER: &[&str] = &["classify", "config", "mod", "payload", "send", "tests"];

/// Providers that call no service.
const CALL_NOTHING: &[&str] = &["log"];

/// Engines of the store, each with those of which one must have a file of the same name. The engine in memory has few, and need not have more.
const ENGINES: &[(&str, &[&str])] = &[
    ("memory", &["postgres", "sqlite"]),
    ("postgres", &["sqlite"]),
    ("sqlite", &["postgres"]),
];

/// Name of the list of files that only one engine needs.
const ENGINES_OWN: &str = "engine_files";

/// Complaints about folders whose files have other names than the folders beside them.
pub(crate) fn check(tree: &Tree) -> Vec<String> {
    let mut complaints = providers(tree);
    complaints.extend(engines(tree));
    complaints
}

fn providers(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for (folder, files) in folders_below(tree, "crates/providers/src/") {
        if CALL_NOTHING.contains(&folder) {
            continue;
        }
        for name in PROVIDER.iter().filter(|name| !files.contains(**name)) {
            complaints.push(format!("crates/providers/src/{folder} has no {name}.rs"));
        }
    }
    complaints
}

fn engines(tree: &Tree) -> Vec<String> {
    let folders = folders_below(tree, "crates/store/src/");
    let list = List::read(ENGINES_OWN);
    let mut complaints = Vec::new();
    let mut alone = BTreeSet::new();
    for (engine, others) in ENGINES {
        for file in &folders[engine] {
            if !others.iter().any(|other| folders[other].contains(file)) {
                alone.insert(format!("{engine}/{file}"));
            }
        }
    }
    for file in alone.iter().filter(|file| !list.allows(file)) {
        complaints.push(format!(
            "crates/store/src/{file}.rs has no namesake in another engine: name the noun alike, or list it as the engine's own"
        ));
    }
    complaints.extend(list.too_generous(&alone));
    complaints
}

/// Names of the files and folders in each folder below a path.
fn folders_below<'a>(tree: &'a Tree, below: &str) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let mut folders: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for source in &tree.sources {
        let Some(rest) = source.path.strip_prefix(below) else {
            continue;
        };
        if let Some((folder, file)) = rest.split_once('/') {
            let name = file.split(['/', '.']).next().unwrap_or(file);
            folders.entry(folder).or_default().insert(name);
        }
    }
    folders
}
