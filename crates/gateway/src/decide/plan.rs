//! DECIDE: what the rules, silences and time intervals say, and what would be sent, through which provider. Pure.

use std::sync::Arc;

use acteon_core::similar::nearest;
use acteon_core::{
    Action, ApprovalPolicy, Caller, Origin, Outcome, Priority, ProviderName, Scope, Timestamp,
    VerdictKind,
};
use acteon_flows::approval::{APPROVED, NOTICE_TYPE};
use acteon_flows::chain::{DefinitionSet, is_step};
use acteon_rules::{Decision, Facts, Rule, RuleError};
use acteon_store::Conditions;

use crate::decide::conditions::conditions;
use crate::decide::plan_context::PlanContext;
use crate::decide::route::{Route, changed, instead, route, with_fallbacks};
use crate::decide::templated::{Templated, templated};
use crate::policies::{HoldBack, Postponed, Unsilenced, may_be_scheduled};
use crate::registry::{ProviderEntry, Providers};

/// Label of a replay with the id of the action that it sends again.
pub(crate) const REPLAYED_FROM: &str = "replayed_from";

/// Plan for an action: what was decided about it.
pub(crate) struct Plan {
    pub(crate) verdict: VerdictKind,
    pub(crate) rule: Option<Arc<str>>,
    /// Rules that failed on the way.
    pub(crate) rule_errors: Vec<RuleError>,
    /// Priority, after what the rule says.
    pub(crate) priority: Priority,
    pub(crate) step: Step,
    /// Why something plain goes in place of what a profile was to render.
    pub(crate) template_error: Option<String>,
}

/// Step that is to be taken next.
pub(crate) enum Step {
    /// It ends with this outcome.
    End(Outcome),
    /// It is sent by one of these routes, if the gate admits it. Never empty. What is postponed is
    /// written now, and sent later.
    Send(Conditions, Vec<Route>, Option<Postponed>),
    /// People decide whether it goes, and it is over with that.
    Ask(Box<Ask>),
    /// It starts a chain, and is over with that.
    StartChain(Box<ChainStart>),
}

/// Chain that an action starts.
pub(crate) struct ChainStart {
    /// Its definition, with those of all chains that it starts.
    pub(crate) definitions: DefinitionSet,
    /// Action as its steps see it: rendered, and with the priority that the rule gives it.
    pub(crate) origin: Action,
    /// When it begins, where that is later.
    pub(crate) starts_at: Option<Timestamp>,
}

/// Approval that an action needs.
pub(crate) struct Ask {
    /// Action as it goes once it is approved.
    pub(crate) origin: Action,
    /// Who decides, and by when.
    pub(crate) policy: ApprovalPolicy,
}

pub(crate) fn plan(
    action: &Action,
    origin: Origin,
    caller: &Caller,
    context: &PlanContext<'_>,
) -> Plan {
    let templated = templated(action, context);
    let decided = decide(&templated.action, origin, context);
    let rule = decided.rule;
    let (verdict, name) = match (&decided.held, rule) {
        (Some(held), _) => (VerdictKind::Deny, Some(Arc::clone(&held.rule))),
        (None, Some(rule)) => (rule.verdict().kind(), Some(Arc::clone(rule.name()))),
        (None, None) => (VerdictKind::Allow, None),
    };
    let mut step = match step(action, &templated, (origin, caller), &decided, context) {
        Ok(step) => step,
        Err(outcome) => Step::End(*outcome),
    };
    if let Step::Send(_, routes, _) = &mut step {
        for route in routes {
            templated.warn(route);
        }
    }
    let priority = rule
        .and_then(Rule::sets_priority)
        .unwrap_or(action.priority);
    Plan {
        verdict,
        rule: name,
        rule_errors: decided.rule_errors,
        priority,
        step,
        template_error: templated.error,
    }
}

fn decide<'p>(action: &Action, origin: Origin, context: &PlanContext<'p>) -> Decision<'p> {
    match origin {
        Origin::Replay if is_replay_of_step(action) => context
            .policies
            .rules
            .decide_without_chains(&Facts::new(action, context.now)),
        Origin::Api | Origin::Replay | Origin::Recurring => context
            .policies
            .rules
            .decide(&Facts::new(action, context.now)),
        // A step has the labels of what started its chain, and would start it for ever.
        Origin::Chain => context
            .policies
            .rules
            .decide_without_chains(&Facts::new(action, context.now)),
        // A message to those who decide has the labels of what is asked for, and is to start and to ask for nothing.
        Origin::Approval if is_notice(action) => context
            .policies
            .rules
            .decide_what_goes(&Facts::new(action, context.now)),
        // What was approved is not asked for again: the rules behind have their say.
        Origin::Approval => context
            .policies
            .rules
            .decide_without_approvals(&Facts::new(action, context.now)),
        // The gateway's own word: a rule that sent it round in circles would be nobody's wish.
        Origin::Notice => Decision {
            rule: None,
            patch: None,
            rule_errors: Vec::new(),
            held: None,
        },
    }
}

/// Step for an action, decided in this order: what holds it back for good, then its age, then its
/// request and its routes. So an action that a silence holds back is reported as silenced, also
/// where its payload is faulty or its provider is unknown.
fn step(
    action: &Action,
    templated: &Templated<'_>,
    (origin, caller): (Origin, &Caller),
    decided: &Decision<'_>,
    context: &PlanContext<'_>,
) -> Result<Step, Box<Outcome>> {
    if let Some(fault) = &decided.held {
        return Err(Box::new(held(fault)));
    }
    let rule = decided.rule;
    let provider = rule
        .and_then(|rule| rule.verdict().target())
        .unwrap_or(&action.provider);
    let mut unsilenced = None;
    let postponed = match scheduled(action, origin, rule, context) {
        // Silences and time intervals are looked at when it goes.
        Some(scheduled) => Some(scheduled),
        None => postponed(action, provider, rule, context, &mut unsilenced)?,
    };
    if let Some(rule) = rule
        && rule.verdict().kind().refuses()
    {
        return Err(Box::new(Outcome::Suppressed {
            rule: rule.name().to_string(),
        }));
    }
    if let Some(message) = expiry(action, postponed.as_ref(), context.now) {
        return Err(Box::new(refusal("EXPIRED", message)));
    }
    if let Some(chain) = rule.and_then(|rule| rule.verdict().chain()) {
        let starts_at = postponed.map(|postponed| postponed.until);
        return start_chain(chain, &templated.action, (rule, starts_at), context);
    }
    // The age of a postponed action counts from the instant that it is postponed to.
    let later = postponed.as_ref().map(|postponed| PlanContext {
        due: (context.due_of)(postponed.until),
        ..*context
    });
    let context = later.as_ref().unwrap_or(context);
    let as_posted = action;
    let action = changed(&templated.action, decided.patch.as_deref(), rule)?;
    let Some(entry) = context.providers.get(provider) else {
        let unknown = unknown_provider(provider, &action, caller, context.providers);
        return Err(Box::new(unknown));
    };
    let is_later = postponed.is_some();
    let ask = rule.and_then(|rule| rule.verdict().approval());
    let mut first = first_route(&action, (origin, caller), (rule, entry), is_later, context)?;
    if let Some(policy) = ask {
        // What nobody could send is nothing to ask people for: it has been prepared, and is again when it goes.
        return Ok(ask_for(as_posted, rule, policy));
    }
    if postponed.as_ref().is_some_and(Postponed::is_scheduled) {
        // Quotas are charged when it goes, in the window of that instant.
        first.quotas.clear();
        first.is_scheduled = true;
        let conditions = conditions(&action, rule, context.now);
        return Ok(Step::Send(conditions, vec![first], postponed));
    }
    // What was found of silences holds for the provider that it was looked up for, and for no fallback.
    if first.entry.name == *provider {
        first.unsilenced = unsilenced;
    }
    let routes = with_fallbacks(first, &action, origin, &caller.id, rule, context);
    let conditions = conditions(&action, rule, context.now);
    Ok(Step::Send(conditions, routes, postponed))
}

/// Approval that a rule asks for.
fn ask_for(action: &Action, rule: Option<&Rule>, policy: &ApprovalPolicy) -> Step {
    let priority = rule.and_then(Rule::sets_priority);
    Step::Ask(Box::new(Ask {
        origin: Action {
            priority: priority.unwrap_or(action.priority),
            ..action.clone()
        },
        policy: policy.clone(),
    }))
}

/// Whether it is a message to those who decide, and not what they approved.
fn is_notice(action: &Action) -> bool {
    action.action_type.as_str() == NOTICE_TYPE && !action.id.as_str().ends_with(APPROVED)
}

/// Whether a replay sends the step of a chain again. The gateway writes the label itself, over what a caller may have put there.
fn is_replay_of_step(action: &Action) -> bool {
    action
        .metadata
        .get(REPLAYED_FROM)
        .is_some_and(|id| is_step(id))
}

/// Start of the chain that a rule names.
fn start_chain(
    name: &str,
    action: &Action,
    (rule, starts_at): (Option<&Rule>, Option<Timestamp>),
    context: &PlanContext<'_>,
) -> Result<Step, Box<Outcome>> {
    let failed = |message| Box::new(refusal("CHAIN_NOT_FOUND", message));
    let definitions = match context.policies.chains.set(name) {
        Some(Ok(definitions)) => definitions.clone(),
        Some(Err(error)) => {
            return Err(failed(format!(
                "the chain {name:?} cannot be started: {error}"
            )));
        }
        None => {
            return Err(failed(format!(
                "there is no chain {name:?}, which the rule starts; define it, and replay this"
            )));
        }
    };
    let priority = rule
        .and_then(Rule::sets_priority)
        .unwrap_or(action.priority);
    Ok(Step::StartChain(Box::new(ChainStart {
        definitions,
        origin: Action {
            priority,
            ..action.clone()
        },
        starts_at,
    })))
}

/// The instant that an action is scheduled for, if it is.
fn scheduled(
    action: &Action,
    origin: Origin,
    rule: Option<&Rule>,
    context: &PlanContext<'_>,
) -> Option<Postponed> {
    if may_be_scheduled(origin) {
        Postponed::by_schedule(action, rule, context.now)
    } else {
        None
    }
}

/// The interval that postpones an action, if one does; `Err` is the outcome where a silence or an interval holds it back for good.
fn postponed(
    action: &Action,
    provider: &ProviderName,
    rule: Option<&Rule>,
    context: &PlanContext<'_>,
    unsilenced: &mut Option<Unsilenced>,
) -> Result<Option<Postponed>, Box<Outcome>> {
    let policies = context.policies;
    match policies.hold_back(action, provider, rule, context.now, unsilenced) {
        None => Ok(None),
        Some(HoldBack::ForGood(outcome)) => Err(Box::new(outcome)),
        Some(HoldBack::Postponed(postponed)) => Ok(Some(postponed)),
    }
}

/// Route that an action takes unless a quota says otherwise: its provider's, or a fallback's where
/// that provider's breaker is open. A postponed action keeps its provider, whose breaker may be
/// closed again by then.
fn first_route(
    action: &Action,
    (origin, caller): (Origin, &Caller),
    (rule, entry): (Option<&Rule>, &Arc<ProviderEntry>),
    is_later: bool,
    context: &PlanContext<'_>,
) -> Result<Route, Box<Outcome>> {
    let elsewhere = if is_later {
        None
    } else {
        instead(action, origin, caller, rule, entry, context)
    };
    match elsewhere {
        Some(route) => Ok(route),
        None => route(action, origin, &caller.id, entry, context),
    }
}

/// Outcome of an action that a failed rule holds.
fn held(RuleError { rule, message }: &RuleError) -> Outcome {
    refusal(
        "HELD",
        format!("held back: the rule {rule:?} failed ({message}) and says on_error: hold"),
    )
}

/// Outcome of an action that is not sent at all.
fn refusal(code: &str, message: String) -> Outcome {
    Outcome::Failed {
        code: code.into(),
        message,
        retryable: false,
        attempts: 0,
    }
}

/// Reason why an action is not worth sending, if it is not.
fn expiry(action: &Action, postponed: Option<&Postponed>, now: Timestamp) -> Option<String> {
    match action.expires_at.filter(|expires| *expires <= now) {
        Some(expires) => Some(format!("not sent: it expired at {expires}")),
        None => postponed?.expiry(action),
    }
}

/// Message about a provider that does not exist. It names none that the caller may not use: what
/// there is is nobody else's business.
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
    refusal("PROVIDER_NOT_FOUND", message)
}

#[cfg(test)]
mod tests;
