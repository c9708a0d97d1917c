//! Management of quotas: looking at them, making, changing and deleting them.

use acteon_core::Scope;
use acteon_store::{DocumentKind, Put};

use crate::policies::error::PolicyError;
use crate::policies::quota::{Quota, QuotaChange, QuotaUsage};
use crate::shared::Gateway;

/// Most quotas of one namespace and tenant, as the wire format has it.
const MAX_QUOTAS: usize = 32;

impl Gateway {
    /// Quotas that a scope covers.
    pub fn quotas(&self, scope: &Scope) -> Vec<Quota> {
        let policies = self.inner.policies.load();
        let all = policies.quotas.all.values().map(|entry| &entry.quota);
        all.filter(|quota| scope.covers_scope(&quota.namespace, &quota.tenant))
            .cloned()
            .collect()
    }

    /// Quota of this id, if the scope covers it.
    pub fn quota(&self, scope: &Scope, id: &str) -> Result<Quota, PolicyError> {
        let policies = self.inner.policies.load();
        let found = policies.quotas.all.get(id).map(|entry| &entry.quota);
        let covered = found.filter(|quota| scope.covers_scope(&quota.namespace, &quota.tenant));
        covered.cloned().ok_or(PolicyError::NotFound("quota"))
    }

    /// Usage of a quota; for one that counts callers apart, that of `principal`.
    pub async fn quota_usage(
        &self,
        quota: &Quota,
        principal: &str,
    ) -> Result<QuotaUsage, PolicyError> {
        let now = self.inner.clock.now();
        let used = self
            .inner
            .store
            .used(&quota.counter(principal, now))
            .await?;
        Ok(QuotaUsage {
            used,
            resets_at: quota.window.end(now),
        })
    }

    /// Makes a quota; its id is made here.
    pub async fn create_quota(&self, mut new: Quota) -> Result<Quota, PolicyError> {
        new.check(|name| self.has_provider(name))?;
        {
            let quotas = &self.inner.policies.load().quotas;
            if quotas.of(&new.namespace, &new.tenant).len() >= MAX_QUOTAS {
                return Err(PolicyError::Conflict(format!(
                    "this namespace and tenant have {MAX_QUOTAS} quotas, which is the limit"
                )));
            }
        }
        new.id = self
            .inner
            .entropy
            .action_id(self.inner.clock.now())
            .to_string();
        match self.put(DocumentKind::Quota, (&new.id, &new.name()), &new, None).await? {
            Put::Written(_) => Ok(new),
            Put::Changed | Put::NameTaken => {
                Err(PolicyError::Conflict("there is a quota for this namespace, tenant, provider and principal; change that one".into()))
            }
        }
    }

    /// Changes a quota. Another window begins a new count.
    pub async fn update_quota(
        &self,
        scope: &Scope,
        id: &str,
        change: QuotaChange,
    ) -> Result<Quota, PolicyError> {
        self.may_change_quota(scope, &self.quota(scope, id)?)?;
        let now = self.inner.clock.now();
        let apply = |quota: &mut Quota| {
            let QuotaChange {
                max_actions,
                window,
                overage_behavior,
                enabled,
                description,
                labels,
            } = change.clone();
            quota.max_actions = max_actions.unwrap_or(quota.max_actions);
            quota.window = window.unwrap_or(quota.window);
            quota.enabled = enabled.unwrap_or(quota.enabled);
            quota.description = description.or(quota.description.take());
            quota.overage_behavior =
                overage_behavior.unwrap_or_else(|| quota.overage_behavior.clone());
            quota.labels = labels.unwrap_or_else(|| std::mem::take(&mut quota.labels));
            quota.updated_at = now;
            quota
                .check(|name| self.has_provider(name))
                .map_err(|error| change.told(error))?;
            self.may_change_quota(scope, quota)
        };
        self.change(DocumentKind::Quota, id, apply).await
    }

    /// Deletes the quota of this id, if the scope covers it.
    pub async fn delete_quota(&self, scope: &Scope, id: &str) -> Result<(), PolicyError> {
        self.may_change_quota(scope, &self.quota(scope, id)?)?;
        self.delete(DocumentKind::Quota, id).await
    }

    fn has_provider(&self, name: &str) -> bool {
        self.inner
            .providers
            .entries()
            .any(|entry| entry.name.as_str() == name)
    }
}
