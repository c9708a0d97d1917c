//! Shares: how many actions may wait to be delivered, in all, at one provider, and of one tenant with those below it. What is to go later has a
//! count of its own: it waits on purpose, and takes no room from what could go now.
//!
//! Nobody who waits long may take the room of the others. The store knows what waits; a gateway
//! counts along with what it admits and ends, and looks again now and then, because other gateways
//! do so too.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use acteon_core::limits::{DEFAULT_MAX_OPEN, MAX_LATER};
use acteon_core::{ProviderName, Tenant};
use acteon_store::OpenShare;

/// Limits on the actions that wait to be delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenLimits {
    /// Most of all actions together.
    pub total: usize,
    /// Most at one provider.
    pub per_provider: usize,
    /// Most of one tenant and those below it.
    pub per_tenant: usize,
}

impl OpenLimits {
    /// Limits of a total of which one provider may hold half, and one tenant half.
    pub const fn of(total: usize) -> Self {
        Self {
            total,
            per_provider: total.div_ceil(2),
            per_tenant: total.div_ceil(2),
        }
    }
}

impl Default for OpenLimits {
    fn default() -> Self {
        Self::of(DEFAULT_MAX_OPEN)
    }
}

/// Refusal for want of room, which says whose share is used up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueueFull {
    /// The total is used up.
    #[error("{0} actions are waiting to be delivered, which is the limit; try again later")]
    Total(usize),
    /// The share of a provider is used up.
    #[error(
        "{limit} actions are waiting for the provider {provider}, which is the share of one; try again later"
    )]
    Provider {
        /// Provider that holds it.
        provider: ProviderName,
        /// Most actions of one provider.
        limit: usize,
    },
    /// The share of a tenant is used up.
    #[error(
        "{limit} actions of the tenant {tenant} are waiting to be delivered, which is the share of one; try again later"
    )]
    Tenant {
        /// Tenant that holds it, without those below it.
        tenant: Arc<str>,
        /// Most actions of one tenant.
        limit: usize,
    },
    /// All that there is for what goes later.
    #[error(
        "{0} actions are scheduled for later, which is the limit; cancel some, or try again later"
    )]
    Later(usize),
    /// One tenant's share of what goes later.
    #[error(
        "{limit} actions of the tenant {tenant} are scheduled for later, which is the share of one; cancel some, or try again later"
    )]
    TenantLater {
        /// The tenant, without those below it.
        tenant: Arc<str>,
        /// Its share.
        limit: usize,
    },
    /// One tenant's share of the executions that run.
    #[error(
        "{limit} executions of chains of the tenant {tenant} are running, which is the most that one may have (server.max_executions_per_tenant); cancel some, or try again later"
    )]
    TenantExecutions {
        /// The tenant, without those below it.
        tenant: Arc<str>,
        /// Its share.
        limit: usize,
    },
    /// One tenant's share of the approvals that wait.
    #[error(
        "{limit} approvals of the tenant {tenant} are waiting for a decision, which is the most that one may have (server.max_approvals_per_tenant); decide or cancel some, or try again later"
    )]
    TenantApprovals {
        /// The tenant, without those below it.
        tenant: Arc<str>,
        /// Its share.
        limit: usize,
    },
}

pub(crate) struct Shares {
    limits: OpenLimits,
    counts: Mutex<ShareCounts>,
}

#[derive(Default)]
struct ShareCounts {
    /// What waits and could go now, as far as it is known.
    open: Tally,
    /// What waits for an instant, as far as it is known.
    later: Tally,
    /// Whether it is known whose that is.
    is_known: bool,
    /// Actions on their way into the store.
    entering: Tally,
    /// What is on its way into the store, to go later.
    entering_later: Tally,
}

/// When an action that enters may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goes {
    Now,
    Later,
}

impl ShareCounts {
    fn entering(&mut self, goes: Goes) -> &mut Tally {
        match goes {
            Goes::Now => &mut self.entering,
            Goes::Later => &mut self.entering_later,
        }
    }

    fn waiting(&mut self, goes: Goes) -> &mut Tally {
        match goes {
            Goes::Now => &mut self.open,
            Goes::Later => &mut self.later,
        }
    }
}

#[derive(Default)]
struct Tally {
    total: usize,
    providers: BTreeMap<ProviderName, usize>,
    tenants: BTreeMap<Arc<str>, usize>,
}

impl Tally {
    fn add(&mut self, provider: &ProviderName, tenant: &Arc<str>, count: usize) {
        self.total += count;
        match self.providers.get_mut(provider) {
            Some(known) => *known += count,
            None => drop(self.providers.insert(provider.clone(), count)),
        }
        match self.tenants.get_mut(tenant) {
            Some(known) => *known += count,
            None => drop(self.tenants.insert(Arc::clone(tenant), count)),
        }
    }

    fn take(&mut self, provider: &ProviderName, tenant: &str) {
        self.total = self.total.saturating_sub(1);
        if let Some(count) = self.providers.get_mut(provider) {
            *count = count.saturating_sub(1);
        }
        // Tenants come and go; providers do not.
        if let Some(count) = self.tenants.get_mut(tenant) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.tenants.remove(tenant);
            }
        }
    }

    fn of_provider(&self, provider: &ProviderName) -> usize {
        self.providers.get(provider).copied().unwrap_or(0)
    }

    fn of_tenant(&self, tenant: &str) -> usize {
        self.tenants.get(tenant).copied().unwrap_or(0)
    }
}

/// Tenant that a share belongs to: whoever may act for `acme.eu` may act for any other below
/// `acme`.
pub(crate) fn above(tenant: &str) -> &str {
    tenant.split('.').next().unwrap_or_default()
}

impl Shares {
    pub(crate) fn new(limits: OpenLimits) -> Self {
        Self {
            limits,
            counts: Mutex::default(),
        }
    }

    /// Sets the counts to what waits in the store.
    pub(crate) fn set(&self, shares: &[OpenShare]) {
        let (mut open, mut later) = (Tally::default(), Tally::default());
        for share in shares {
            let tenant = above(share.tenant.as_str()).into();
            open.add(&share.provider, &tenant, share.count);
            later.add(&share.provider, &tenant, share.later);
        }
        let mut counts = self.lock();
        (counts.open, counts.later) = (open, later);
        // What is entering stays: the store did not count it, or it is counted twice until the next
        // look, which refuses a few too many and never accepts too many.
        counts.is_known = true;
    }

    /// Sets the total to what waits in the store, where it is not known whose it is.
    pub(crate) fn set_total(&self, total: usize) {
        let mut counts = self.lock();
        counts.open = Tally {
            total,
            ..Tally::default()
        };
        // Without their owners no share can be held, so for now only the total is.
        counts.is_known = false;
    }

    /// Takes one of the shares for an action, unless one is used up.
    pub(crate) fn enter(
        self: &Arc<Self>,
        provider: &ProviderName,
        tenant: &Tenant,
    ) -> Result<Entering, QueueFull> {
        let OpenLimits {
            total,
            per_provider,
            per_tenant,
        } = self.limits;
        let tenant: Arc<str> = above(tenant.as_str()).into();
        let counts = self.lock();
        // The narrowest share that is used up is named: told of the total, a caller would wait for
        // others who are not why.
        if counts.open.of_provider(provider) + counts.entering.of_provider(provider) >= per_provider
        {
            return Err(QueueFull::Provider {
                provider: provider.clone(),
                limit: per_provider,
            });
        }
        if counts.open.of_tenant(&tenant) + counts.entering.of_tenant(&tenant) >= per_tenant {
            return Err(QueueFull::Tenant {
                tenant,
                limit: per_tenant,
            });
        }
        if counts.open.total + counts.entering.total >= total {
            return Err(QueueFull::Total(total));
        }
        Ok(self.entering(counts, Goes::Now, provider, tenant))
    }

    /// A place among what goes later, unless a share of that is used up.
    pub(crate) fn enter_later(
        self: &Arc<Self>,
        provider: &ProviderName,
        tenant: &Tenant,
    ) -> Result<Entering, QueueFull> {
        let tenant: Arc<str> = above(tenant.as_str()).into();
        let counts = self.lock();
        let of_tenant = counts.later.of_tenant(&tenant) + counts.entering_later.of_tenant(&tenant);
        if of_tenant >= MAX_LATER / 2 {
            let limit = MAX_LATER / 2;
            return Err(QueueFull::TenantLater { tenant, limit });
        }
        if counts.later.total + counts.entering_later.total >= MAX_LATER {
            return Err(QueueFull::Later(MAX_LATER));
        }
        Ok(self.entering(counts, Goes::Later, provider, tenant))
    }

    fn entering(
        self: &Arc<Self>,
        mut counts: MutexGuard<'_, ShareCounts>,
        goes: Goes,
        provider: &ProviderName,
        tenant: Arc<str>,
    ) -> Entering {
        counts.entering(goes).add(provider, &tenant, 1);
        Entering {
            shares: Arc::clone(self),
            goes,
            provider: provider.clone(),
            tenant,
            is_over: false,
        }
    }

    /// Counts that the time of an action has come which was to go later.
    pub(crate) fn came_due(&self, provider: &ProviderName, tenant: &Tenant) {
        let mut counts = self.lock();
        counts.later.take(provider, above(tenant.as_str()));
        counts.open.add(provider, &above(tenant.as_str()).into(), 1);
    }

    /// Counts that an action which could go now waits for an instant.
    pub(crate) fn postponed(&self, provider: &ProviderName, tenant: &Tenant) {
        let mut counts = self.lock();
        counts.open.take(provider, above(tenant.as_str()));
        counts
            .later
            .add(provider, &above(tenant.as_str()).into(), 1);
    }

    /// Counts that an action was called off which was to go later.
    pub(crate) fn cancelled(&self, provider: &ProviderName, tenant: &Tenant) {
        self.lock().later.take(provider, above(tenant.as_str()));
    }

    /// Counts that an action goes through another provider.
    pub(crate) fn moved(&self, from: &ProviderName, to: &ProviderName, tenant: &Tenant) {
        let mut counts = self.lock();
        counts.open.take(from, above(tenant.as_str()));
        counts.open.add(to, &above(tenant.as_str()).into(), 1);
    }

    /// Counts that an action ended.
    pub(crate) fn ended(&self, provider: &ProviderName, tenant: &Tenant) {
        self.lock().open.take(provider, above(tenant.as_str()));
    }

    /// Whether it is known whose the waiting actions are.
    pub(crate) fn is_known(&self) -> bool {
        self.lock().is_known
    }

    fn lock(&self) -> MutexGuard<'_, ShareCounts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Share of an action that is not stored yet. Dropped, it is given back.
pub(crate) struct Entering {
    shares: Arc<Shares>,
    goes: Goes,
    provider: ProviderName,
    tenant: Arc<str>,
    is_over: bool,
}

impl Entering {
    /// Counts that the action was stored, to go through `provider`.
    pub(crate) fn opened(mut self, provider: &ProviderName) {
        let mut counts = self.shares.lock();
        counts
            .entering(self.goes)
            .take(&self.provider, &self.tenant);
        counts.waiting(self.goes).add(provider, &self.tenant, 1);
        drop(counts);
        self.is_over = true;
    }
}

impl Drop for Entering {
    fn drop(&mut self) {
        if !self.is_over {
            self.shares
                .lock()
                .entering(self.goes)
                .take(&self.provider, &self.tenant);
        }
    }
}

#[cfg(test)]
mod tests;
