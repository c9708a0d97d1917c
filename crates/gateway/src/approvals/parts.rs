//! What approvals are made of: their settings, links and directory, and the kind of their flows.

use std::fmt;
use std::sync::Arc;

use acteon_core::Clock;
use acteon_crypto::LinkKeys;
use acteon_flows::Kind;
use acteon_flows::approval::{ApprovalFlow, Directory, WriteNotices};
use acteon_flows::card::CardFlow;
use acteon_store::{Store, StoreError};

use super::asking::LastUnaskable;
use super::directory::PeopleInForce;
use super::keys;
use super::links::Links;
use super::notices::Writer;
use crate::cards::writer::CardWriter;
use crate::history::redaction::Redaction;
use crate::policies::CurrentPolicies;
use crate::registry::Providers;

/// Settings of approvals.
#[derive(Clone, Debug, Default)]
pub struct ApprovalOptions {
    /// Address under which people reach the server, such as `https://acteon.example.com`.
    pub external_url: String,
    /// Keys that sign links. Where there is none, one is made once and kept in the store.
    pub keys: LinkKeys,
    /// Whether callers have keys, so that it is known who asks.
    pub callers_are_known: bool,
    /// Names of the keys that callers have.
    pub key_names: KeyNames,
}

/// Names of the API keys in force, which may change at any time; none where no keys are asked for.
#[derive(Clone, Default)]
pub struct KeyNames(Option<Arc<HasKey>>);

/// Whether a key has a name.
type HasKey = dyn Fn(&str) -> bool + Send + Sync;

impl KeyNames {
    /// Names that this says to be in force.
    pub fn new(has: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(has)))
    }

    /// Whether a key has this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.as_ref().is_some_and(|has| has(name))
    }
}

impl fmt::Debug for KeyNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyNames")
    }
}

/// What the gateway needs for approvals.
pub(crate) struct Approvals {
    pub(crate) links: Arc<Links>,
    pub(crate) directory: Arc<dyn Directory>,
    pub(crate) unaskable: LastUnaskable,
}

impl Approvals {
    /// Gets the keys of links from the settings, or from the store.
    pub(crate) async fn start(
        store: &dyn Store,
        clock: &dyn Clock,
        options: &ApprovalOptions,
        policies: &Arc<CurrentPolicies>,
    ) -> Result<Self, StoreError> {
        let ApprovalOptions {
            external_url, keys, ..
        } = options;
        let keys = keys::keys(store, clock, keys).await?;
        Ok(Self {
            links: Arc::new(Links::new(external_url, keys)),
            directory: Arc::new(PeopleInForce(Arc::clone(policies))),
            unaskable: LastUnaskable::default(),
        })
    }

    /// Kinds of the flows of approvals and of their cards.
    pub(crate) fn kinds(
        &self,
        providers: &Arc<Providers>,
        redaction: &Redaction,
    ) -> [Arc<dyn Kind>; 2] {
        let writer = Writer {
            providers: Arc::clone(providers),
            links: Arc::clone(&self.links),
            redaction: redaction.clone(),
        };
        let writer: Arc<dyn WriteNotices> = Arc::new(writer);
        let faces = CardWriter {
            providers: Arc::clone(providers),
            redaction: redaction.clone(),
            notices: Arc::clone(&writer),
        };
        let directory = || Arc::clone(&self.directory);
        [
            Arc::new(ApprovalFlow::new(directory(), writer)),
            Arc::new(CardFlow::new(directory(), Arc::new(faces))),
        ]
    }
}
