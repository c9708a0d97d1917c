//! Registry of the providers by their configured names.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Clock, Provider, ProviderName};
use tokio::sync::Notify;

use crate::deliver::breaker::{Breaker, Breakers};
use crate::deliver::budget::Budgets;
use crate::deliver::in_force::InForce;
use crate::deliver::outage::Outage;
use crate::deliver::to_repair::Repair;
use crate::history::stats::Stats;
use crate::lane::Lane;
use crate::lane::SenderId;
use crate::memory::Memory;
use crate::operate::last_check::LastCheck;

/// Providers of a gateway. The name is the registry's, so two providers of one type live side by
/// side.
#[derive(Default)]
pub struct Registry {
    providers: BTreeMap<ProviderName, Arc<dyn Provider>>,
}

/// Reason why a provider cannot be added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// The name is taken by another provider.
    #[error("there is already a provider named {0:?}")]
    Duplicate(ProviderName),
}

impl Registry {
    /// Adds a provider under a name that is not taken.
    pub fn add(
        &mut self,
        name: ProviderName,
        provider: Arc<dyn Provider>,
    ) -> Result<(), RegistryError> {
        if self.providers.contains_key(&name) {
            return Err(RegistryError::Duplicate(name));
        }
        self.providers.insert(name, provider);
        Ok(())
    }

    /// Names of the providers, in order.
    pub fn names(&self) -> impl Iterator<Item = &ProviderName> {
        self.providers.keys()
    }

    pub(crate) fn wire(
        self,
        clock: &Arc<dyn Clock>,
        room: &Arc<Notify>,
        breakers: &Breakers,
    ) -> Providers {
        let mut providers = Providers::default();
        let memory = Memory::new(Arc::clone(room));
        for (name, provider) in self.providers {
            let spec = provider.lane();
            let lane = providers
                .lanes
                .get(&spec.name)
                .map(|(lane, ..)| Arc::clone(lane));
            let (lane, sender) = if let Some(lane) = lane {
                let sender = lane.add_sender(spec.limits);
                (lane, sender)
            } else {
                let new = Lane::new(
                    Arc::clone(&spec.name),
                    spec.limits,
                    Arc::clone(clock),
                    memory.share(),
                    Arc::clone(room),
                );
                (Arc::new(new.0), new.1)
            };
            let budgets = match providers.lanes.get(&spec.name) {
                Some((_, Some(budgets), _)) => Some(Arc::clone(budgets)),
                _ => spec
                    .budget
                    .map(|budget| Arc::new(Budgets::new(budget, Arc::clone(clock)))),
            };
            let mut sharing = providers
                .lanes
                .remove(&spec.name)
                .map(|(.., providers)| providers)
                .unwrap_or_default();
            sharing.push(name.clone());
            providers.lanes.insert(
                Arc::clone(&spec.name),
                (Arc::clone(&lane), budgets.clone(), sharing),
            );
            let breaker = breakers.policy.map(|policy| Arc::new(Breaker::new(policy)));
            let fallback = breakers.fallbacks.get(&name).cloned();
            let entry = ProviderEntry {
                name: name.clone(),
                in_force: InForce::new(provider),
                lane,
                budgets,
                sender,
                breaker,
                fallback,
                stats: Stats::default(),
                last_check: LastCheck::default(),
                repair: Repair::default(),
                outage: Outage::default(),
            };
            providers.entries.insert(name, Arc::new(entry));
        }
        providers
    }
}

/// Lane with its budgets, and the providers that share it.
type SharedLane = (Arc<Lane>, Option<Arc<Budgets>>, Vec<ProviderName>);

/// Providers of a running gateway, and the lanes they share.
#[derive(Default)]
pub(crate) struct Providers {
    entries: BTreeMap<ProviderName, Arc<ProviderEntry>>,
    lanes: BTreeMap<Arc<str>, SharedLane>,
}

/// Provider, and what goes with it.
pub(crate) struct ProviderEntry {
    pub(crate) name: ProviderName,
    pub(crate) in_force: InForce,
    pub(crate) lane: Arc<Lane>,
    pub(crate) budgets: Option<Arc<Budgets>>,
    /// Number of the lane's sender that it is: it has slots of its own, and the lane's limit is for
    /// all that share it.
    pub(crate) sender: SenderId,
    pub(crate) breaker: Option<Arc<Breaker>>,
    /// Provider that takes new actions while the breaker is open.
    pub(crate) fallback: Option<ProviderName>,
    pub(crate) stats: Stats,
    pub(crate) last_check: LastCheck,
    pub(crate) repair: Repair,
    pub(crate) outage: Outage,
}

impl ProviderEntry {
    /// Provider that calls begin with now. One call is one provider's from its beginning to its
    /// end.
    pub(crate) fn provider(&self) -> Arc<dyn Provider> {
        self.in_force.get()
    }

    /// Whether what comes for it goes through its fallback, because people must repair it first.
    pub(crate) fn is_gone_around(&self, now: Duration) -> bool {
        self.fallback.is_some()
            && self
                .breaker
                .as_ref()
                .is_some_and(|breaker| breaker.is_open_for_repair(now))
    }
}

impl Providers {
    pub(crate) fn get(&self, name: &ProviderName) -> Option<&Arc<ProviderEntry>> {
        self.entries.get(name)
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &Arc<ProviderEntry>> {
        self.entries.values()
    }

    /// Budgets of the lanes, each once.
    pub(crate) fn budgets(&self) -> impl Iterator<Item = &Arc<Budgets>> {
        self.lanes
            .values()
            .filter_map(|(_, budgets, _)| budgets.as_ref())
    }

    /// Divides what the services limit among so many gateways.
    pub(crate) fn share(&self, gateways: usize) {
        for (lane, budgets, _) in self.lanes.values() {
            lane.set_share(gateways);
            if let Some(budgets) = budgets {
                budgets.set_share(gateways);
            }
        }
    }

    /// Lane, by its own name or that of a provider that sends through it.
    pub(crate) fn lane(&self, name: &str) -> Option<&Arc<Lane>> {
        let of_provider = || {
            self.entries()
                .find(|entry| entry.name.as_str() == name)
                .map(|entry| &entry.lane)
        };
        self.lanes
            .get(name)
            .map(|(lane, ..)| lane)
            .or_else(of_provider)
    }

    pub(crate) fn lanes(&self) -> impl Iterator<Item = &Arc<Lane>> {
        self.lanes.values().map(|(lane, ..)| lane)
    }

    /// Lanes, each with the providers that share it.
    pub(crate) fn lanes_with_providers(
        &self,
    ) -> impl Iterator<Item = (&Arc<Lane>, &[ProviderName])> {
        self.lanes
            .values()
            .map(|(lane, _, providers)| (lane, &providers[..]))
    }
}
