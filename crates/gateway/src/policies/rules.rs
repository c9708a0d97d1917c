//! Rules in force, how changes of policies were read, and work beside what serves others.

use std::sync::Arc;

use acteon_rules::{Rule, RuleSet};

use crate::operate::reloads::Reloads;
use crate::policies::Policies;
use crate::shared::Gateway;

/// Time interval that a rule names, and that neither the rules' files nor the store has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the rule {rule:?} uses the time interval {interval:?}, which was deleted meanwhile")]
pub struct MissingInterval {
    /// Name of the rule.
    pub rule: String,
    /// Name of the time interval.
    pub interval: String,
}

impl Gateway {
    /// Rules in force, with what was switched on and off.
    pub fn rules(&self) -> RuleSet {
        self.inner.policies.load().rules.clone()
    }

    /// Puts other rules in force, between two decisions.
    ///
    /// # Errors
    /// [`MissingInterval`] where a rule names a time interval that is not there, such as one that
    /// was deleted while the rules were compiled. The rules before stay in force.
    pub async fn set_rules(&self, rules: RuleSet) -> Result<(), MissingInterval> {
        let _using = self.inner.policies.using_intervals.lock().await;
        if let Some(missing) = missing_interval(&rules, &self.inner.policies.load()) {
            return Err(missing);
        }
        self.inner.policies.set_rules(rules).await;
        Ok(())
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

/// The first time interval that a rule names and nobody has.
fn missing_interval(rules: &RuleSet, policies: &Policies) -> Option<MissingInterval> {
    let is_there = |name: &str| {
        rules.interval(name).is_some() || policies.intervals.names().any(|known| known == name)
    };
    rules.rules().find_map(|(rule, _)| {
        let interval = named_intervals(rule).find(|name| !is_there(name))?;
        Some(MissingInterval {
            rule: rule.name().to_string(),
            interval: interval.to_string(),
        })
    })
}

/// Names of the time intervals that mute a rule or let it be active.
pub(super) fn named_intervals(rule: &Rule) -> impl Iterator<Item = &Arc<str>> {
    rule.mute_intervals().iter().chain(rule.active_intervals())
}
