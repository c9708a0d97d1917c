//! DECIDE: what the rules, silences and time intervals say, and what would be sent, through which provider. Pure.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use acteon_core::similar::nearest;
use acteon_core::{
    Action, Caller, DryRun, ErrorKind, Origin, Outcome, Prepared, Priority, ProviderError,
    ProviderName, Scope, Timestamp,
};
use acteon_rules::{Decided, Facts, Fault, Rule, Verdict, patched};
use acteon_store::{Conditions, DedupCheck, Overage, QuotaCheck, ThrottleCheck};

use crate::deliver::Job;
use crate::gateway::Inner;
use crate::policies::{HoldBack, Policies, Postponed, Unsilenced};
use crate::registry::{Entry, Wired};
use crate::retry::RetryPolicy;

/// What a decision looks at beside the action.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    pub(crate) policies: &'a Policies,
    pub(crate) providers: &'a Wired,
    pub(crate) retry: &'a RetryPolicy,
    pub(crate) now: Timestamp,
    /// The due time.
    pub(crate) due: Timestamp,
    /// The due time of an instant of the wall clock.
    pub(crate) due_of: &'a dyn Fn(Timestamp) -> Timestamp,
    pub(crate) monotonic: Duration,
}

impl Inner {
    /// Decides on what is in force now.
    pub(crate) fn around<T>(&self, decide: impl FnOnce(&Surroundings<'_>) -> T) -> T {
        let policies = self.policies.load();
        decide(&Surroundings {
            policies: &policies,
            providers: &self.providers,
            retry: &self.options.retry,
            now: self.clock.now(),
            due: self.due.now(),
            due_of: &|wall| self.due.of_wall(wall),
            monotonic: self.clock.monotonic(),
        })
    }
}

/// What was decided about an action.
pub(crate) struct Plan {
    pub(crate) verdict: &'static str,
    pub(crate) rule: Option<Arc<str>>,
    /// Rules that failed on the way.
    pub(crate) faults: Vec<Fault>,
    /// How soon it goes.
    pub(crate) priority: Priority,
    pub(crate) step: Step,
}

/// What is to be done with it.
pub(crate) enum Step {
    /// Nothing: this is its outcome.
    End(Outcome),
    /// Send it one of these ways, if the gate lets it. Never empty. What is postponed is written now, and goes later.
    Send(Conditions, Vec<Route>, Option<Postponed>),
}

/// A way for an action to go.
pub(crate) struct Route {
    pub(crate) entry: Arc<Entry>,
    pub(crate) prepared: Arc<Prepared>,
    /// The due time at which it was planned.
    pub(crate) not_before: Timestamp,
    pub(crate) give_up_at: Timestamp,
    pub(crate) quotas: Vec<QuotaCheck>,
    /// What was found out about silences.
    pub(crate) unsilenced: Option<Unsilenced>,
}

/// Most fallbacks in a row.
const MAX_FALLBACKS: usize = 3;

pub(crate) fn plan(
    action: &Action,
    origin: Origin,
    caller: &Caller,
    around: &Surroundings<'_>,
) -> Plan {
    let decided = decide(action, origin, around);
    let rule = decided.rule;
    let (verdict, name) = match (&decided.held, rule) {
        (Some(held), _) => ("deny", Some(Arc::clone(&held.rule))),
        (None, Some(rule)) => (rule.verdict().tag(), Some(Arc::clone(rule.name()))),
        (None, None) => ("allow", None),
    };
    let step = match step(action, origin, caller, &decided, around) {
        Ok((conditions, routes, postponed)) => Step::Send(conditions, routes, postponed),
        Err(outcome) => Step::End(*outcome),
    };
    let priority = rule
        .and_then(Rule::sets_priority)
        .unwrap_or(action.priority);
    Plan {
        verdict,
        rule: name,
        faults: decided.faults,
        priority,
        step,
    }
}

fn decide<'p>(action: &Action, origin: Origin, around: &Surroundings<'p>) -> Decided<'p> {
    match origin {
        Origin::Api | Origin::Replay => around
            .policies
            .rules
            .decide(&Facts::new(action, around.now)),
        // The gateway's own word: a rule that sent it round in circles would be nobody's wish.
        Origin::Notice => Decided {
            rule: None,
            patch: None,
            faults: Vec::new(),
            held: None,
        },
    }
}

type Sendable = (Conditions, Vec<Route>, Option<Postponed>);

fn step(
    action: &Action,
    origin: Origin,
    caller: &Caller,
    decided: &Decided<'_>,
    around: &Surroundings<'_>,
) -> Result<Sendable, Box<Outcome>> {
    if let Some(Fault { rule, message }) = &decided.held {
        let message =
            format!("held back: the rule {rule:?} failed ({message}) and says on_error: hold");
        return Err(Box::new(Outcome::Failed {
            code: "HELD".into(),
            message,
            retryable: false,
            attempts: 0,
        }));
    }
    let provider = match decided.rule.map(Rule::verdict) {
        Some(Verdict::Reroute { target }) => target,
        _ => &action.provider,
    };
    let mut unsilenced = None;
    let postponed =
        match around
            .policies
            .hold_back(action, provider, decided.rule, around.now, &mut unsilenced)
        {
            None => None,
            Some(HoldBack::ForGood(outcome)) => return Err(Box::new(outcome)),
            Some(HoldBack::Postponed(postponed)) => Some(postponed),
        };
    if let Some(rule) = decided.rule
        && let Verdict::Deny | Verdict::Suppress = rule.verdict()
    {
        return Err(Box::new(Outcome::Suppressed {
            rule: rule.name().to_string(),
        }));
    }
    if let Some(message) = expiry(action, postponed.as_ref(), around.now) {
        return Err(Box::new(Outcome::Failed {
            code: "EXPIRED".into(),
            message,
            retryable: false,
            attempts: 0,
        }));
    }
    // Of what goes later the age counts from then on.
    let later = postponed.as_ref().map(|postponed| Surroundings {
        due: (around.due_of)(postponed.until),
        ..*around
    });
    let around = later.as_ref().unwrap_or(around);
    let action = changed(action, decided.patch.as_ref())?;
    let entry = around.providers.get(provider).ok_or_else(|| {
        Box::new(unknown_provider(
            provider,
            &action,
            caller,
            around.providers,
        ))
    })?;
    // What goes later goes through the provider asked for, which may be well again by then.
    let elsewhere = if postponed.is_some() {
        None
    } else {
        instead(&action, origin, caller, decided.rule, entry, around)
    };
    let mut first = match elsewhere {
        Some(route) => route,
        None => route(&action, origin, &caller.id, entry, around)?,
    };
    if first.entry.name == *provider {
        first.unsilenced = unsilenced;
    }
    let routes = with_fallbacks(first, &action, origin, caller, decided.rule, around);
    Ok((
        conditions(&action, decided.rule, around.now),
        routes,
        postponed,
    ))
}

/// Why an action is not worth sending, if it is not.
fn expiry(action: &Action, postponed: Option<&Postponed>, now: Timestamp) -> Option<String> {
    match action.expires_at.filter(|expires| *expires <= now) {
        Some(expires) => Some(format!("not sent: it expired at {expires}")),
        None => postponed?.expiry(action),
    }
}

/// The action with what a rule changes in its payload. A change that cannot be made is an outcome: the rest of the payload is never sent alone.
fn changed<'a>(
    action: &'a Action,
    patch: Option<&serde_json::Value>,
) -> Result<Cow<'a, Action>, Box<Outcome>> {
    let Some(patch) = patch else {
        return Ok(Cow::Borrowed(action));
    };
    match patched(&action.payload, patch) {
        Ok(payload) => Ok(Cow::Owned(Action {
            payload,
            ..action.clone()
        })),
        Err(error) => Err(Box::new(failed(&ProviderError::new(
            ErrorKind::Serialization,
            format!("a rule changes the payload, which cannot be read: {error}"),
        )))),
    }
}

fn route(
    action: &Action,
    origin: Origin,
    caller: &str,
    entry: &Arc<Entry>,
    around: &Surroundings<'_>,
) -> Result<Route, Box<Outcome>> {
    let prepared = entry
        .provider
        .prepare(action)
        .map_err(|error| Box::new(failed(&error)))?;
    let oldest = around.due + around.retry.max_age;
    let mut quotas = match origin {
        Origin::Api | Origin::Replay => {
            around
                .policies
                .quotas
                .checks(action, &entry.name, caller, around.now)
        }
        // A quota's notice is charged to none: it could not tell that one is used up.
        Origin::Notice => Vec::new(),
    };
    for quota in quotas
        .iter_mut()
        .filter(|quota| fallback(&quota.overage) == Some(&entry.name))
    {
        // It goes where the quota would have it go.
        not_again(quota, around.policies);
    }
    Ok(Route {
        entry: Arc::clone(entry),
        prepared: Arc::new(prepared),
        not_before: around.due,
        give_up_at: action
            .expires_at
            .map_or(oldest, |expires| (around.due_of)(expires).min(oldest)),
        quotas,
        unsilenced: None,
    })
}

/// The way of an action whose provider is left alone for now, where a fallback is configured that can take it.
fn instead(
    action: &Action,
    origin: Origin,
    caller: &Caller,
    rule: Option<&Rule>,
    asked: &Arc<Entry>,
    around: &Surroundings<'_>,
) -> Option<Route> {
    let mut entry = asked;
    for _ in 0..MAX_FALLBACKS {
        if !is_left_alone(entry, around) {
            break;
        }
        entry = around.providers.get(entry.fallback.as_ref()?)?;
    }
    let elsewhere = entry.name != asked.name && !is_left_alone(entry, around);
    let free = elsewhere && may_go(action, &entry.name, rule, around);
    // One that cannot make a request of this payload is no way to go.
    if free {
        route(action, origin, &caller.id, entry, around).ok()
    } else {
        None
    }
}

fn is_left_alone(entry: &Entry, around: &Surroundings<'_>) -> bool {
    entry
        .breaker
        .as_ref()
        .is_some_and(|breaker| breaker.closed_to_all(around.monotonic).is_some())
}

/// The way of an action that was accepted for a provider which people must repair: through the first of its fallbacks that may and can take it.
pub(crate) fn another_route(job: &Job, around: &Surroundings<'_>) -> Option<Route> {
    // What a rule would have changed must not be sent unchanged.
    let rule = match &job.rule {
        Some(name) => Some(around.policies.rules.rule(name)?),
        None => None,
    };
    let patch = rule.map_or(Some(None), |rule| {
        rule.patch(&Facts::new(&job.action, around.now))
    })?;
    let action = changed(&job.action, patch.as_ref()).ok()?;
    let failed_at = |entry: &Entry| {
        job.history
            .iter()
            .any(|attempt| attempt.to_repair && attempt.provider == entry.name)
    };
    let mut entry = &job.entry;
    for _ in 0..MAX_FALLBACKS {
        entry = around.providers.get(entry.fallback.as_ref()?)?;
        let free = || may_go(&action, &entry.name, rule, around);
        if !is_left_alone(entry, around) && !failed_at(entry) && free() {
            return route(&action, job.origin, &job.caller, entry, around).ok();
        }
    }
    None
}

/// Adds the ways that quotas name for when they are used up. One that cannot be gone now is left out.
fn with_fallbacks(
    first: Route,
    action: &Action,
    origin: Origin,
    caller: &Caller,
    rule: Option<&Rule>,
    around: &Surroundings<'_>,
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
            let free = may_go(action, &name, rule, around);
            if !known
                && free
                && routes.len() <= MAX_FALLBACKS
                && let Some(entry) = around.providers.get(&name)
                && let Ok(mut route) = route(action, origin, &caller.id, entry, around)
            {
                route
                    .quotas
                    .iter_mut()
                    .for_each(|quota| not_again(quota, around.policies));
                routes.push(route);
            }
        }
    }
    routes
}

/// Whether an action may go through another provider, now or later.
fn may_go(
    action: &Action,
    through: &ProviderName,
    rule: Option<&Rule>,
    around: &Surroundings<'_>,
) -> bool {
    let held_back = around
        .policies
        .hold_back(action, through, rule, around.now, &mut None);
    held_back.and_then(HoldBack::for_good).is_none()
}

/// A quota over all providers has had its say once an action goes another way because of it: there it is charged, and holds nothing back.
fn not_again(quota: &mut QuotaCheck, policies: &Policies) {
    if fallback(&quota.overage).is_some() && !policies.quotas.is_of_a_provider(&quota.id) {
        quota.overage = Overage::Warn;
    }
}

fn fallback(overage: &Overage) -> Option<&ProviderName> {
    match overage {
        Overage::Degrade(name) => Some(name),
        Overage::Block | Overage::Warn | Overage::Notify(_) => None,
    }
}

fn conditions(action: &Action, rule: Option<&Rule>, now: Timestamp) -> Conditions {
    let Some(rule) = rule else {
        return Conditions::default();
    };
    let scope = format!("{}\u{1f}{}", action.namespace, action.tenant);
    match rule.verdict() {
        Verdict::Deduplicate { ttl } => {
            let check = |key: &String| DedupCheck {
                key: format!("{scope}\u{1f}{key}"),
                until: now + *ttl,
            };
            Conditions {
                dedup: action.dedup_key.as_ref().map(check),
                throttle: None,
            }
        }
        Verdict::Throttle { max_count, window } => {
            let key = format!(
                "{scope}\u{1f}{}\u{1f}{max_count}\u{1f}{}",
                rule.name(),
                window.as_secs()
            );
            let throttle = ThrottleCheck {
                key,
                max_count: *max_count,
                window: *window,
                rule: rule.name().to_string(),
            };
            Conditions {
                dedup: None,
                throttle: Some(throttle),
            }
        }
        Verdict::Allow
        | Verdict::Deny
        | Verdict::Suppress
        | Verdict::Reroute { .. }
        | Verdict::Modify { .. } => Conditions::default(),
    }
}

/// Names no provider that the caller may not use: what there is is nobody else's business.
fn unknown_provider(
    name: &ProviderName,
    action: &Action,
    caller: &Caller,
    providers: &Wired,
) -> Outcome {
    let scope = Scope::of(&caller.grants);
    let Action {
        namespace,
        tenant,
        action_type,
        ..
    } = action;
    let granted = |name: &&str| {
        scope.covers(
            namespace.as_str(),
            tenant.as_str(),
            name,
            action_type.as_str(),
        )
    };
    let near = nearest(
        name.as_str(),
        providers
            .entries()
            .map(|entry| entry.name.as_str())
            .filter(granted),
    );
    let hint = near.map_or(String::new(), |near| format!("; did you mean {near:?}?"));
    let message = format!("there is no provider named {:?}{hint}", name.as_str());
    Outcome::Failed {
        code: "PROVIDER_NOT_FOUND".into(),
        message,
        retryable: false,
        attempts: 0,
    }
}

fn failed(error: &ProviderError) -> Outcome {
    let kind: ErrorKind = error.kind();
    Outcome::Failed {
        code: kind.code().into(),
        message: error.to_string(),
        retryable: kind.retryable(),
        attempts: 0,
    }
}

impl Plan {
    /// The answer to a dry run that found this plan, with what the gate would say, and what a provider's breaker would.
    pub(crate) fn dry_run(
        self,
        action: &Action,
        judged: Option<acteon_store::Judged>,
        at_provider: impl Fn(&Entry) -> Option<Outcome>,
    ) -> Outcome {
        use acteon_store::Judged;
        let Self {
            verdict,
            rule,
            faults,
            priority: _,
            step,
        } = self;
        let mut quotas_exceeded = Vec::new();
        let mut provider = action.provider.clone();
        let outcome = match (step, judged) {
            (Step::End(outcome), _) | (Step::Send(..), Some(Judged::Refused(outcome))) => {
                Some(outcome)
            }
            (Step::Send(_, routes, postponed), judged) => {
                let (way, over) = match judged {
                    Some(Judged::Go { way, over }) => (way, over),
                    _ => (0, Vec::new()),
                };
                let route = routes.get(way);
                if let Some(route) = route {
                    provider = route.entry.name.clone();
                    quotas_exceeded = over
                        .iter()
                        .filter_map(|place| route.quotas.get(*place))
                        .map(|quota| quota.id.clone())
                        .collect();
                }
                match postponed {
                    Some(postponed) => Some(postponed.outcome(action)),
                    None => route.and_then(|route| at_provider(&route.entry)),
                }
            }
        };
        let goes = if provider == action.provider {
            "executed"
        } else {
            "rerouted"
        };
        Outcome::DryRun(Box::new(DryRun {
            verdict: verdict.to_owned(),
            matched_rule: rule.as_deref().map(str::to_owned),
            would_be_provider: provider,
            would_be: outcome.as_ref().map_or(goes, Outcome::tag).to_owned(),
            outcome,
            quotas_exceeded,
            refusal: None,
            rule_errors: faults
                .into_iter()
                .map(|Fault { rule, message }| format!("{rule}: {message}"))
                .collect(),
        }))
    }
}
