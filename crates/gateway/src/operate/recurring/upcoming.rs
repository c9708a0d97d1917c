//! Upcoming: what will go within a span, scheduled and recurring together.

use std::time::Duration;

use acteon_core::limits::MAX_RECURRING;
use acteon_core::{Namespace, Scope, Tenant, Timestamp};
use acteon_flows::{Definition, Status};
use acteon_schedule::Calendars;

use crate::operate::recurring::{RecurringAction, RecurringError};
use crate::operate::scheduled::ScheduledAction;
use crate::shared::Gateway;

/// Pages of scheduled actions that one list looks through.
const MAX_PAGES: usize = 20;

/// Action that will go.
#[derive(Clone, Debug)]
pub enum Upcoming {
    /// It is accepted, and waits for its instant.
    Scheduled(ScheduledAction),
    /// Occurrence of a recurring action.
    Occurrence {
        /// Instant of the occurrence.
        at: Timestamp,
        /// Recurring action.
        of: Box<RecurringAction>,
    },
}

impl Upcoming {
    /// Instant at which it goes.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Scheduled(action) => action.scheduled_for,
            Self::Occurrence { at, .. } => *at,
        }
    }
}

/// Part of what will go.
#[derive(Clone, Debug)]
pub struct UpcomingList {
    /// What will go, the soonest first.
    pub upcoming: Vec<Upcoming>,
    /// Whether there is more within the span than is listed.
    pub more: bool,
}

impl Gateway {
    /// What will go of a tenant from `from` to `to`, the soonest first, at most `limit`.
    pub async fn upcoming(
        &self,
        scope: &Scope,
        within: (&Namespace, &Tenant),
        (from, to): (Timestamp, Timestamp),
        limit: usize,
    ) -> Result<UpcomingList, RecurringError> {
        let mut upcoming = self
            .upcoming_scheduled(scope, within, (from, to), limit + 1)
            .await?;
        let recurring = self
            .recurring_actions(scope, within, Some(Status::Active))
            .await?;
        let calendars = self.inner.policies.load().calendars.clone();
        for action in recurring.into_iter().take(MAX_RECURRING) {
            let left = action.recurring.left().unwrap_or(u64::MAX);
            let Some(next) = action.recurring.next else {
                continue;
            };
            let begins = from.max(next) - Duration::from_millis(1);
            let most = usize::try_from(left).unwrap_or(usize::MAX).min(limit + 1);
            let definition = &action.recurring.definition;
            for at in occurrences(definition, &calendars, (begins, to), most)? {
                let of = Box::new(action.clone());
                upcoming.push(Upcoming::Occurrence { at, of });
            }
        }
        upcoming.sort_by_key(Upcoming::at);
        let more = upcoming.len() > limit;
        upcoming.truncate(limit);
        Ok(UpcomingList { upcoming, more })
    }

    /// The next occurrences of a definition after an instant.
    pub fn preview_recurring(
        &self,
        definition: &Definition,
        after: Timestamp,
        count: usize,
    ) -> Result<Vec<Timestamp>, RecurringError> {
        let calendars = self.inner.policies.load().calendars.clone();
        occurrences(definition, &calendars, (after, Timestamp::MAX), count)
    }

    async fn upcoming_scheduled(
        &self,
        scope: &Scope,
        (namespace, tenant): (&Namespace, &Tenant),
        (from, to): (Timestamp, Timestamp),
        limit: usize,
    ) -> Result<Vec<Upcoming>, RecurringError> {
        let mut found = Vec::new();
        let mut after = None;
        for _ in 0..MAX_PAGES {
            let own = Scope::exactly(namespace, tenant);
            let page = self.scheduled(own, after, limit.clamp(1, 1000)).await?;
            for action in page.actions {
                if action.scheduled_for > to || found.len() == limit {
                    return Ok(found);
                }
                let is_covered = scope.covers(
                    namespace.as_str(),
                    tenant.as_str(),
                    action.provider.as_str(),
                    action.action_type.as_str(),
                );
                if is_covered && action.scheduled_for >= from {
                    found.push(Upcoming::Scheduled(action));
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        Ok(found)
    }
}

/// Occurrences after `begins` and up to `to`, at most `most`.
fn occurrences(
    definition: &Definition,
    calendars: &Calendars,
    (begins, to): (Timestamp, Timestamp),
    most: usize,
) -> Result<Vec<Timestamp>, RecurringError> {
    let mut found = Vec::new();
    let mut from = begins;
    while found.len() < most {
        match definition.next_after(from, calendars)? {
            Some(next) if next <= to => {
                found.push(next);
                from = next;
            }
            Some(_) | None => break,
        }
    }
    Ok(found)
}
