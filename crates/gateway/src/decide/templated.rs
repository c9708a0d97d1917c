//! Actions whose payload a profile renders. What the caller sent stays as it is: rules and providers get a copy.

use std::borrow::Cow;
use std::sync::Arc;

use acteon_core::{Action, Origin, Prepared, Provider};
use acteon_rules::patched;

use crate::approvals::message::is_rendered;
use crate::decide::plan_context::PlanContext;
use crate::policies::EscapedFor;

/// Action as rules and providers see it.
pub(crate) struct Templated<'a> {
    pub(crate) action: Cow<'a, Action>,
    /// Profile that rendered it.
    pub(super) profile: Option<&'a str>,
    /// Why something plain stands in place of what a profile was to render.
    pub(crate) error: Option<String>,
}

/// Renders the profile that an action names, if it names one, for the provider that the action names.
pub(crate) fn templated<'a>(
    action: &'a Action,
    origin: Origin,
    context: &PlanContext<'_>,
) -> Templated<'a> {
    let profile = action.template.as_deref();
    let Some(name) = profile.filter(|_| !is_rendered(action, origin)) else {
        return Templated {
            action: Cow::Borrowed(action),
            profile: None,
            error: None,
        };
    };
    let provider = context.providers.get(&action.provider);
    let provider = provider.map(|entry| entry.provider());
    let of_provider = provider.as_ref().and_then(|it| it.default_message_type());
    let templates = &context.policies.templates;
    let escaping = templates.escaping(action, name, of_provider);
    rendered(
        action,
        (name, EscapedFor::Named(escaping)),
        provider.as_deref(),
        context,
    )
}

/// Renders a profile for an escaping, and where that makes no message that the provider takes, something plain.
pub(super) fn rendered<'a>(
    action: &'a Action,
    (name, escaped): (&'a str, EscapedFor),
    provider: Option<&dyn Provider>,
    context: &PlanContext<'_>,
) -> Templated<'a> {
    let patch = context.policies.templates.patch(action, name, escaped);
    let payload = match patched(&action.payload, &patch.fields) {
        Ok(payload) => payload,
        // It is no object, so that there is nothing to put fields into.
        Err(error) => {
            return Templated {
                action: Cow::Borrowed(action),
                profile: Some(name),
                error: Some(format!("the profile {name:?} was not used: {error}")),
            };
        }
    };
    let mut changed = Action {
        payload,
        ..action.clone()
    };
    if let (Some(failed), Some(provider)) = (&patch.failed, provider)
        && provider.prepare(&changed).is_err()
        && let Some(payload) = provider.plain(action, &failed.plain)
    {
        // What could be rendered makes no message that it takes.
        changed.payload = payload;
    }
    Templated {
        action: Cow::Owned(changed),
        profile: Some(name),
        error: patch.failed.map(|failed| failed.error),
    }
}

impl Templated<'_> {
    /// Tells the sender of a request why it is not what the profile was to render.
    pub(crate) fn warn(&self, prepared: &mut Arc<Prepared>) {
        if let Some(error) = &self.error {
            Arc::make_mut(prepared).warnings.push(error.clone());
        }
    }
}
