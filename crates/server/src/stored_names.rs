//! Names in the store that rules may use.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use acteon_flows::approval::unaskable;
use acteon_gateway::{Gateway, KnownPeople, StoredInterval};
use acteon_people::Directory;
use acteon_rules::{CheckApproval, Context};
use acteon_store::{Document, DocumentKind, Store, StoreError};

/// Names in the store that rules may use, and people whom they may ask.
#[derive(Clone, Debug, Default)]
pub struct StoredNames {
    /// Time intervals.
    pub intervals: Vec<String>,
    /// Definitions of chains, as JSON by their names.
    pub chains: BTreeMap<String, Arc<str>>,
    /// People and groups, with those of a file; `None` where they are not known.
    pub people: Option<Directory>,
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
            people: None,
        }
    }

    /// Names that a store has, for a start. Its people are left out: whoever is gone from them, or is one with another since, keeps no gateway from
    /// starting. What could ask nobody is warned of instead.
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
            people: Some(gateway.directory()),
        }
    }
}

/// Context of rules with what the store has; of what is not known rules may say anything.
pub(crate) fn in_context(stored: Option<StoredNames>, context: &Context) -> Context {
    let context = context.clone();
    let Some(stored) = stored else {
        return Context {
            intervals: None,
            chains: None,
            check_approval: None,
            ..context
        };
    };
    let check = |people| {
        let known = KnownPeople(people);
        CheckApproval::new(move |policy| unaskable(policy, &known))
    };
    Context {
        intervals: Some(BTreeSet::from_iter(stored.intervals)),
        chains: Some(stored.chains),
        check_approval: stored.people.map(check),
        ..context
    }
}
