//! DECIDE: what the rules, silences and time intervals say, and what would be sent, through which provider. Pure.

use std::sync::Arc;

use acteon_core::{
    Action, ApprovalPolicy, Caller, Origin, Outcome, Priority, ProviderName, Timestamp, VerdictKind,
};
use acteon_flows::approval::is_approved;
use acteon_flows::chain::{DefinitionSet, is_step, is_waited_for};
use acteon_rules::{Decision, Facts, Rule, RuleError};
use acteon_store::Conditions;

use crate::approvals::message::{SENT_FOR, is_answer, told_of};
use crate::decide::conditions::conditions;
use crate::decide::outgoing::Outgoing;
use crate::decide::plan_context::PlanContext;
use crate::decide::refused::{held, no_step_asks, refusal, unknown_provider};
use crate::decide::route::{Route, instead, route, with_fallbacks};
use crate::decide::templated::{Templated, templated};
use crate::policies::{Postponed, Unsilenced, may_be_scheduled};
use crate::registry::ProviderEntry;

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
    let templated = templated(action, origin, context);
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
            templated.warn(&mut route.prepared);
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
        Origin::Replay => decide_again(action, context),
        Origin::Api | Origin::Recurring => context
            .policies
            .rules
            .decide(&Facts::new(action, context.now)),
        // A step has the labels of what started its chain, and would start it for ever.
        Origin::Chain => context
            .policies
            .rules
            .decide_without_chains(&Facts::new(action, context.now)),
        // A message to those who decide has the labels of what is asked for, and is to start and to ask for nothing.
        Origin::Approval if told_of(action, origin).is_some() => context
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
        None => postponed((action, origin), provider, rule, context, &mut unsilenced)?,
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
    let outgoing = Outgoing::new(action, templated, (rule, decided.patch.as_deref()), context)?;
    let action = &*outgoing.action;
    let Some(entry) = context.providers.get(provider) else {
        let unknown = unknown_provider(provider, action, caller, context.providers);
        return Err(Box::new(unknown));
    };
    let ask = rule.and_then(|rule| rule.verdict().approval());
    let is_later = postponed.is_some();
    let mut first = first_route(&outgoing, (origin, caller), entry, is_later, context)?;
    if let Some(policy) = ask {
        // What nobody could send is nothing to ask people for: it has been prepared, and is again when it goes.
        return ask_for(&templated.action, origin, rule, policy);
    }
    let conditions = conditions(action, rule, context.now);
    if postponed.as_ref().is_some_and(Postponed::is_scheduled) {
        // Quotas are charged when it goes, in the window of that instant.
        first.quotas.clear();
        first.is_scheduled = true;
        return Ok(Step::Send(conditions, vec![first], postponed));
    }
    // What was found of silences holds for the provider that it was looked up for, and for no fallback.
    if first.entry.name == *provider {
        first.unsilenced = unsilenced;
    }
    let routes = with_fallbacks(first, &outgoing, origin, &caller.id, context);
    Ok(Step::Send(conditions, routes, postponed))
}

/// Approval that a rule asks for. What its profile rendered is kept with it: what people see is what goes, whatever becomes of the profile.
fn ask_for(
    action: &Action,
    origin: Origin,
    rule: Option<&Rule>,
    policy: &ApprovalPolicy,
) -> Result<Step, Box<Outcome>> {
    if origin == Origin::Chain && is_waited_for(action.id.as_str()) {
        return Err(Box::new(no_step_asks(rule)));
    }
    let priority = rule.and_then(Rule::sets_priority);
    Ok(Step::Ask(Box::new(Ask {
        origin: Action {
            priority: priority.unwrap_or(action.priority),
            ..action.clone()
        },
        policy: policy.clone(),
    })))
}

/// Decision about a replay: what it sends for a flow goes by the rules that held for that.
fn decide_again<'p>(action: &Action, context: &PlanContext<'p>) -> Decision<'p> {
    let rules = &context.policies.rules;
    let facts = Facts::new(action, context.now);
    match action.metadata.get(SENT_FOR).map(String::as_str) {
        Some(id) if is_step(id) => rules.decide_without_chains(&facts),
        Some(id) if is_approved(id) => rules.decide_without_approvals(&facts),
        Some(_) => rules.decide_what_goes(&facts),
        None => rules.decide(&facts),
    }
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
            // No step sends them, and the body of an execution is written with each step.
            attachments: Vec::new(),
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
    (action, origin): (&Action, Origin),
    provider: &ProviderName,
    rule: Option<&Rule>,
    context: &PlanContext<'_>,
    unsilenced: &mut Option<Unsilenced>,
) -> Result<Option<Postponed>, Box<Outcome>> {
    if is_answer(action, origin) {
        return Ok(None);
    }
    let policies = context.policies;
    let Some(held) = policies.hold_back(action, provider, rule, context.now, unsilenced) else {
        return Ok(None);
    };
    let waits = told_of(action, origin).is_some();
    let postponed = held.postpones(waits, context.now);
    postponed.map(Some).map_err(Box::new)
}

/// Route that an action takes unless a quota says otherwise: its provider's, or a fallback's where
/// that provider's breaker is open. A postponed action keeps its provider, whose breaker may be
/// closed again by then.
fn first_route(
    outgoing: &Outgoing<'_>,
    (origin, caller): (Origin, &Caller),
    entry: &Arc<ProviderEntry>,
    is_later: bool,
    context: &PlanContext<'_>,
) -> Result<Route, Box<Outcome>> {
    let elsewhere = if is_later || is_answer(&outgoing.action, origin) {
        None
    } else {
        instead(outgoing, origin, caller, entry, context)
    };
    match elsewhere {
        Some(route) => Ok(route),
        None => route(outgoing, origin, &caller.id, entry, context),
    }
}

/// Reason why an action is not worth sending, if it is not.
fn expiry(action: &Action, postponed: Option<&Postponed>, now: Timestamp) -> Option<String> {
    match action.expires_at.filter(|expires| *expires <= now) {
        Some(expires) => Some(format!("not sent: it expired at {expires}")),
        None => postponed?.expiry(action),
    }
}

#[cfg(test)]
mod tests;
