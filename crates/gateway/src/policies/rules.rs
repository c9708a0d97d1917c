//! Rules in force, how changes of policies were read, and work beside what serves others.

use std::sync::Arc;

use acteon_rules::RuleSet;

use crate::operate::reloads::Reloads;
use crate::shared::Gateway;

impl Gateway {
    /// Rules in force, with what was switched on and off.
    pub fn rules(&self) -> RuleSet {
        self.inner.policies.load().rules.clone()
    }

    /// Puts other rules in force, between two decisions.
    pub async fn set_rules(&self, rules: RuleSet) {
        self.inner.policies.set_rules(rules).await;
    }

    /// Reloads of the policies, counted. Where they cannot be read at present, the earlier ones
    /// hold.
    pub fn policy_reloads(&self) -> &Reloads {
        &self.inner.policies.reloads
    }

    /// Does work that takes long on a thread of its own, so that it stops nobody; a few at a time. `None` when it broke off.
    pub async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let turn = Arc::clone(&self.inner.policies.aside)
            .acquire_owned()
            .await
            .ok()?;
        let work = move || {
            // Held until it is done, also when nobody waits for it any more.
            let _turn = turn;
            work()
        };
        tokio::task::spawn_blocking(work).await.ok()
    }
}
