//! Checks of a recurring action that is made or changed.

use acteon_core::limits::MAX_LABEL_BYTES;
use acteon_core::similar::nearest;
use acteon_core::{
    Action, Caller, Namespace, Origin, Outcome, Scope, Tenant, Timestamp, with_causes,
};
use acteon_flows::{Definition, Recurring, Status};

use super::RecurringError;
use crate::decide::plan::Step;
use crate::offload;
use crate::policies::PolicyError;
use crate::registry::ProviderEntry;
use crate::shared::Gateway;

impl Gateway {
    /// Checks the provider that a definition names, and that its actions could be sent.
    pub(super) fn check_recurring(
        &self,
        scope: &Scope,
        of @ (_, namespace, tenant): (&str, &Namespace, &Tenant),
        definition: &Definition,
    ) -> Result<(), RecurringError> {
        let inner = &self.inner;
        let (provider, action_type) = (&definition.provider, &definition.action_type);
        if !scope.covers(
            namespace.as_str(),
            tenant.as_str(),
            provider.as_str(),
            action_type.as_str(),
        ) {
            return Err(RecurringError::Forbidden(format!(
                "tenant={tenant} namespace={namespace} provider={provider} action={action_type}"
            )));
        }
        let allowed = |provider: &str| {
            scope.covers(
                namespace.as_str(),
                tenant.as_str(),
                provider,
                action_type.as_str(),
            )
        };
        let entry = inner.providers.get(provider);
        let Some(entry) = entry else {
            let names = inner.providers.entries().map(|entry| entry.name.as_str());
            let near = nearest(provider.as_str(), names.filter(|name| allowed(name)));
            let hint = near.map_or(String::new(), |near| format!("; did you mean {near:?}?"));
            let unknown = format!(
                "there is no provider named {:?} for this caller{hint}",
                provider.as_str()
            );
            return Err(RecurringError::Provider(unknown));
        };
        self.check_action(of, definition, entry)
    }

    /// Checks the action of an occurrence: its dedup key, and its payload at the provider.
    fn check_action(
        &self,
        of: (&str, &Namespace, &Tenant),
        definition: &Definition,
        entry: &ProviderEntry,
    ) -> Result<(), RecurringError> {
        let inner = &self.inner;
        let now = inner.clock.now();
        definition
            .check_dedup_key()
            .map_err(RecurringError::DedupKey)?;
        let action = definition.action(of, now, now)?;
        if let Err(PolicyError::Invalid { message, .. }) = self.check_profile_of(&action) {
            return Err(RecurringError::Template(message));
        }
        match action.dedup_key.as_ref().map(String::len) {
            Some(length) if length > MAX_LABEL_BYTES => {
                return Err(RecurringError::DedupKey(format!(
                    "is {length} bytes long with the id and an instant filled in, at most {MAX_LABEL_BYTES} are allowed"
                )));
            }
            Some(_) | None => {}
        }
        let prepare = || entry.provider().prepare(&action);
        match offload::by_size(action.payload.get().len(), prepare) {
            Err(error) if !error.kind().retryable() && self.cannot_go(&action, now) => {
                Err(RecurringError::Payload(with_causes(&error).to_string()))
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Whether an action would fail at once. A rule may change its payload, or have it go elsewhere.
    fn cannot_go(&self, action: &Action, now: Timestamp) -> bool {
        let inner = &self.inner;
        let policies = inner.policies.load_full();
        let gateway = Caller::gateway();
        let plan = inner.plan_by(&policies, action, Origin::Recurring, &gateway, now);
        matches!(plan.step, Step::End(Outcome::Failed { .. }))
    }
}

/// Refuses a definition that leaves nothing to be sent. `before` is the one that it takes the place of.
pub(super) fn never_occurs(
    recurring: &Recurring,
    before: Option<&Definition>,
    now: Timestamp,
) -> Result<(), RecurringError> {
    if recurring.status != Status::Completed {
        return Ok(());
    }
    let definition = &recurring.definition;
    // An end that stays, and is yet to come, is not what is wrong.
    let is_new =
        |end: Timestamp| end <= now || before.is_none_or(|before| before.end_date != Some(end));
    let (field, why) = match (definition.max_executions, definition.end_date) {
        (Some(most), _) if most <= recurring.executions => (
            "max_executions",
            format!(
                "is {most}, and {} were sent; give it more, or null for no limit",
                recurring.executions
            ),
        ),
        (_, Some(end)) if is_new(end) => (
            "end_date",
            format!(
                "is {end}, and no occurrence lies between now and then; give it a later one, or null for no end"
            ),
        ),
        (_, Some(end)) => (
            "cron_expression",
            format!("would never occur: no occurrence lies between now and end_date {end}"),
        ),
        (_, None) => (
            "cron_expression",
            "would never occur: no day that is yet to come fits".to_owned(),
        ),
    };
    Err(RecurringError::NeverOccurs { field, why })
}
