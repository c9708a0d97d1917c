//! Definitions of chains in memory, each with what it starts once somebody asked for it.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use acteon_flows::chain::{Definition, DefinitionSet, NotASet};
use acteon_store::{Document, DocumentKind};

use crate::policies::document::parsed;

/// Definitions of chains, by their names. Cloning is cheap.
#[derive(Clone, Default)]
pub(crate) struct Chains {
    all: Arc<BTreeMap<Arc<str>, Kept>>,
    bytes: usize,
}

/// Definition of a chain as it is kept in memory.
#[derive(Clone)]
struct Kept {
    stored: StoredChain,
    bytes: usize,
    /// Definition with all that it starts; empty before anybody asked, and again when any definition changes.
    set: OnceLock<Result<DefinitionSet, NotASet>>,
}

/// Definition of a chain, and its version in the store.
#[derive(Clone)]
pub(crate) struct StoredChain {
    /// Definition.
    pub(crate) definition: Arc<Definition>,
    /// Version of the document.
    pub(crate) version: i64,
}

impl Chains {
    /// Definition of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&StoredChain> {
        self.all.get(name).map(|kept| &kept.stored)
    }

    /// All definitions, in the order of their names.
    pub(crate) fn all(&self) -> impl Iterator<Item = &StoredChain> {
        self.all.values().map(|kept| &kept.stored)
    }

    /// Bytes of a definition as it is stored.
    pub(super) fn bytes_of(&self, name: &str) -> usize {
        self.all.get(name).map_or(0, |kept| kept.bytes)
    }

    /// Definition of this name with all chains that it starts; `None` where there is none of that name.
    pub(crate) fn set(&self, name: &str) -> Option<&Result<DefinitionSet, NotASet>> {
        let kept = self.all.get(name)?;
        let find = |name: &str| Some(&*self.all.get(name)?.stored.definition);
        let compute = || DefinitionSet::of(&kept.stored.definition, &find);
        Some(kept.set.get_or_init(compute))
    }

    /// Number of the definitions, and their bytes.
    pub(crate) fn sizes(&self) -> (usize, usize) {
        (self.all.len(), self.bytes)
    }

    pub(crate) fn put(&mut self, document: &Document) {
        self.remove(&document.id);
        let Some(definition) = parsed::<Definition>(document) else {
            return;
        };
        if definition.name != document.id {
            let (kind, id) = (DocumentKind::Chain.as_str(), &document.id);
            tracing::error!(
                kind,
                id,
                name = definition.name,
                "a document has the name of another and has no effect"
            );
            return;
        }
        let bytes = document.body.len();
        let kept = Kept {
            stored: StoredChain {
                definition: Arc::new(definition),
                version: document.version,
            },
            bytes,
            set: OnceLock::new(),
        };
        self.bytes += bytes;
        Arc::make_mut(&mut self.all).insert(document.id.as_str().into(), kept);
    }

    pub(crate) fn remove(&mut self, name: &str) {
        let all = Arc::make_mut(&mut self.all);
        if let Some(kept) = all.remove(name) {
            self.bytes -= kept.bytes;
        }
        // Whichever it was, others may start it.
        for kept in all.values_mut() {
            kept.set = OnceLock::new();
        }
    }
}
