//! Moves of an action that was accepted for one provider, and goes through that one's fallback.

use std::sync::Arc;

use acteon_core::with_causes;
use acteon_rules::Facts;
use acteon_store::{Reroute, Rerouted};

use crate::decide::now::cost;
use crate::decide::outgoing::Outgoing;
use crate::decide::plan_context::PlanContext;
use crate::decide::route::{MAX_FALLBACKS, Route, is_left_alone, may_go, route};
use crate::decide::templated::templated;
use crate::deliver::job::Job;
use crate::memory::size_of;
use crate::offload;
use crate::registry::ProviderEntry;
use crate::shared::Inner;

/// Result of a search for another route.
pub(crate) enum Elsewhere {
    /// The action goes through another provider.
    Moved,
    /// No other provider may and can take it.
    Nowhere,
    /// The store could not be asked, or its answer was lost: whether the action has moved is not known here, so that it must not end as it was.
    StoreFailed,
}

/// Moves an action to the first fallback that may and can take it: charged there, and given back
/// what it took of the first, in one commit.
pub(crate) async fn elsewhere(inner: &Arc<Inner>, job: &mut Job) -> Elsewhere {
    let planned = inner.with_plan_context(|context| {
        let cost = cost(&job.action, context.policies);
        offload::by_size(cost, || another_route(job, context))
    });
    let Some(route) = planned else {
        return Elsewhere::Nowhere;
    };
    let Route {
        entry,
        prepared,
        quotas,
        ..
    } = route;
    let before = std::mem::take(&mut job.charges.counters);
    let after: Vec<String> = quotas.iter().map(|quota| quota.counter.clone()).collect();
    let (kept, others): (Vec<String>, Vec<String>) = before
        .iter()
        .cloned()
        .partition(|counter| after.contains(counter));
    let mut charges = job.charges.clone();
    charges.counters.clone_from(&after);
    // What may have left through the first stays charged there.
    let refund = if job.possible_duplicate {
        Vec::new()
    } else {
        others.clone()
    };
    if job.possible_duplicate {
        charges.counters.extend(others);
    }
    let change = Reroute {
        hold: job.hold(),
        action: Arc::clone(&job.action),
        priority: job.priority,
        provider: entry.name.clone(),
        prepared: Arc::clone(&prepared),
        charges: charges.clone(),
        quotas: quotas
            .into_iter()
            .filter(|quota| !kept.contains(&quota.counter))
            .collect(),
        refund,
    };
    match inner.store.reroute(change).await {
        Ok(Rerouted::Written) => {
            tracing::info!(action = %job.action.id, from = %job.entry.name, to = %entry.name, "an action goes through the fallback of its provider");
            inner
                .shares
                .moved(&job.entry.name, &entry.name, &job.action.tenant);
            let memory = entry.lane.enter_claimed(size_of(&job.action, &prepared));
            job.go_through(entry, prepared, charges, memory);
            Elsewhere::Moved
        }
        Ok(Rerouted::NoRoom | Rerouted::Fenced) => {
            job.charges.counters = before;
            Elsewhere::Nowhere
        }
        Err(error) => {
            job.charges.counters = before;
            tracing::warn!(action = %job.action.id, error = %with_causes(&error), "an action could not be moved to the fallback of its provider; it is tried again");
            Elsewhere::StoreFailed
        }
    }
}

/// Route of an action that was accepted for a provider which people must repair: through the first
/// of its fallbacks that may and can take it.
pub(crate) fn another_route(job: &Job, context: &PlanContext<'_>) -> Option<Route> {
    // What a rule would have changed must not be sent unchanged.
    let rule = match &job.rule {
        Some(name) => Some(context.policies.rules.rule(name)?),
        None => None,
    };
    let templated = templated(&job.action, job.origin, context);
    let patch = rule.map_or(Some(None), |rule| {
        rule.patch(&Facts::new(&templated.action, context.now))
    })?;
    let outgoing = Outgoing::new(&job.action, &templated, (rule, patch.as_deref()), context);
    let outgoing = outgoing.ok()?;
    let failed_at = |entry: &ProviderEntry| {
        job.history
            .iter()
            .any(|attempt| attempt.to_repair && attempt.provider == entry.name)
    };
    let mut entry = &job.entry;
    for _ in 0..MAX_FALLBACKS {
        entry = context.providers.get(entry.fallback.as_ref()?)?;
        let free = || may_go(&outgoing.action, &entry.name, rule, context);
        if !is_left_alone(entry, context) && !failed_at(entry) && free() {
            let mut found = route(&outgoing, job.origin, &job.caller, entry, context).ok()?;
            templated.warn(&mut found.prepared);
            return Some(found);
        }
    }
    None
}
