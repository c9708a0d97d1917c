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
use crate::registry::ProviderEntry;
use crate::shared::Gateway;

impl Gateway {
    /// Checks what a definition names, provider and calendar, and that its actions could be sent.
    pub(super) fn check_recurring(
        &self,
        scope: &Scope,
        of @ (_, namespace, tenant): (&str, &Namespace, &Tenant),
        definition: &Definition,
    ) -> Result<(), RecurringError> {
        let inner = &self.inner;
        let (provider, action_type) = (&definition.provider, &definition.action_type);
        let allowed = |provider: &str| {
            scope.covers(
                namespace.as_str(),
                tenant.as_str(),
                provider,
                action_type.as_str(),
            )
        };
        let entry = inner.providers.get(provider);
        let Some(entry) = entry.filter(|_| allowed(provider.as_str())) else {
            let names = inner.providers.entries().map(|entry| entry.name.as_str());
            let near = nearest(provider.as_str(), names.filter(|name| allowed(name)));
            let hint = near.map_or(String::new(), |near| format!("; did you mean {near:?}?"));
            let unknown = format!(
                "there is no provider named {:?} for this caller{hint}",
                provider.as_str()
            );
            return Err(RecurringError::Provider(unknown));
        };
        let policies = inner.policies.load();
        match &definition.calendar {
            Some(on) if policies.calendars.get(&on.name).is_none() => Err(
                RecurringError::Calendar(policies.calendars.unknown(&on.name)),
            ),
            Some(_) | None => self.check_action(of, definition, entry),
        }
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
        let action = definition.action(of, now, now)?;
        match action.dedup_key.as_ref().map(String::len) {
            Some(length) if length > MAX_LABEL_BYTES => {
                return Err(RecurringError::DedupKey(length));
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

/// Refuses a definition that leaves nothing to be sent.
pub(super) fn never_occurs(recurring: &Recurring) -> Result<(), RecurringError> {
    if recurring.status != Status::Completed {
        return Ok(());
    }
    let definition = &recurring.definition;
    let why = match (definition.end_date, definition.max_executions) {
        (_, Some(most)) if most <= recurring.executions => format!(
            "max_executions is {most}, and {} were sent",
            recurring.executions
        ),
        (Some(end), _) => format!("no occurrence lies between now and end_date {end}"),
        (None, _) => "no day that is yet to come fits cron_expression".into(),
    };
    Err(RecurringError::NeverOccurs(why))
}
