//! Definitions of chains in memory, each with what it starts once somebody asked for it.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use acteon_flows::chain::{Definition, DefinitionSet, NotASet};
use acteon_store::{Document, DocumentKind};

use crate::policies::document::parsed;

/// Definitions of chains, by their names: those of the rules' files, and those of the store. Cloning is cheap.
#[derive(Clone, Default)]
pub(crate) struct Chains {
    all: Arc<BTreeMap<Arc<str>, Kept>>,
    stored: Arc<BTreeMap<Arc<str>, StoredChain>>,
    files: Arc<[FiledChain]>,
    /// Bytes of those in the store.
    bytes: usize,
}

/// Definition of a chain that is in force.
#[derive(Clone)]
struct Kept {
    definition: Arc<Definition>,
    /// File and line of one that a file has.
    source: Option<Arc<str>>,
    /// Definition with all that it starts; empty before anybody asked, and again when any definition changes.
    set: OnceLock<Result<DefinitionSet, NotASet>>,
}

/// Definition of a chain in the store.
#[derive(Clone)]
struct StoredChain {
    definition: Arc<Definition>,
    version: i64,
    bytes: usize,
}

/// Definition of a chain in a rules file.
#[derive(Clone)]
pub(crate) struct FiledChain {
    /// Definition.
    pub(crate) definition: Arc<Definition>,
    /// File and line that it was read from.
    pub(crate) source: Arc<str>,
}

impl Chains {
    /// Definition of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Arc<Definition>> {
        self.all.get(name).map(|kept| &kept.definition)
    }

    /// All definitions, in the order of their names.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Definition>> {
        self.all.values().map(|kept| &kept.definition)
    }

    /// Definitions in the store, in the order of their names.
    pub(in crate::policies) fn all_stored(&self) -> impl Iterator<Item = &Arc<Definition>> {
        self.stored.values().map(|stored| &stored.definition)
    }

    /// File and line of a definition that a file has.
    pub(in crate::policies) fn source(&self, name: &str) -> Option<&str> {
        self.all.get(name)?.source.as_deref()
    }

    /// Version of a definition in the store, and its bytes there.
    pub(super) fn stored(&self, name: &str) -> Option<(i64, usize)> {
        let stored = self.stored.get(name)?;
        Some((stored.version, stored.bytes))
    }

    /// Definition of this name with all chains that it starts; `None` where there is none of that name.
    pub(crate) fn set(&self, name: &str) -> Option<&Result<DefinitionSet, NotASet>> {
        let kept = self.all.get(name)?;
        let find = |name: &str| self.get(name).map(|definition| &**definition);
        let compute = || DefinitionSet::of(&kept.definition, &find);
        Some(kept.set.get_or_init(compute))
    }

    /// First definition of the files that cannot be started, and why.
    pub(crate) fn unfit(&self) -> Option<(&str, &NotASet)> {
        self.files.iter().find_map(|filed| {
            let name = &*filed.definition.name;
            Some((name, self.set(name)?.as_ref().err()?))
        })
    }

    /// Definitions of the store that cannot be started, and why: what they start went with the files of before.
    pub(super) fn unfit_stored(&self) -> impl Iterator<Item = (&str, &NotASet)> {
        self.all_stored().filter_map(|definition| {
            let name = definition.name.as_str();
            Some((name, self.set(name)?.as_ref().err()?))
        })
    }

    /// Number of the definitions in the store, and their bytes.
    pub(crate) fn sizes(&self) -> (usize, usize) {
        (self.stored.len(), self.bytes)
    }

    /// Definitions with those of other files.
    pub(crate) fn with_files(&self, files: Arc<[FiledChain]>) -> Self {
        let mut next = self.clone();
        next.files = files;
        next.put_together();
        next
    }

    /// Definitions without those of the store.
    pub(crate) fn without_stored(&self) -> Self {
        Self::default().with_files(Arc::clone(&self.files))
    }

    /// Takes a definition of the store in. It is in force once all are [put together](Self::put_together).
    pub(crate) fn put(&mut self, document: &Document) {
        self.take_out(&document.id);
        let kind = DocumentKind::Chain.as_str();
        match parsed::<Definition>(document) {
            Some(definition) if definition.name == document.id => {
                let bytes = document.body.len();
                let stored = StoredChain {
                    definition: Arc::new(definition),
                    version: document.version,
                    bytes,
                };
                self.bytes += bytes;
                Arc::make_mut(&mut self.stored).insert(document.id.as_str().into(), stored);
            }
            Some(definition) => {
                tracing::error!(
                    kind,
                    id = document.id,
                    name = definition.name,
                    "a document has the name of another and has no effect"
                );
            }
            None => {}
        }
    }

    /// Takes a definition of the store out. It is in force until the others are [put together](Self::put_together).
    pub(crate) fn take_out(&mut self, name: &str) {
        if let Some(stored) = Arc::make_mut(&mut self.stored).remove(name) {
            self.bytes -= stored.bytes;
        }
    }

    /// Puts those of the files over those of the store. What each starts is computed anew: whichever changed, others may start it.
    pub(crate) fn put_together(&mut self) {
        let kept = |definition: &Arc<Definition>, source: Option<&Arc<str>>| Kept {
            definition: Arc::clone(definition),
            source: source.cloned(),
            set: OnceLock::new(),
        };
        let of_store = self
            .stored
            .iter()
            .map(|(name, stored)| (Arc::clone(name), kept(&stored.definition, None)));
        let of_files = self.files.iter().map(|filed| {
            let name: Arc<str> = filed.definition.name.as_str().into();
            (name, kept(&filed.definition, Some(&filed.source)))
        });
        self.all = Arc::new(of_store.chain(of_files).collect());
    }
}
