//! Outcomes of actions that are not sent at all, and why.

use acteon_core::similar::nearest;
use acteon_core::{Action, Caller, Outcome, ProviderName, Scope};
use acteon_rules::{Rule, RuleError};

use crate::registry::Providers;

/// Outcome of a step's action that a rule would have people decide about. Nobody is asked: the step is over with this outcome, and what is approved then would
/// be sent beside what the chain goes on with.
pub(super) fn no_step_asks(rule: Option<&Rule>) -> Outcome {
    let rule = rule.map_or("", |rule| rule.name());
    refusal(
        "APPROVAL_NEEDED",
        format!(
            "the rule {rule:?} would have people approve it, which a step that sends does not wait for: nobody was asked, and nothing was sent; ask by a step of the kind approval before it, and let the rule not match this action_type"
        ),
    )
}

/// Outcome of an action that a failed rule holds.
pub(super) fn held(RuleError { rule, message }: &RuleError) -> Outcome {
    refusal(
        "HELD",
        format!("held back: the rule {rule:?} failed ({message}) and says on_error: hold"),
    )
}

/// Outcome of an action that is not sent at all.
pub(super) fn refusal(code: &str, message: String) -> Outcome {
    Outcome::Failed {
        code: code.into(),
        message,
        retryable: false,
        attempts: 0,
    }
}

/// Message about a provider that does not exist. It names none that the caller may not use: what
/// there is is nobody else's business.
pub(super) fn unknown_provider(
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
