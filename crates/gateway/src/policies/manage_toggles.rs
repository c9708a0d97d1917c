//! Management of switches: turning rules on and off.

use acteon_store::{DocumentKind, Put, StoreError};

use crate::policies::change::TRIES;
use crate::policies::error::PolicyError;
use crate::policies::toggles::Toggle;
use crate::shared::Gateway;

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
