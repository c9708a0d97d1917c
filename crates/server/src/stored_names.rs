//! Names in the store that rules may use.

use std::collections::BTreeMap;
use std::sync::Arc;

use acteon_gateway::{Gateway, StoredInterval};
use acteon_store::{Document, DocumentKind, Store, StoreError};

/// Names in the store that rules may use.
#[derive(Clone, Debug, Default)]
pub struct StoredNames {
    /// Time intervals.
    pub intervals: Vec<String>,
    /// Definitions of chains, as JSON by their names.
    pub chains: BTreeMap<String, Arc<str>>,
}

impl StoredNames {
    /// Names of these documents of time intervals and of chains.
    pub fn of(intervals: &[Document], chains: &[Document]) -> Self {
        let name = |document: &Document| {
            let stored = StoredInterval::parse(&document.body)?;
            stored.name().map(str::to_owned)
        };
        Self {
            intervals: intervals.iter().filter_map(name).collect(),
            chains: chains
                .iter()
                .map(|document| (document.id.clone(), document.body.as_str().into()))
                .collect(),
        }
    }

    /// Names that a store has.
    pub(crate) async fn read(store: &dyn Store) -> Result<Self, StoreError> {
        let intervals = store.documents(DocumentKind::TimeInterval).await?;
        let chains = store.documents(DocumentKind::Chain).await?;
        Ok(Self::of(&intervals, &chains))
    }

    /// Names that are in force at a gateway.
    pub(crate) fn at(gateway: &Gateway) -> Self {
        Self {
            intervals: gateway.interval_names(),
            chains: gateway.stored_chains(),
        }
    }
}
