//! New recurring actions.

use acteon_core::limits::MAX_RECURRING;
use acteon_core::{Caller, Namespace, Requesters, Scope, Tenant};
use acteon_flows::{Definition, Recurring, RecurringFlow};
use acteon_store::{Advanced, Expect, Flow, FlowFilter, FlowKey, Order, StoreError};

use super::calendars::has_calendar;
use super::check::never_occurs;
use super::{RecurringAction, RecurringError, change, covers, shown, state_of};
use crate::shared::Gateway;

/// Request to make a recurring action that may come again.
#[derive(Clone, Debug)]
pub struct Once {
    /// Id of what it makes, of its tenant and key.
    pub id: String,
    /// Digest of all that it says.
    pub request: String,
}

impl Gateway {
    /// Makes a recurring action for a caller. With the same `once` it is made once: who asks again is told of the one that there is, as it now stands.
    pub async fn create_recurring(
        &self,
        caller: &Caller,
        (namespace, tenant): (Namespace, Tenant),
        definition: Definition,
        once: Option<Once>,
    ) -> Result<RecurringAction, RecurringError> {
        let (inner, scope) = (&self.inner, &Scope::of(&caller.grants));
        // One after the other: two that are made at once would both find the last place.
        let Ok(_turn) = inner.recurring_turn.acquire().await else {
            return Err(StoreError::Closed.into());
        };
        let now = inner.clock.now();
        let id = match &once {
            Some(once) => once.id.clone(),
            None => inner.entropy.action_id(now).to_string(),
        };
        if let Some(once) = &once {
            let key = FlowKey::new(RecurringFlow::NAME, &id);
            if let Some(flow) = inner.store.flow(&key).await? {
                return made_before(scope, &flow, once);
            }
        }
        self.check_recurring(scope, (&id, &namespace, &tenant), &definition)?;
        let calendars = inner.policies.load().calendars.clone();
        has_calendar(&definition, &calendars)?;
        let counted = FlowFilter {
            limit: MAX_RECURRING,
            ..of_tenant(&namespace, &tenant)
        };
        if inner.store.count_flows(counted).await? >= MAX_RECURRING {
            return Err(RecurringError::Limit(MAX_RECURRING));
        }
        let mut recurring = Recurring::begin(definition, now, &calendars)?;
        recurring.requester = Requesters::of(caller);
        recurring.request = once.as_ref().map(|once| once.request.clone());
        never_occurs(&recurring, None, now)?;
        let expect = Expect::New(namespace.clone(), tenant.clone());
        let state = Some(state_of(inner, &recurring)?);
        let advance = change(inner, &id, expect, state);
        let made_at = advance.at;
        match inner.store.advance(advance).await? {
            Advanced::Written { .. } => {
                inner.used_calendars.add(&recurring.definition);
                inner.flow_work.notify_one();
                Ok(RecurringAction {
                    id,
                    namespace,
                    tenant,
                    recurring,
                    is_stuck: false,
                    created_at: made_at,
                    updated_at: made_at,
                })
            }
            Advanced::Changed(found) => match found.zip(once) {
                Some((flow, once)) => made_before(scope, &flow, &once),
                None => Err(StoreError::Busy.into()),
            },
        }
    }
}

/// What the same request has made before.
fn made_before(scope: &Scope, flow: &Flow, once: &Once) -> Result<RecurringAction, RecurringError> {
    let found = shown(flow)?;
    let is_same = found.recurring.request.as_ref() == Some(&once.request);
    if is_same && covers(scope, &found) {
        Ok(found)
    } else {
        Err(RecurringError::Used(found.id))
    }
}

/// All recurring actions of a tenant.
fn of_tenant(namespace: &Namespace, tenant: &Tenant) -> FlowFilter {
    FlowFilter {
        kind: RecurringFlow::NAME.into(),
        scope: Scope::exactly(namespace, tenant),
        status: None,
        after: None,
        order: Order::OldestFirst,
        limit: MAX_RECURRING,
        max_bytes: 0,
    }
}
