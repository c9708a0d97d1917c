//! Actions on their way to providers, as a rule left them.
//!
//! A text is escaped for the message that it goes into, and a rule, a quota or a breaker may have it go into another than the one that the action names. So rules see what is
//! rendered for the provider that the action names, and what goes through one that escapes otherwise is rendered anew.

use std::borrow::Cow;

use acteon_core::{Action, ErrorKind, Outcome, Provider, ProviderError};
use acteon_rules::{Facts, Rule};
use acteon_templates::Escaping;
use serde_json::value::RawValue;

use crate::decide::changed::{changed, failed};
use crate::decide::plan_context::PlanContext;
use crate::decide::templated::{Templated, rendered};
use crate::policies::EscapedFor;

/// Action on its way to providers, as a rule left it.
pub(crate) struct Outgoing<'a> {
    /// The one that the caller sent.
    original: &'a Action,
    /// The one that goes where the provider is escaped for as the one that the action names.
    pub(crate) action: Cow<'a, Action>,
    pub(crate) rule: Option<&'a Rule>,
    /// Profile that rendered it, and the escaping of that.
    rendered: Option<(&'a str, Escaping)>,
}

impl<'a> Outgoing<'a> {
    /// Action with what a rule changes in it; `original` is the one that was rendered.
    pub(crate) fn new(
        original: &'a Action,
        templated: &'a Templated<'a>,
        (rule, patch): (Option<&'a Rule>, Option<&RawValue>),
        context: &PlanContext<'_>,
    ) -> Result<Self, Box<Outcome>> {
        let provider = context.providers.get(&original.provider);
        let provider = provider.map(|entry| entry.provider());
        let rendered = templated.profile.map(|name| {
            let of = (&*templated.action, name);
            (name, escaping(of, provider.as_deref(), context))
        });
        Ok(Self {
            original,
            action: changed(&templated.action, patch, rule)?,
            rule,
            rendered,
        })
    }

    /// Action as it goes through a provider: rendered anew where that one's message is escaped otherwise, and changed by the rule once more.
    pub(crate) fn through(
        &self,
        provider: &dyn Provider,
        context: &PlanContext<'_>,
    ) -> Result<Cow<'_, Action>, Box<Outcome>> {
        let Some((name, has)) = self.rendered else {
            return Ok(Cow::Borrowed(&self.action));
        };
        // A rule may have changed the type of the message.
        let wanted = escaping((&*self.action, name), Some(provider), context);
        if has == wanted {
            return Ok(Cow::Borrowed(&self.action));
        }
        let templated = rendered(
            self.original,
            (name, EscapedFor::Route(wanted)),
            Some(provider),
            context,
        );
        let patch = match self.rule {
            Some(rule) => rule.patch(&Facts::new(&templated.action, context.now)),
            None => Some(None),
        };
        let Some(patch) = patch else {
            let name = self.rule.map_or("", |rule| rule.name());
            let message = format!(
                "rule {name}: its changes cannot be made of what is sent through another provider"
            );
            let error = ProviderError::new(ErrorKind::Serialization, message);
            return Err(Box::new(failed(&error)));
        };
        let changed = changed(&templated.action, patch.as_deref(), self.rule)?;
        Ok(Cow::Owned(changed.into_owned()))
    }
}

/// Escaping of what a profile rendered, for the message that a provider makes of it.
fn escaping(
    (action, name): (&Action, &str),
    provider: Option<&dyn Provider>,
    context: &PlanContext<'_>,
) -> Escaping {
    let of_provider = provider.and_then(Provider::default_message_type);
    let templates = &context.policies.templates;
    templates.escaping_of_rendered(action, name, of_provider)
}
