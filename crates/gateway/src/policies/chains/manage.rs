//! Management of definitions of chains: looking at them, writing and deleting them.

use std::collections::BTreeMap;
use std::sync::Arc;

use acteon_core::Scope;
use acteon_flows::chain::{Definition, Problem};
use acteon_store::{DocumentKind, Put, StoreError};

use super::kept::Chains;
use super::references::problems;
use crate::offload;
use crate::policies::change::TRIES;
use crate::policies::error::PolicyError;
use crate::shared::Gateway;

/// Why a definition of a chain was not written or deleted.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// What is wrong with it.
    #[error("{}", sentence(.0))]
    Problems(Vec<Problem>),
    /// It cannot be written or deleted, whatever it says.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

fn sentence(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    lines.join("; ")
}

/// Most definitions that are told of as unfit: what took one away took away many.
const MAX_TOLD: usize = 10;

impl Gateway {
    /// Definitions of chains in the store, as JSON by their names, for rules that start them.
    pub fn stored_chains(&self) -> BTreeMap<String, Arc<str>> {
        let policies = self.inner.policies.load();
        let stored = policies.chains.all_stored();
        let json = |definition: &Definition| serde_json::to_string(definition).ok();
        stored
            .filter_map(|definition| Some((definition.name.clone(), json(definition)?.into())))
            .collect()
    }

    /// Warnings about definitions in the store that cannot be started, the first few of them.
    pub fn unfit_chains(&self) -> Vec<String> {
        let policies = self.inner.policies.load();
        let unfit = policies.chains.unfit_stored().take(MAX_TOLD);
        let told = |(name, why)| {
            format!(
                "the chain {name:?}, which is in the store, cannot be started: {why}; define what it starts, or change it"
            )
        };
        unfit.map(told).collect()
    }

    /// Definitions of chains, in the order of their names.
    pub fn chain_definitions(&self) -> Vec<Arc<Definition>> {
        let policies = self.inner.policies.load();
        let all = policies.chains.all();
        all.cloned().collect()
    }

    /// Definition of the chain of this name.
    pub fn chain_definition(&self, name: &str) -> Result<Arc<Definition>, PolicyError> {
        let policies = self.inner.policies.load();
        let found = policies.chains.get(name);
        found
            .cloned()
            .ok_or(PolicyError::NotFound("chain definition"))
    }

    /// Writes a definition, in place of the one of its name if there is one. Executions keep the one that they began with.
    ///
    /// Whoever writes one decides what is sent for every tenant whose actions start it.
    pub async fn put_chain(
        &self,
        scope: &Scope,
        json: String,
    ) -> Result<Arc<Definition>, ChainError> {
        may_change(scope)?;
        let read = offload::by_size(json.len(), || Definition::read(&json));
        let definition = Arc::new(read.map_err(ChainError::Problems)?);
        drop(json);
        for _ in 0..TRIES {
            // Until it is written, so that no rule and no other chain comes to rely on what it replaces.
            let _using = self.inner.policies.using_chains.lock().await;
            let before = {
                let policies = self.inner.policies.load();
                let directory = &*self.inner.approvals.directory;
                let providers = &self.inner.providers;
                let check = || problems(&definition, &policies.chains, providers, directory);
                // Each of many definitions may be read again.
                let found = offload::by_size(policies.chains.sizes().1, check);
                if !found.is_empty() {
                    return Err(ChainError::Problems(found));
                }
                not_of_a_file(&policies.chains, &definition.name)?;
                policies.chains.stored(&definition.name)
            };
            let name = definition.name.as_str();
            let put = self
                .put(DocumentKind::Chain, (name, name), &*definition, before)
                .await?;
            if let Put::Written(_) = put {
                return Ok(definition);
            }
            // Another gateway wrote it: what is in memory is behind.
            self.take_over_changes().await;
        }
        Err(PolicyError::Store(StoreError::Busy).into())
    }

    /// Deletes a definition that no rule and no other chain starts.
    pub async fn delete_chain(&self, scope: &Scope, name: &str) -> Result<(), PolicyError> {
        may_change(scope)?;
        let _using = self.inner.policies.using_chains.lock().await;
        {
            let policies = self.inner.policies.load();
            if policies.chains.get(name).is_none() {
                return Err(PolicyError::NotFound("chain definition"));
            }
            not_of_a_file(&policies.chains, name)?;
            let starts = |chain: &str| chain == name;
            let mut rules = policies.loaded.rules();
            let rule = rules.find(|(rule, _)| rule.verdict().chain().is_some_and(|c| starts(c)));
            if let Some((rule, _)) = rule {
                return Err(PolicyError::Conflict(format!(
                    "the rule {:?} ({}) starts this chain; change the rule first",
                    rule.name(),
                    rule.source()
                )));
            }
            let above = policies.chains.all().find(|other| {
                let chains = other.references().chains;
                other.name != name && chains.iter().any(|(chain, _)| starts(chain))
            });
            if let Some(above) = above {
                return Err(PolicyError::Conflict(format!(
                    "the chain {:?} starts this one; change that one first",
                    above.name
                )));
            }
        }
        self.delete(DocumentKind::Chain, name).await
    }
}

/// Refuses a change of what a file says: the file would say otherwise.
fn not_of_a_file(chains: &Chains, name: &str) -> Result<(), PolicyError> {
    match chains.source(name) {
        None => Ok(()),
        Some(source) => Err(PolicyError::Conflict(format!(
            "the chain {name:?} is defined in {source}; change it there"
        ))),
    }
}

/// Refuses a change to a scope that does not cover everything: rules start chains for all tenants, through whatever their steps name.
fn may_change(scope: &Scope) -> Result<(), PolicyError> {
    if scope.is_everything() {
        return Ok(());
    }
    Err(PolicyError::Forbidden(
        "no grant covers everything, which rules may start chains for".to_owned(),
    ))
}
