//! Context of a plan: what a decision takes into account beside the action.

use std::time::Duration;

use acteon_core::Timestamp;

use crate::approvals::links::Links;
use crate::deliver::retry::RetryPolicy;
use crate::policies::Policies;
use crate::registry::Providers;
use crate::shared::Inner;

/// Context of a plan: what is in force, and the time by each clock.
#[derive(Clone, Copy)]
pub(crate) struct PlanContext<'a> {
    pub(crate) policies: &'a Policies,
    pub(crate) providers: &'a Providers,
    pub(crate) retry: &'a RetryPolicy,
    pub(crate) links: &'a Links,
    pub(crate) now: Timestamp,
    /// Due time at this instant.
    pub(crate) due: Timestamp,
    /// Function from instants of the wall clock to due times.
    pub(crate) due_of: &'a dyn Fn(Timestamp) -> Timestamp,
    pub(crate) monotonic: Duration,
}

impl Inner {
    /// Calls `decide` with what is in force now.
    pub(crate) fn with_plan_context<T>(&self, decide: impl FnOnce(&PlanContext<'_>) -> T) -> T {
        let policies = self.policies.load();
        decide(&PlanContext {
            policies: &policies,
            providers: &self.providers,
            retry: &self.options.retry,
            links: &self.approvals.links,
            now: self.clock.now(),
            due: self.due.now(),
            due_of: &|wall| self.due.of_wall(wall),
            monotonic: self.clock.monotonic(),
        })
    }
}
