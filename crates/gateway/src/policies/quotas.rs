//! Quotas: how many actions may leave in a window.

use std::sync::Arc;

use acteon_core::{Action, ProviderName, Timestamp};
use acteon_store::{Document, QuotaCheck};
use rpds::RedBlackTreeMapSync;

use super::by_tenant::{ByTenant, change_of};
use crate::policies::document::parsed;
use crate::policies::quota::Quota;

#[derive(Clone, Default)]
pub(crate) struct Quotas {
    pub(super) all: RedBlackTreeMapSync<Arc<str>, Arc<QuotaEntry>>,
    /// Quotas of each namespace and tenant, which are few.
    pub(super) by_scope: ByTenant<Arc<[Arc<QuotaEntry>]>>,
    pub(super) bytes: usize,
}

pub(super) struct QuotaEntry {
    pub(super) quota: Quota,
    pub(super) bytes: usize,
}

impl Quotas {
    pub(super) fn put(&mut self, document: &Document) {
        self.remove(&document.id);
        let Some(quota) = parsed::<Quota>(document) else {
            return;
        };
        let entry = Arc::new(QuotaEntry {
            quota,
            bytes: document.body.len(),
        });
        self.bytes += entry.bytes;
        self.all
            .insert_mut(document.id.as_str().into(), Arc::clone(&entry));
        let others = self
            .of(&entry.quota.namespace, &entry.quota.tenant)
            .iter()
            .cloned();
        let all = others.chain([Arc::clone(&entry)]).collect();
        self.set(&entry.quota, all);
    }

    pub(super) fn remove(&mut self, id: &str) {
        let Some(entry) = self.all.get(id).cloned() else {
            return;
        };
        self.bytes -= entry.bytes;
        self.all.remove_mut(id);
        let others = self.of(&entry.quota.namespace, &entry.quota.tenant).iter();
        let others = others
            .filter(|other| !Arc::ptr_eq(other, &entry))
            .cloned()
            .collect();
        self.set(&entry.quota, others);
    }

    /// Number of the documents, and their bytes.
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.all.size(), self.bytes)
    }

    pub(super) fn of(&self, namespace: &str, tenant: &str) -> &[Arc<QuotaEntry>] {
        if self.by_scope.is_empty() {
            return &[];
        }
        self.by_scope
            .get(namespace)
            .and_then(|tenants| tenants.get(tenant))
            .map_or(&[], |quotas| &**quotas)
    }

    fn set(&mut self, of: &Quota, quotas: Arc<[Arc<QuotaEntry>]>) {
        change_of(
            &mut self.by_scope,
            (&of.namespace, &of.tenant),
            |found| *found = quotas,
            |found| found.is_empty(),
        );
    }

    /// Checks of the quotas that an action through `provider` is charged to.
    pub(crate) fn checks(
        &self,
        action: &Action,
        provider: &ProviderName,
        caller: &str,
        now: Timestamp,
    ) -> Vec<QuotaCheck> {
        let applies = |quota: &&Quota| {
            quota.enabled
                && quota
                    .provider
                    .as_ref()
                    .is_none_or(|name| name == provider.as_str())
                && quota
                    .principal
                    .as_ref()
                    .is_none_or(|principal| **principal == *caller)
        };
        let quotas = self
            .of(action.namespace.as_str(), action.tenant.as_str())
            .iter()
            .map(|entry| &entry.quota);
        quotas
            .filter(applies)
            .map(|quota| quota.check_of(&action.tenant, caller, now))
            .collect()
    }

    /// Whether a quota counts what goes through one provider only.
    pub(crate) fn is_of_a_provider(&self, id: &str) -> bool {
        self.all
            .get(id)
            .is_some_and(|entry| entry.quota.provider.is_some())
    }
}
