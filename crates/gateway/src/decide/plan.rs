//! DECIDE: what the rules, silences and time intervals say, and what would be sent, through which provider. Pure.

use std::sync::Arc;

use acteon_core::similar::nearest;
use acteon_core::{
    Action, Caller, DryRun, Origin, Outcome, Priority, ProviderName, Scope, Timestamp, VerdictKind,
};
use acteon_rules::{Decided, Facts, Fault, Rule};
use acteon_store::Conditions;

use crate::decide::conditions::conditions;
use crate::decide::plan_context::PlanContext;
use crate::decide::route::{Route, changed, instead, route, with_fallbacks};
use crate::policies::{HoldBack, Postponed};
use crate::registry::{Entry, Providers};

/// What was decided about an action.
pub(crate) struct Plan {
    pub(crate) verdict: VerdictKind,
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
    /// Send it by one of these routes, if the gate admits it. Never empty. What is postponed is written now, and sent later.
    Send(Conditions, Vec<Route>, Option<Postponed>),
}

pub(crate) fn plan(
    action: &Action,
    origin: Origin,
    caller: &Caller,
    context: &PlanContext<'_>,
) -> Plan {
    let decided = decide(action, origin, context);
    let rule = decided.rule;
    let (verdict, name) = match (&decided.held, rule) {
        (Some(held), _) => (VerdictKind::Deny, Some(Arc::clone(&held.rule))),
        (None, Some(rule)) => (rule.verdict().kind(), Some(Arc::clone(rule.name()))),
        (None, None) => (VerdictKind::Allow, None),
    };
    let step = match step(action, origin, caller, &decided, context) {
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

fn decide<'p>(action: &Action, origin: Origin, context: &PlanContext<'p>) -> Decided<'p> {
    match origin {
        Origin::Api | Origin::Replay => context
            .policies
            .rules
            .decide(&Facts::new(action, context.now)),
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
    context: &PlanContext<'_>,
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
    let provider = decided
        .rule
        .and_then(|rule| rule.verdict().target())
        .unwrap_or(&action.provider);
    let mut unsilenced = None;
    let postponed = match context.policies.hold_back(
        action,
        provider,
        decided.rule,
        context.now,
        &mut unsilenced,
    ) {
        None => None,
        Some(HoldBack::ForGood(outcome)) => return Err(Box::new(outcome)),
        Some(HoldBack::Postponed(postponed)) => Some(postponed),
    };
    if let Some(rule) = decided.rule
        && rule.verdict().kind().refuses()
    {
        return Err(Box::new(Outcome::Suppressed {
            rule: rule.name().to_string(),
        }));
    }
    if let Some(message) = expiry(action, postponed.as_ref(), context.now) {
        return Err(Box::new(Outcome::Failed {
            code: "EXPIRED".into(),
            message,
            retryable: false,
            attempts: 0,
        }));
    }
    // Of what goes later the age counts from then on.
    let later = postponed.as_ref().map(|postponed| PlanContext {
        due: (context.due_of)(postponed.until),
        ..*context
    });
    let context = later.as_ref().unwrap_or(context);
    let action = changed(action, decided.patch.as_deref(), decided.rule)?;
    let entry = context.providers.get(provider).ok_or_else(|| {
        Box::new(unknown_provider(
            provider,
            &action,
            caller,
            context.providers,
        ))
    })?;
    // What goes later goes through the provider asked for, which may be well again by then.
    let elsewhere = if postponed.is_some() {
        None
    } else {
        instead(&action, origin, caller, decided.rule, entry, context)
    };
    let mut first = match elsewhere {
        Some(route) => route,
        None => route(&action, origin, &caller.id, entry, context)?,
    };
    if first.entry.name == *provider {
        first.unsilenced = unsilenced;
    }
    let routes = with_fallbacks(first, &action, origin, caller, decided.rule, context);
    Ok((
        conditions(&action, decided.rule, context.now),
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

/// Names no provider that the caller may not use: what there is is nobody else's business.
fn unknown_provider(
    name: &ProviderName,
    action: &Action,
    caller: &Caller,
    providers: &Providers,
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
            verdict: verdict.as_str().to_owned(),
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
