//! Rules switched on and off over the API. It outlives reloads and restarts.

use std::collections::BTreeMap;

use acteon_store::{Document, DocumentKind, Put, StoreError};
use serde::{Deserialize, Serialize};

use super::{PolicyError, TRIES, parsed};
use crate::gateway::Gateway;

#[derive(Serialize, Deserialize)]
struct Toggle {
    name: String,
    enabled: bool,
}

pub(super) fn read(documents: &[Document]) -> BTreeMap<String, bool> {
    parsed(documents).map(|Toggle { name, enabled }| (name, enabled)).collect()
}

impl Gateway {
    /// Switches a rule on or off.
    pub async fn set_rule_enabled(&self, name: &str, enabled: bool) -> Result<(), PolicyError> {
        if self.inner.policies.load().rules.rule(name).is_none() {
            return Err(PolicyError::NotFound("rule"));
        }
        for _ in 0..TRIES {
            let documents = self.inner.store.documents(DocumentKind::RuleToggle).await?;
            let version = documents.iter().find(|document| document.id == name).map_or(0, |document| document.version);
            let toggle = Toggle { name: name.to_owned(), enabled };
            if let Put::Written(_) = self.put(DocumentKind::RuleToggle, name, name, &toggle, version).await? {
                return Ok(());
            }
        }
        Err(PolicyError::Store(StoreError::Busy))
    }
}
