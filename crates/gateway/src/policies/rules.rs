//! Rules in force, how changes of policies were read, and work beside what serves others.

use std::sync::Arc;

use acteon_flows::chain::NotASet;
use acteon_rules::{Rule, RuleSet};

use crate::operate::reloads::Reloads;
use crate::policies::Policies;
use crate::policies::chains::{Chains, filed};
use crate::shared::Gateway;

/// Name that a rule uses, and that stands for nothing any more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MissingName {
    /// Time interval that neither the rules' files nor the store has.
    #[error("the rule {rule:?} uses the time interval {interval:?}, which was deleted meanwhile")]
    Interval {
        /// Name of the rule.
        rule: String,
        /// Name of the time interval.
        interval: String,
    },
    /// Chain of the files that cannot be started.
    #[error("the chain {chain:?} cannot be started any more: {why}")]
    Unfit {
        /// Name of the chain.
        chain: String,
        /// What is in the way.
        why: String,
    },
    /// Chain of the store that starts one which the files have no more.
    #[error(
        "the chain {chain:?}, which is in the store, could not be started any more: {why}{was}; leave it what it starts, or change that chain and load the rules again"
    )]
    CutOff {
        /// Name of the chain.
        chain: String,
        /// What is in the way.
        why: String,
        /// Where what is not there any more was defined, as the message goes on.
        was: String,
    },
    /// Chain that is not defined.
    #[error("the rule {rule:?} starts the chain {chain:?}, whose definition was deleted meanwhile")]
    Chain {
        /// Name of the rule.
        rule: String,
        /// Name of the chain.
        chain: String,
    },
}

impl Gateway {
    /// Rules in force, with what was switched on and off.
    pub fn rules(&self) -> RuleSet {
        self.inner.policies.load().rules.clone()
    }

    /// Puts other rules in force, between two decisions.
    ///
    /// # Errors
    /// [`MissingName`] where a rule names a time interval or a chain that is not there, such as one that
    /// was deleted while the rules were compiled. The rules before stay in force.
    pub async fn set_rules(&self, rules: RuleSet) -> Result<(), MissingName> {
        let _intervals = self.inner.policies.using_intervals.lock().await;
        let _chains = self.inner.policies.using_chains.lock().await;
        {
            let policies = self.inner.policies.load();
            let chains = policies.chains.with_files(filed(&rules));
            let missing = missing_interval(&rules, &policies);
            let missing = missing
                .or_else(|| missing_chain(&rules, &chains))
                .or_else(|| cut_off(&policies.chains, &chains));
            if let Some(missing) = missing {
                return Err(missing);
            }
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
fn missing_interval(rules: &RuleSet, policies: &Policies) -> Option<MissingName> {
    let is_there = |name: &str| {
        rules.interval(name).is_some() || policies.intervals.names().any(|known| known == name)
    };
    rules.rules().find_map(|(rule, _)| {
        let interval = named_intervals(rule).find(|name| !is_there(name))?;
        Some(MissingName::Interval {
            rule: rule.name().to_string(),
            interval: interval.to_string(),
        })
    })
}

/// The first chain that a rule starts and nobody has defined, or that a file defines and that cannot be started.
fn missing_chain(rules: &RuleSet, chains: &Chains) -> Option<MissingName> {
    let undefined = rules.rules().find_map(|(rule, _)| {
        let chain = rule.verdict().chain()?;
        if chains.get(chain).is_some() {
            return None;
        }
        Some(MissingName::Chain {
            rule: rule.name().to_string(),
            chain: chain.to_string(),
        })
    });
    undefined.or_else(|| {
        let (chain, why) = chains.unfit()?;
        Some(MissingName::Unfit {
            chain: chain.to_owned(),
            why: why.to_string(),
        })
    })
}

/// The first chain of the store that can be started now, and could not with what the files have next.
fn cut_off(before: &Chains, next: &Chains) -> Option<MissingName> {
    before.all_stored().find_map(|definition| {
        let chain = &*definition.name;
        let was_fit = before.set(chain).is_some_and(Result::is_ok);
        let error = next.set(chain)?.as_ref().err().filter(|_| was_fit)?;
        let was = match error {
            NotASet::Unknown { chain, .. } => before.source(chain),
            NotASet::Circle(_)
            | NotASet::TooDeep(_)
            | NotASet::TooMany { .. }
            | NotASet::TooLarge(_)
            | NotASet::Unwritable(_) => None,
        };
        Some(MissingName::CutOff {
            chain: chain.to_owned(),
            why: error.to_string(),
            was: was.map_or(String::new(), |source| {
                format!(" ({source} defined it until now)")
            }),
        })
    })
}

/// Names of the time intervals that mute a rule or let it be active.
pub(super) fn named_intervals(rule: &Rule) -> impl Iterator<Item = &Arc<str>> {
    rule.mute_intervals().iter().chain(rule.active_intervals())
}
