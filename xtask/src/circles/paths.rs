//! Paths in the code, and the files that they lead to.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::Graph;
use super::tokens::tokens;
use crate::tree::{Source, Tree};

/// Most re-exports that a name is followed through.
const MOST_HANDS: usize = 8;

/// Module of a file.
pub(crate) struct Module {
    file: String,
    /// Names of the items that it defines.
    defines: BTreeSet<String>,
    /// Names that `use` imports, with the full path of each.
    imports: BTreeMap<String, Vec<String>>,
    /// Full paths of modules whose names it imports all (`use a::*`).
    globs: Vec<Vec<String>>,
    /// Full paths that its code names; re-exports are not among them.
    names: Vec<Vec<String>>,
}

/// Modules of a crate by path; the root's is empty.
pub(crate) type Modules = BTreeMap<Vec<String>, Module>;

/// Reads the modules of the crate whose sources are in a folder.
pub(crate) fn modules(tree: &Tree, root: &str) -> Modules {
    let sources: Vec<(Vec<String>, &Source)> = tree
        .sources
        .iter()
        .filter(|source| !source.is_test())
        .filter_map(|source| Some((path_of(source.path.strip_prefix(root)?)?, source)))
        .collect();
    let all: BTreeSet<Vec<String>> = sources.iter().map(|(path, _)| path.clone()).collect();
    let read = |(path, source): (Vec<String>, &Source)| {
        let module = Module::read(&path, source, &all);
        (path, module)
    };
    sources.into_iter().map(read).collect()
}

/// Path of a file's module; `None` for a program beside the library.
fn path_of(file: &str) -> Option<Vec<String>> {
    let mut parts: Vec<String> = file.split('/').skip(1).map(str::to_owned).collect();
    let name = parts.pop()?;
    match name.strip_suffix(".rs")? {
        "lib" if parts.is_empty() => {}
        "main" if parts.is_empty() => return None,
        _ if parts.first().is_some_and(|part| part == "bin") => return None,
        "mod" => {}
        name => parts.push(name.to_owned()),
    }
    Some(parts)
}

impl Module {
    fn read(path: &[String], source: &Source, all: &BTreeSet<Vec<String>>) -> Self {
        let tokens = tokens(&source.text);
        let mut module = Self {
            file: source.path.clone(),
            defines: BTreeSet::new(),
            imports: BTreeMap::new(),
            globs: Vec::new(),
            names: Vec::new(),
        };
        let mut at = 0;
        while at < tokens.len() {
            let token = tokens[at].as_str();
            // `use<..>` in a bound brings nothing in.
            let brings_in = tokens.get(at + 1).is_some_and(|next| next != "<");
            if token == "use" && brings_in {
                let end = at
                    + tokens[at..]
                        .iter()
                        .take_while(|token| *token != ";")
                        .count();
                // `pub use` and `pub(crate) use` hand on; a `use` alone is for the file's own code.
                let hands_on = at > 0 && matches!(tokens[at - 1].as_str(), "pub" | ")");
                module.read_use(path, &tokens[at + 1..end], hands_on, all);
                at = end;
                continue;
            }
            if ITEMS.contains(&token) && tokens.get(at + 1).is_some_and(|next| next != "{") {
                module.defines.insert(tokens[at + 1].clone());
            }
            let is_begun = at > 0 && tokens[at - 1] == "::";
            let leads_on = tokens.get(at + 1).is_some_and(|next| next == "::");
            if leads_on && !is_begun {
                let named = path_at(&tokens[at..]);
                module.names.extend(full(path, &named, all));
            }
            at += 1;
        }
        module
    }

    fn read_use(
        &mut self,
        path: &[String],
        tree: &[String],
        hands_on: bool,
        all: &BTreeSet<Vec<String>>,
    ) {
        for (named, alias) in leaves(tree) {
            let Some(target) = full(path, &named, all) else {
                continue;
            };
            if alias == "*" {
                self.globs.push(target.clone());
            } else {
                self.imports.insert(alias, target.clone());
            }
            if !hands_on {
                self.names.push(target);
            }
        }
    }
}

const ITEMS: &[&str] = &[
    "fn",
    "struct",
    "enum",
    "trait",
    "type",
    "const",
    "static",
    "union",
    "macro_rules",
];

/// Path at the start of some tokens.
fn path_at(tokens: &[String]) -> Vec<String> {
    let mut path = vec![tokens[0].clone()];
    for pair in tokens[1..].chunks(2) {
        match pair {
            [colons, name] if colons == "::" && is_word(name) => path.push(name.clone()),
            _ => break,
        }
    }
    path
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Paths of a `use`, each with the name that it imports.
fn leaves(tree: &[String]) -> Vec<(Vec<String>, String)> {
    let mut path = Vec::new();
    let mut at = 0;
    while at < tree.len() {
        match tree[at].as_str() {
            "::" => {}
            "{" => {
                let inner = &tree[at + 1..tree.len() - 1];
                let branches = branches(inner).into_iter().flat_map(leaves);
                return branches
                    .map(|(rest, alias)| joined(&path, rest, alias))
                    .collect();
            }
            "as" => return vec![(path, tree[at + 1].clone())],
            word => path.push(word.to_owned()),
        }
        at += 1;
    }
    let alias = path.last().cloned().unwrap_or_default();
    if alias == "*" {
        path.pop();
    }
    vec![(path, alias)]
}

/// Path of a branch behind its stem; `self` in braces is the stem.
fn joined(stem: &[String], mut rest: Vec<String>, mut alias: String) -> (Vec<String>, String) {
    if rest.first().is_some_and(|first| first == "self") && !stem.is_empty() {
        rest.remove(0);
        if alias == "self" {
            alias = stem.last().cloned().unwrap_or_default();
        }
    }
    ([stem, &rest].concat(), alias)
}

/// Parts between commas, but not those within braces.
fn branches(tokens: &[String]) -> Vec<&[String]> {
    let mut depth = 0_usize;
    let is_comma = |token: &String| {
        match token.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        depth == 0 && token == ","
    };
    let parts = tokens.split(is_comma);
    parts.filter(|part| !part.is_empty()).collect()
}

/// Path from the crate's root; `None` when it leads out of the crate, or to no module.
fn full(at: &[String], named: &[String], all: &BTreeSet<Vec<String>>) -> Option<Vec<String>> {
    let first = named.first()?;
    let (stem, rest) = match first.as_str() {
        "crate" => (Vec::new(), &named[1..]),
        "self" => (at.to_vec(), &named[1..]),
        "super" => {
            let ups = named.iter().take_while(|part| *part == "super").count();
            (at[..at.len().checked_sub(ups)?].to_vec(), &named[ups..])
        }
        _ => (at.to_vec(), named),
    };
    let is_child = || all.contains(&[at, &named[..1]].concat());
    let is_ours = matches!(first.as_str(), "crate" | "self" | "super") || is_child();
    is_ours.then(|| [stem.as_slice(), rest].concat())
}

/// Graph of a crate's files.
pub(crate) fn arrows(modules: &Modules) -> Graph {
    let mut graph = Graph::new();
    for module in modules.values() {
        let to = graph.entry(module.file.clone()).or_default();
        for name in &module.names {
            let Some(target) = resolve(modules, name, MOST_HANDS) else {
                continue;
            };
            if target.file != module.file {
                to.entry(target.file.clone())
                    .or_insert_with(|| name.join("::"));
            }
        }
    }
    graph
}

/// Module whose code a path names; `None` when the path leads out of the crate, or only to a table of contents.
fn resolve<'a>(modules: &'a Modules, path: &[String], hands: usize) -> Option<&'a Module> {
    let length = (0..=path.len()).rev();
    let length = length
        .into_iter()
        .find(|length| modules.contains_key(&path[..*length]))?;
    let module = &modules[&path[..length]];
    let Some(name) = path.get(length) else {
        // The module itself is named, to name its items on the spot; those are paths of their own.
        return (!module.defines.is_empty() && length > 0).then_some(module);
    };
    if module.defines.contains(name) || hands == 0 {
        return Some(module);
    }
    if let Some(target) = module.imports.get(name) {
        return resolve(modules, &[target, &path[length + 1..]].concat(), hands - 1);
    }
    let through = |glob: &Vec<String>| {
        let target = resolve(modules, &[glob, &path[length..]].concat(), hands - 1)?;
        target.defines.contains(name).then_some(target)
    };
    module.globs.iter().find_map(through)
}
