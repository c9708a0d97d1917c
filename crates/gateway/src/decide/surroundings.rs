//! What a decision looks at beside the action.

use std::time::Duration;

use acteon_core::Timestamp;

use crate::deliver::retry::RetryPolicy;
use crate::policies::Policies;
use crate::registry::Providers;
use crate::shared::Inner;

/// What a decision looks at beside the action.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    pub(crate) policies: &'a Policies,
    pub(crate) providers: &'a Providers,
    pub(crate) retry: &'a RetryPolicy,
    pub(crate) now: Timestamp,
    /// The due time.
    pub(crate) due: Timestamp,
    /// The due time of an instant of the wall clock.
    pub(crate) due_of: &'a dyn Fn(Timestamp) -> Timestamp,
    pub(crate) monotonic: Duration,
}

impl Inner {
    /// Decides on what is in force now.
    pub(crate) fn around<T>(&self, decide: impl FnOnce(&Surroundings<'_>) -> T) -> T {
        let policies = self.policies.load();
        decide(&Surroundings {
            policies: &policies,
            providers: &self.providers,
            retry: &self.options.retry,
            now: self.clock.now(),
            due: self.due.now(),
            due_of: &|wall| self.due.of_wall(wall),
            monotonic: self.clock.monotonic(),
        })
    }
}
