//! SCHEDULED: what is looked at when the time of a scheduled action has come.
//!
//! Rules have decided when it was accepted, and do not meet it again: the rule that delayed it would delay it for ever. Its instant is looked at once
//! more, since the wall clock may have been set back; then silences and time intervals, and last the quotas, which are charged now. What was charged
//! in an earlier delivery is not charged again: the row's charges say so, in the commit that takes them.

use std::sync::Arc;
use std::time::Duration;

use acteon_rules::Facts;
use acteon_store::{
    Charges, Conditions, Enqueue, Judged, QuotaCheck, Reroute, Rerouted, StoreError,
};

use crate::admit::notify;
use crate::admit::routes::to_store;
use crate::decide::now::cost;
use crate::decide::outgoing::Outgoing;
use crate::decide::plan_context::PlanContext;
use crate::decide::route::{Route, quotas, with_fallbacks};
use crate::decide::templated::templated;
use crate::deliver::end::{End, postpone, put_off};
use crate::deliver::job::Job;
use crate::deliver::must_not_send::must_not_send;
use crate::deliver::schedule::Schedule;
use crate::memory::size_of;
use crate::offload;
use crate::policies::{Cause, Postponed};
use crate::shared::Inner;

/// Pause before a store that could not be asked is asked again.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Tries to charge the quotas while others charge them too.
const MAX_TRIES: u32 = 4;

/// How much earlier than its instant an action may go: clocks are read a little apart.
const TOLERANCE: Duration = Duration::from_secs(1);

/// Looks at what a scheduled action meets when it goes, and charges its quotas. `Some` is the end of the delivery.
pub(crate) async fn begin(inner: &Arc<Inner>, job: &mut Job) -> Option<End> {
    let Schedule { at, is_uncharged } = std::mem::take(&mut job.schedule);
    if let Some(until) = at.filter(|at| inner.clock.now() + TOLERANCE < *at) {
        let cause = Cause::Schedule;
        return Some(postpone(inner, &job.action, &Postponed { until, cause }));
    }
    if !is_uncharged {
        return None;
    }
    if let Some(end) = must_not_send(inner, job) {
        return Some(end);
    }
    for _ in 0..MAX_TRIES {
        match charge(inner, job).await {
            Ok(Charged::Done) => return None,
            Ok(Charged::Ended(end)) => return Some(end),
            Ok(Charged::Overtaken) => {}
            Err(error) => {
                tracing::warn!(action = %job.action.id, %error, "the quotas of a scheduled action could not be charged; it is tried again");
                break;
            }
        }
    }
    Some(put_off(inner, job, STORE_PAUSE))
}

/// The result of charging quotas.
enum Charged {
    /// They are charged, or there are none.
    Done,
    /// The action does not go on here.
    Ended(End),
    /// Somebody else took what there was between the look and the charge.
    Overtaken,
}

async fn charge(inner: &Arc<Inner>, job: &mut Job) -> Result<Charged, StoreError> {
    let mut routes = inner.with_plan_context(|context| {
        let cost = cost(&job.action, context.policies);
        offload::by_size(cost, || routes(job, context))
    });
    if routes.iter().all(|route| route.quotas.is_empty()) {
        return Ok(Charged::Done);
    }
    let now = inner.clock.now();
    let asked = routes
        .iter()
        .map(|route| to_store(route, Enqueue::DueAt(job.not_before)))
        .collect();
    let (number, over) = match inner.store.judge(Conditions::default(), asked, now).await? {
        Judged::Go { route, over } => (route, over),
        Judged::Refused(outcome) => return Ok(Charged::Ended(End::HeldBack(outcome))),
    };
    if number >= routes.len() {
        return Err(StoreError::Engine(
            "an action goes a way that it does not have".into(),
        ));
    }
    let route = routes.swap_remove(number);
    let over: Vec<QuotaCheck> = over
        .iter()
        .filter_map(|place| route.quotas.get(*place).cloned())
        .collect();
    let charges = Charges {
        counters: route
            .quotas
            .iter()
            .map(|quota| quota.counter.clone())
            .collect(),
        dedup: job.charges.dedup.clone(),
    };
    let change = Reroute {
        hold: job.hold(),
        action: Arc::clone(&job.action),
        priority: job.priority,
        provider: route.entry.name.clone(),
        prepared: Arc::clone(&route.prepared),
        charges: charges.clone(),
        quotas: route.quotas.clone(),
        refund: Vec::new(),
    };
    match inner.store.reroute(change).await? {
        Rerouted::NoRoom => return Ok(Charged::Overtaken),
        Rerouted::Fenced => return Ok(Charged::Ended(put_off(inner, job, STORE_PAUSE))),
        Rerouted::Written => {}
    }
    notify::tell(inner, &job.action, &over);
    if number == 0 {
        job.charges = charges;
    } else {
        inner.observer.quota("degrade");
        inner
            .shares
            .moved(&job.entry.name, &route.entry.name, &job.action.tenant);
        let place = route
            .entry
            .lane
            .enter_claimed(size_of(&job.action, &route.prepared));
        job.go_through(route.entry, route.prepared, charges, place);
    }
    Ok(Charged::Done)
}

/// The route of a scheduled action, with the request that was made at its acceptance, and those that its quotas name for when they are used up.
fn routes(job: &Job, context: &PlanContext<'_>) -> Vec<Route> {
    let (action, origin, caller) = (&*job.action, job.origin, &*job.caller);
    let first = Route {
        entry: Arc::clone(&job.entry),
        prepared: Arc::clone(&job.prepared),
        not_before: job.not_before,
        give_up_at: job.give_up_at,
        quotas: quotas(action, origin, caller, &job.entry, context),
        is_scheduled: false,
        unsilenced: None,
    };
    // What a rule would have changed must not be sent unchanged: a fallback takes it as the rule has it, or not at all.
    let rule = match &job.rule {
        Some(name) => match context.policies.rules.rule(name) {
            Some(rule) => Some(rule),
            None => return vec![first],
        },
        None => None,
    };
    let templated = templated(action, origin, context);
    let patch = rule.map_or(Some(None), |rule| {
        rule.patch(&Facts::new(&templated.action, context.now))
    });
    match patch.map(|patch| Outgoing::new(action, &templated, (rule, patch.as_deref()), context)) {
        Some(Ok(outgoing)) => {
            let mut routes = with_fallbacks(first, &outgoing, origin, caller, context);
            // The first has its request, and what is to be told of it, from its acceptance.
            let others = routes.iter_mut().skip(1);
            others.for_each(|route| templated.warn(&mut route.prepared));
            routes
        }
        Some(Err(_)) | None => vec![first],
    }
}
