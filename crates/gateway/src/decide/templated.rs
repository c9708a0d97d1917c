//! Actions whose payload a profile renders. What the caller sent stays as it is: rules and providers get a copy.

use std::borrow::Cow;
use std::sync::Arc;

use acteon_core::Action;
use acteon_rules::patched;

use crate::decide::route::Route;
use crate::policies::Policies;

/// Action as rules and providers see it.
pub(crate) struct Templated<'a> {
    pub(crate) action: Cow<'a, Action>,
    /// Why something plain stands in place of what a profile was to render.
    pub(crate) error: Option<String>,
}

/// Renders the profile that an action names, if it names one.
pub(crate) fn templated<'a>(action: &'a Action, policies: &Policies) -> Templated<'a> {
    let Some(name) = &action.template else {
        return Templated {
            action: Cow::Borrowed(action),
            error: None,
        };
    };
    let patch = policies.templates.patch(action, name);
    match patched(&action.payload, &patch.fields) {
        Ok(payload) => Templated {
            action: Cow::Owned(Action {
                payload,
                ..action.clone()
            }),
            error: patch.error,
        },
        // It is no object, so that there is nothing to put fields into.
        Err(error) => Templated {
            action: Cow::Borrowed(action),
            error: Some(format!("the profile {name:?} was not used: {error}")),
        },
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
