//! Shares of the open actions: how many may wait to be delivered, in all, at one provider, and of
//! one tenant with those below it.
//!
//! Nobody who waits long may take the room of the others. The store knows what waits; a gateway
//! counts along with what it admits and ends, and looks again now and then, because other gateways
//! do so too.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use acteon_core::limits::DEFAULT_MAX_OPEN;
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
}

pub(crate) struct Shares {
    limits: OpenLimits,
    counts: Mutex<ShareCounts>,
}

#[derive(Default)]
struct ShareCounts {
    /// Actions that wait, as far as it is known.
    open: Tally,
    /// Whether it is known to whom the waiting actions belong.
    is_known: bool,
    /// Actions on their way into the store.
    entering: Tally,
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
fn above(tenant: &Tenant) -> &str {
    tenant.as_str().split('.').next().unwrap_or_default()
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
        let mut open = Tally::default();
        for share in shares {
            open.add(&share.provider, &above(&share.tenant).into(), share.count);
        }
        let mut counts = self.lock();
        counts.open = open;
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
        let tenant: Arc<str> = above(tenant).into();
        let mut counts = self.lock();
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
        counts.entering.add(provider, &tenant, 1);
        Ok(Entering {
            shares: Arc::clone(self),
            provider: provider.clone(),
            tenant,
            is_over: false,
        })
    }

    /// Counts that an action goes through another provider.
    pub(crate) fn moved(&self, from: &ProviderName, to: &ProviderName, tenant: &Tenant) {
        let mut counts = self.lock();
        counts.open.take(from, above(tenant));
        counts.open.add(to, &above(tenant).into(), 1);
    }

    /// Counts that an action ended.
    pub(crate) fn ended(&self, provider: &ProviderName, tenant: &Tenant) {
        self.lock().open.take(provider, above(tenant));
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
    provider: ProviderName,
    tenant: Arc<str>,
    is_over: bool,
}

impl Entering {
    /// Counts that the action was stored, to go through `provider`.
    pub(crate) fn opened(mut self, provider: &ProviderName) {
        let mut counts = self.shares.lock();
        counts.entering.take(&self.provider, &self.tenant);
        counts.open.add(provider, &self.tenant, 1);
        drop(counts);
        self.is_over = true;
    }
}

impl Drop for Entering {
    fn drop(&mut self) {
        if !self.is_over {
            self.shares
                .lock()
                .entering
                .take(&self.provider, &self.tenant);
        }
    }
}

#[cfg(test)]
mod tests {
    use acteon_core::Timestamp;

    use super::*;

    #[test]
    fn a_share_is_used_up_alone_and_given_back() {
        let provider = |name: &str| ProviderName::parse(name).expect("a name");
        let tenant = |name: &str| Tenant::parse(name).expect("a name");
        let shares = Arc::new(Shares::new(OpenLimits {
            total: 6,
            per_provider: 3,
            per_tenant: 4,
        }));
        for _ in 0..2 {
            shares
                .enter(&provider("p"), &tenant("a"))
                .expect("room")
                .opened(&provider("p"));
        }
        let entering = shares.enter(&provider("p"), &tenant("b")).expect("room");
        assert!(matches!(
            shares.enter(&provider("p"), &tenant("c")),
            Err(QueueFull::Provider { limit: 3, .. })
        ));
        drop(entering);
        shares
            .enter(&provider("p"), &tenant("b"))
            .expect("room")
            .opened(&provider("spare"));
        shares
            .enter(&provider("q"), &tenant("a.us"))
            .expect("room")
            .opened(&provider("q"));
        shares
            .enter(&provider("q"), &tenant("a.eu"))
            .expect("room")
            .opened(&provider("q"));
        let full = shares
            .enter(&provider("r"), &tenant("a.x"))
            .err()
            .expect("full");
        assert!(full.to_string().contains("the tenant a "), "{full}");
        shares
            .enter(&provider("r"), &tenant("b"))
            .expect("room")
            .opened(&provider("r"));
        assert_eq!(
            shares.enter(&provider("r"), &tenant("b")).err(),
            Some(QueueFull::Total(6))
        );
        shares.ended(&provider("p"), &tenant("a"));
        assert!(shares.enter(&provider("r"), &tenant("b")).is_ok());
        shares.set(&[OpenShare {
            provider: provider("r"),
            tenant: tenant("b"),
            count: 3,
            oldest: Some(Timestamp::from_millis(0)),
        }]);
        assert!(matches!(
            shares.enter(&provider("r"), &tenant("c")),
            Err(QueueFull::Provider { .. })
        ));
        assert!(shares.enter(&provider("p"), &tenant("a")).is_ok());
    }
}
