//! A definition with all chains that it starts, as an execution keeps them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::chain::Definition;
use crate::chain::limits::{MAX_CHAIN_DEPTH, MAX_EXECUTIONS, MAX_PINNED_BYTES};

/// Definition with all chains that it starts, and those that they start.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefinitionSet {
    /// Name of the chain itself.
    name: String,
    definitions: BTreeMap<String, Definition>,
}

/// How much a definition starts.
#[derive(Clone, Copy, Debug, Default)]
struct Size {
    /// Levels of chains below it.
    below: usize,
    /// Executions that it leads to at most, its own not counted.
    starts: u64,
}

/// Why definitions are no set that can be started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotASet {
    /// A chain that is started is not there.
    #[error("{path}: no chain is named {chain:?}; make it first, or correct the name")]
    Unknown {
        /// Name of the chain that is not there.
        chain: String,
        /// Chain and path to what starts it.
        path: String,
    },
    /// Chains start each other in a circle.
    #[error("the chains start each other in a circle: {}; expected one that ends", .0.join(" -> "))]
    Circle(Vec<String>),
    /// Chains within chains are too deep.
    #[error(
        "chains start each other more than {MAX_CHAIN_DEPTH} deep, below {}",
        .0.join(" -> ")
    )]
    TooDeep(Vec<String>),
    /// A chain starts too many others, with those that they start.
    #[error(
        "chain {chain} would start {count} chains with those that they start, at most {MAX_EXECUTIONS} are allowed; expected fewer steps with sub_chain, or fewer levels of them"
    )]
    TooMany {
        /// Chain that starts them.
        chain: String,
        /// How many it starts at most.
        count: u64,
    },
    /// They are too large together.
    #[error(
        "the definition and the chains that it starts are {0} bytes long together, at most {MAX_PINNED_BYTES} are allowed"
    )]
    TooLarge(usize),
    /// A definition cannot be written as JSON.
    #[error("the definition cannot be written: {0}")]
    Unwritable(String),
}

impl DefinitionSet {
    /// Set of a definition and what it starts, as `find` finds that. Refuses circles.
    pub fn of<'d>(
        definition: &'d Definition,
        find: &dyn Fn(&str) -> Option<&'d Definition>,
    ) -> Result<Self, NotASet> {
        let mut set = Self {
            name: definition.name.clone(),
            definitions: BTreeMap::new(),
        };
        let size = set.add(definition, find, &mut Vec::new(), &mut BTreeMap::new())?;
        if size.starts > MAX_EXECUTIONS {
            return Err(NotASet::TooMany {
                chain: definition.name.clone(),
                count: size.starts,
            });
        }
        let json =
            serde_json::to_string(&set).map_err(|error| NotASet::Unwritable(error.to_string()))?;
        if json.len() > MAX_PINNED_BYTES {
            return Err(NotASet::TooLarge(json.len()));
        }
        Ok(set)
    }

    /// Definition of the chain itself; `None` only of a set that was damaged in the store.
    pub fn definition(&self) -> Option<&Definition> {
        self.definitions.get(&self.name)
    }

    /// Definitions of a chain that this one starts, and of all that that one starts; empty where it is not there.
    pub fn below(&self, name: &str) -> Vec<&Definition> {
        let mut found: Vec<&Definition> = Vec::new();
        let mut wanted = vec![name.to_owned()];
        while let Some(name) = wanted.pop() {
            let is_known = found.iter().any(|known| known.name == name);
            let Some(definition) = self.definitions.get(&name).filter(|_| !is_known) else {
                continue;
            };
            found.push(definition);
            let chains = definition.references().chains;
            wanted.extend(chains.into_iter().map(|(chain, _)| chain));
        }
        found
    }

    /// Set of a chain that this one starts.
    pub(crate) fn of_sub_chain(&self, name: &str) -> Result<Self, NotASet> {
        let unknown = || NotASet::Unknown {
            chain: name.to_owned(),
            path: self.name.clone(),
        };
        let definition = self.definitions.get(name).ok_or_else(unknown)?;
        Self::of(definition, &|name| self.definitions.get(name))
    }

    /// Adds a definition and what it starts; `above` are the chains around it, and `sizes` those of what was added. The depth bounds the recursion.
    /// Returns the definition's own.
    fn add<'d>(
        &mut self,
        definition: &'d Definition,
        find: &dyn Fn(&str) -> Option<&'d Definition>,
        above: &mut Vec<String>,
        sizes: &mut BTreeMap<String, Size>,
    ) -> Result<Size, NotASet> {
        let is_above = above.contains(&definition.name);
        let known = sizes.get(&definition.name).copied();
        above.push(definition.name.clone());
        if is_above {
            return Err(NotASet::Circle(above.clone()));
        }
        if above.len() + known.map_or(0, |size| size.below) > MAX_CHAIN_DEPTH {
            return Err(NotASet::TooDeep(above.clone()));
        }
        let mut size = known.unwrap_or_default();
        // What was added is not walked again: there may be many ways to it.
        let chains = definition.references().chains;
        for (chain, path) in chains.into_iter().filter(|_| known.is_none()) {
            let Some(found) = find(&chain) else {
                let path = format!("{}: {path}", definition.name);
                return Err(NotASet::Unknown { chain, path });
            };
            let of_chain = self.add(found, find, above, sizes)?;
            size.below = size.below.max(1 + of_chain.below);
            size.starts = size
                .starts
                .saturating_add(of_chain.starts.saturating_add(1));
        }
        above.pop();
        sizes.insert(definition.name.clone(), size);
        self.definitions
            .insert(definition.name.clone(), definition.clone());
        Ok(size)
    }
}
