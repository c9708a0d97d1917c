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

/// Takes a switch over; says whether that changes anything.
pub(super) fn put(toggles: &mut BTreeMap<String, bool>, document: &Document) -> bool {
    parsed(document)
        .is_some_and(|Toggle { name, enabled }| toggles.insert(name, enabled) != Some(enabled))
}

impl Gateway {
    /// Switches a rule on or off.
    pub async fn set_rule_enabled(&self, name: &str, enabled: bool) -> Result<(), PolicyError> {
        if self.inner.policies.load().rules.rule(name).is_none() {
            return Err(PolicyError::NotFound("rule"));
        }
        for _ in 0..TRIES {
            let document = self
                .inner
                .store
                .document(DocumentKind::RuleToggle, name)
                .await?;
            let before = document.map(|document| (document.version, document.body.len()));
            let toggle = Toggle {
                name: name.to_owned(),
                enabled,
            };
            if let Put::Written(_) = self
                .put(DocumentKind::RuleToggle, (name, name), &toggle, before)
                .await?
            {
                return Ok(());
            }
        }
        Err(PolicyError::Store(StoreError::Busy))
    }
}
