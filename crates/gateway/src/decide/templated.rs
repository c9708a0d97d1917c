//! Actions whose payload a profile renders. What the caller sent stays as it is: rules and providers get a copy.

use std::borrow::Cow;
use std::sync::Arc;

use acteon_core::Action;
use acteon_rules::patched;

use crate::decide::plan_context::PlanContext;
use crate::decide::route::Route;

/// Action as rules and providers see it.
pub(crate) struct Templated<'a> {
    pub(crate) action: Cow<'a, Action>,
    /// Why something plain stands in place of what a profile was to render.
    pub(crate) error: Option<String>,
}

/// Renders the profile that an action names, if it names one, for the provider that the action names.
pub(crate) fn templated<'a>(action: &'a Action, context: &PlanContext<'_>) -> Templated<'a> {
    let Some(name) = &action.template else {
        return Templated {
            action: Cow::Borrowed(action),
            error: None,
        };
    };
    let provider = context.providers.get(&action.provider);
    let provider = provider.map(|entry| entry.provider());
    let of_provider = provider.as_ref().and_then(|it| it.default_message_type());
    let patch = context.policies.templates.patch(action, name, of_provider);
    let payload = match patched(&action.payload, &patch.fields) {
        Ok(payload) => payload,
        // It is no object, so that there is nothing to put fields into.
        Err(error) => {
            return Templated {
                action: Cow::Borrowed(action),
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
        error: patch.failed.map(|failed| failed.error),
    }
}

impl Templated<'_> {
    /// Tells the sender of what goes by a route why it is not what the profile was to render.
    pub(crate) fn warn(&self, route: &mut Route) {
        if let Some(error) = &self.error {
            Arc::make_mut(&mut route.prepared)
                .warnings
                .push(error.clone());
        }
    }
}
