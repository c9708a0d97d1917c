//! Data of profiles: members of a payload that are there for the texts, and that a provider need not see.

use std::borrow::Cow;

use acteon_core::json::{Member, members};
use acteon_core::{Action, Origin, Provider};
use serde_json::value::RawValue;

use crate::approvals::message::was_shown_rendered;
use crate::decide::plan_context::PlanContext;

/// Action as a provider that heeds some members of payloads gets it: without those that its profile reads and the provider makes nothing of. They are
/// data for the profile's texts, and whoever sends them need not be told that they are not sent.
///
/// Of what people approved, data is what the provider that they were asked about makes nothing of: that was so by the profile as it was then.
pub(crate) fn without_data<'a>(
    (action, origin): (&'a Action, Origin),
    provider: &dyn Provider,
    context: &PlanContext<'_>,
) -> Cow<'a, Action> {
    let heeded = action
        .template
        .as_ref()
        .and_then(|_| provider.heeded(action));
    let (Some(heeded), Some(all)) = (heeded, members(action.payload.get())) else {
        return Cow::Borrowed(action);
    };
    let asked = Some(&action.provider).filter(|_| was_shown_rendered(action, origin));
    let asked = asked.and_then(|name| context.providers.get(name)?.provider().heeded(action));
    let is_data = |member: &&Member<'_>| {
        let name = member.name();
        !heeded.contains(&&*name)
            && match &asked {
                Some(asked) => !asked.contains(&&*name),
                None => context.policies.templates.reads(action, &name),
            }
    };
    if !all.iter().any(|member| is_data(&member)) {
        return Cow::Borrowed(action);
    }
    let kept = all.iter().filter(|member| !is_data(member));
    let kept: Vec<String> = kept
        .map(|Member { quoted, value }| format!("{quoted}:{value}"))
        .collect();
    match RawValue::from_string(format!("{{{}}}", kept.join(","))) {
        Ok(payload) => Cow::Owned(Action {
            payload,
            ..action.clone()
        }),
        Err(_) => Cow::Borrowed(action),
    }
}
