//! Decisions about actions by what is in force at an instant.

use acteon_core::{Action, Caller, Origin, Timestamp};

use crate::decide::plan::{Plan, plan};
use crate::decide::plan_context::PlanContext;
use crate::offload;
use crate::policies::Policies;
use crate::shared::Inner;

impl Inner {
    /// Decides about an action at `now`.
    pub(crate) fn plan(
        &self,
        action: &Action,
        origin: Origin,
        caller: &Caller,
        now: Timestamp,
    ) -> Plan {
        self.plan_by(&self.policies.load(), action, origin, caller, now)
    }

    /// Decides about an action by policies that need not be the current ones.
    pub(crate) fn plan_by(
        &self,
        policies: &Policies,
        action: &Action,
        origin: Origin,
        caller: &Caller,
        now: Timestamp,
    ) -> Plan {
        self.with_plan_context(|context| {
            let context = PlanContext {
                policies,
                now,
                ..*context
            };
            offload::by_size(cost(action, policies), || {
                plan(action, origin, caller, &context)
            })
        })
    }
}

/// Most that a plan for an action takes, in bytes of a payload that take as long to read. A profile may do all the work that one is allowed on a payload of a few
/// bytes.
pub(crate) fn cost(action: &Action, policies: &Policies) -> usize {
    let cost = policies.rules.cost(action.payload.get().len());
    if action.template.is_some() {
        cost.max(offload::LARGE)
    } else {
        cost
    }
}
