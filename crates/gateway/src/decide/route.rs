//! Routes of an action: the provider that takes it, the request made for it, and the fallbacks.

use std::sync::Arc;

use acteon_core::{Action, Caller, Origin, Outcome, Prepared, ProviderName, Timestamp};
use acteon_rules::Rule;
use acteon_store::{Overage, QuotaCheck};

use crate::approvals::message::told_of;
use crate::approvals::sign_notice::with_signatures;
use crate::decide::changed::failed;
use crate::decide::outgoing::Outgoing;
use crate::decide::plan_context::PlanContext;
use crate::decide::posing::{poses_as_card, posing};
use crate::decide::profile_data::without_data;
use crate::policies::HoldBack;
use crate::policies::{Policies, Unsilenced};
use crate::registry::ProviderEntry;

/// Route of an action: a provider, and the request made for it.
pub(crate) struct Route {
    pub(crate) entry: Arc<ProviderEntry>,
    pub(crate) prepared: Arc<Prepared>,
    /// Due time at which it was planned, from which its age counts.
    pub(crate) not_before: Timestamp,
    pub(crate) give_up_at: Timestamp,
    pub(crate) quotas: Vec<QuotaCheck>,
    /// Whether it waits in the store until then, also where that has come meanwhile: its quotas are charged when it is claimed.
    pub(crate) is_scheduled: bool,
    /// Finding of the last look at silences.
    pub(crate) unsilenced: Option<Unsilenced>,
}

/// Most fallbacks in a row.
pub(crate) const MAX_FALLBACKS: usize = 3;

pub(crate) fn route(
    outgoing: &Outgoing<'_>,
    origin: Origin,
    caller: &str,
    entry: &Arc<ProviderEntry>,
    context: &PlanContext<'_>,
) -> Result<Route, Box<Outcome>> {
    let provider = entry.provider();
    let action = outgoing.through(&*provider, context)?;
    let action = &*action;
    let to_send = with_signatures(context.links, action, origin);
    let shown = without_data((&to_send, origin), &*provider, context);
    let prepared = provider
        .prepare(&shown)
        .map_err(|error| Box::new(failed(&error)))?;
    if poses_as_card(&prepared.bytes) && told_of(action, origin).is_none() {
        return Err(Box::new(posing()));
    }
    let oldest = context.due + context.retry.max_age;
    Ok(Route {
        entry: Arc::clone(entry),
        prepared: Arc::new(prepared),
        not_before: context.due,
        give_up_at: action
            .expires_at
            .map_or(oldest, |expires| (context.due_of)(expires).min(oldest)),
        quotas: quotas(action, origin, caller, entry, context),
        is_scheduled: false,
        unsilenced: None,
    })
}

/// The quotas that an action is charged to at a provider.
pub(crate) fn quotas(
    action: &Action,
    origin: Origin,
    caller: &str,
    entry: &ProviderEntry,
    context: &PlanContext<'_>,
) -> Vec<QuotaCheck> {
    let mut quotas = match origin {
        Origin::Api | Origin::Replay | Origin::Recurring | Origin::Chain | Origin::Approval => {
            context
                .policies
                .quotas
                .checks(action, &entry.name, caller, context.now)
        }
        // A quota's notice is charged to none: it could not tell that one is used up.
        Origin::Notice => Vec::new(),
    };
    for quota in quotas
        .iter_mut()
        .filter(|quota| fallback(&quota.overage) == Some(&entry.name))
    {
        // It goes where the quota would have it go.
        not_again(quota, context.policies);
    }
    quotas
}

/// Route of an action whose provider's breaker is open, where a fallback is configured that can
/// take it.
pub(crate) fn instead(
    outgoing: &Outgoing<'_>,
    origin: Origin,
    caller: &Caller,
    asked: &Arc<ProviderEntry>,
    context: &PlanContext<'_>,
) -> Option<Route> {
    let mut entry = asked;
    for _ in 0..MAX_FALLBACKS {
        if !is_left_alone(entry, context) {
            break;
        }
        entry = context.providers.get(entry.fallback.as_ref()?)?;
    }
    let elsewhere = entry.name != asked.name && !is_left_alone(entry, context);
    let free = elsewhere && may_go(&outgoing.action, &entry.name, outgoing.rule, context);
    // A provider that cannot make a request of this payload is no fallback.
    if free {
        route(outgoing, origin, &caller.id, entry, context).ok()
    } else {
        None
    }
}

pub(crate) fn is_left_alone(entry: &ProviderEntry, context: &PlanContext<'_>) -> bool {
    entry
        .breaker
        .as_ref()
        .is_some_and(|breaker| breaker.open_for(context.monotonic).is_some())
}

/// Adds the routes that quotas name for when they are used up. A route that cannot be taken now is left out.
pub(crate) fn with_fallbacks(
    first: Route,
    outgoing: &Outgoing<'_>,
    origin: Origin,
    caller: &str,
    context: &PlanContext<'_>,
) -> Vec<Route> {
    let mut routes = vec![first];
    let mut looked = 0;
    while let Some(current) = routes.get(looked) {
        looked += 1;
        let names: Vec<ProviderName> = current
            .quotas
            .iter()
            .filter_map(|quota| fallback(&quota.overage).cloned())
            .collect();
        for name in names {
            let known = routes.iter().any(|route| route.entry.name == name);
            let free = may_go(&outgoing.action, &name, outgoing.rule, context);
            if !known
                && free
                && routes.len() <= MAX_FALLBACKS
                && let Some(entry) = context.providers.get(&name)
                && let Ok(mut route) = route(outgoing, origin, caller, entry, context)
            {
                route
                    .quotas
                    .iter_mut()
                    .for_each(|quota| not_again(quota, context.policies));
                routes.push(route);
            }
        }
    }
    routes
}

/// Whether an action may go through another provider, now or later.
pub(crate) fn may_go(
    action: &Action,
    through: &ProviderName,
    rule: Option<&Rule>,
    context: &PlanContext<'_>,
) -> bool {
    let held_back = context
        .policies
        .hold_back(action, through, rule, context.now, &mut None);
    held_back.and_then(HoldBack::for_good).is_none()
}

/// Keeps a quota over all providers from deciding twice: on the route that it sent an action to it is charged, and holds nothing back.
pub(crate) fn not_again(quota: &mut QuotaCheck, policies: &Policies) {
    if fallback(&quota.overage).is_some() && !policies.quotas.is_of_a_provider(&quota.id) {
        quota.overage = Overage::Warn;
    }
}

pub(crate) fn fallback(overage: &Overage) -> Option<&ProviderName> {
    match overage {
        Overage::Degrade(name) => Some(name),
        Overage::Block | Overage::Warn | Overage::Notify(_) => None,
    }
}
