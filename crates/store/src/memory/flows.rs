//! Flows: durable state machines, and which process works on them.

use std::ops::Bound;
use std::sync::Arc;

use acteon_core::{ActionId, BoxFuture, Scope, Timestamp};

use super::store::{MemoryStore, ready};
use super::tables::Tables;
use crate::StoreError;
use crate::flows::{
    Advance, Advanced, Flow, FlowClaim, FlowCount, FlowFilter, FlowHasten, FlowHold, FlowKey,
    FlowPage, FlowPageRows,
};
use crate::history::Order;
use crate::model::{OwnerId, Record};
use crate::store::{Flows, History as _};

impl Flows for MemoryStore {
    fn advance(&self, advance: Advance) -> BoxFuture<'_, Result<Advanced, StoreError>> {
        ready(self.lock().advance(&advance))
    }

    fn claim_flows(&self, claim: FlowClaim) -> BoxFuture<'_, Result<Vec<Flow>, StoreError>> {
        ready(Ok(self.lock().claim_flows(&claim)))
    }

    fn next_flow_due(
        &self,
        kinds: &[Arc<str>],
    ) -> BoxFuture<'_, Result<Option<Timestamp>, StoreError>> {
        ready(Ok(self
            .lock()
            .unowned_flows(kinds)
            .filter_map(|flow| flow.state.due_at)
            .min()))
    }

    fn hasten_flows(
        &self,
        hasten: FlowHasten,
    ) -> BoxFuture<'_, Result<Option<Timestamp>, StoreError>> {
        ready(Ok(self.lock().hasten_flows(&hasten)))
    }

    fn owned_flows(
        &self,
        owner: OwnerId,
        after: Option<FlowKey>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<FlowHold>, StoreError>> {
        let tables = self.lock();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        ready(Ok(tables
            .flows
            .range((from, Bound::Unbounded))
            .map(|(_, flow)| flow)
            .filter(|flow| flow.owner == owner && owner != OwnerId::NOBODY)
            .take(limit)
            .map(hold)
            .collect()))
    }

    fn free_flows(&self, holds: Vec<FlowHold>) -> BoxFuture<'_, Result<usize, StoreError>> {
        ready(Ok(self
            .lock()
            .free_flows(|flow| holds.contains(&hold(flow)))))
    }

    fn action_for_step(
        &self,
        scope: &Scope,
        id: &ActionId,
    ) -> BoxFuture<'_, Result<Option<Record>, StoreError>> {
        let found = self.find(scope, id);
        Box::pin(async move { Ok(found.await?.pop()) })
    }

    fn flow_for_step(&self, key: &FlowKey) -> BoxFuture<'_, Result<Option<Flow>, StoreError>> {
        self.flow(key)
    }

    fn flow(&self, key: &FlowKey) -> BoxFuture<'_, Result<Option<Flow>, StoreError>> {
        ready(Ok(self.lock().flows.get(key).cloned()))
    }

    fn flows(&self, filter: FlowFilter) -> BoxFuture<'_, Result<FlowPage, StoreError>> {
        let tables = self.lock();
        let (mut listed, mut rows) = (tables.listed(&filter), FlowPageRows::new(&filter));
        while !rows.is_full()
            && let Some(flow) = listed.next()
        {
            rows.add(Some(Arc::clone(&flow.key.id)), Some(flow.clone()));
        }
        ready(Ok(rows.page()))
    }

    fn count_flows(&self, filter: FlowFilter) -> BoxFuture<'_, Result<usize, StoreError>> {
        ready(Ok(self.lock().listed(&filter).count()))
    }

    fn flow_counts(&self) -> BoxFuture<'_, Result<Vec<FlowCount>, StoreError>> {
        let tables = self.lock();
        let mut counts: Vec<FlowCount> = Vec::new();
        for flow in tables.flows.values() {
            let (kind, tenant, status) = (&flow.key.kind, flow.tenant.as_str(), &flow.state.status);
            let known = counts.iter_mut().find(|count| {
                count.kind == *kind && *count.tenant == *tenant && count.status == *status
            });
            match known {
                Some(count) => count.count += 1,
                None => counts.push(FlowCount {
                    kind: Arc::clone(kind),
                    tenant: tenant.into(),
                    status: Arc::clone(status),
                    count: 1,
                }),
            }
        }
        ready(Ok(counts))
    }
}

fn hold(flow: &Flow) -> FlowHold {
    FlowHold {
        key: flow.key.clone(),
        owner: flow.owner,
        version: flow.version,
    }
}

impl Tables {
    fn claim_flows(&mut self, claim: &FlowClaim) -> Vec<Flow> {
        if !self.processes.contains_key(&claim.owner.0) {
            return Vec::new();
        }
        let mut due: Vec<(Timestamp, FlowKey)> = self
            .unowned_flows(&claim.kinds)
            .filter_map(|flow| Some((flow.state.due_at?, flow.key.clone())))
            .filter(|(due_at, _)| *due_at <= claim.now)
            .collect();
        due.sort_unstable();
        due.truncate(claim.limit);
        let mut claimed = Vec::with_capacity(due.len());
        for (_, key) in due {
            if let Some(flow) = self.flows.get_mut(&key) {
                flow.owner = claim.owner;
                flow.version += 1;
                claimed.push(flow.clone());
            }
        }
        claimed
    }

    fn hasten_flows(&mut self, hasten: &FlowHasten) -> Option<Timestamp> {
        let mut waiting: Vec<(Timestamp, FlowKey)> = self
            .unowned_flows(std::slice::from_ref(&hasten.kind))
            .filter_map(|flow| Some((flow.state.due_at?, flow.key.clone())))
            .filter(|(due_at, _)| {
                *due_at > hasten.now && (hasten.from..=hasten.until).contains(due_at)
            })
            .collect();
        waiting.sort_unstable();
        waiting.truncate(hasten.limit);
        for (due_at, key) in &waiting {
            if let Some(flow) = self.flows.get_mut(key) {
                let earlier = due_at.as_millis().saturating_sub(hasten.millis());
                flow.state.due_at = Some(Timestamp::from_millis(earlier).max(hasten.now));
            }
        }
        hasten.next(waiting.len(), waiting.last().map(|(due_at, _)| *due_at))
    }

    fn unowned_flows(&self, kinds: &[Arc<str>]) -> impl Iterator<Item = &Flow> {
        self.flows
            .values()
            .filter(|flow| flow.owner == OwnerId::NOBODY && kinds.contains(&flow.key.kind))
    }

    /// Frees owned flows that are `wanted`; says how many.
    pub(super) fn free_flows(&mut self, wanted: impl Fn(&Flow) -> bool) -> usize {
        let mut freed = 0;
        for flow in self
            .flows
            .values_mut()
            .filter(|flow| flow.owner != OwnerId::NOBODY && wanted(flow))
        {
            flow.owner = OwnerId::NOBODY;
            flow.version += 1;
            freed += 1;
        }
        freed
    }

    /// Frees the flows of owners that are not registered any more, and counts that they died.
    pub(super) fn take_over_flows(&mut self) {
        let processes = &self.processes;
        for flow in self
            .flows
            .values_mut()
            .filter(|flow| flow.owner != OwnerId::NOBODY && !processes.contains_key(&flow.owner.0))
        {
            flow.owner = OwnerId::NOBODY;
            flow.version += 1;
            flow.takeovers += 1;
        }
    }

    fn listed<'a>(&'a self, filter: &'a FlowFilter) -> Box<dyn Iterator<Item = &'a Flow> + 'a> {
        let wanted = move |flow: &&Flow| {
            let of = |wanted: &Option<Arc<str>>, found: &Arc<str>| {
                wanted.as_ref().is_none_or(|wanted| wanted == found)
            };
            flow.key.kind == filter.kind
                && filter.is_behind(&flow.key.id)
                && filter
                    .scope
                    .covers_scope(flow.namespace.as_str(), flow.tenant.as_str())
                && of(&filter.status, &flow.state.status)
        };
        let flows = self.flows.values();
        match filter.order {
            Order::NewestFirst => Box::new(flows.rev().filter(wanted).take(filter.limit)),
            Order::OldestFirst => Box::new(flows.filter(wanted).take(filter.limit)),
        }
    }
}
