//! Upcoming: what will go within a span, scheduled and recurring together.

use std::time::Duration;

use acteon_core::{Scope, Timestamp};
use acteon_flows::{Definition, OnDays, Status, Timetable};
use acteon_schedule::{Calendars, Recurrence};

use crate::operate::recurring::{RecurringAction, RecurringError};
use crate::operate::scheduled::ScheduledAction;
use crate::shared::Gateway;

/// Most recurring actions that one list looks at: those of ten tenants that have as many as they may.
const MAX_LOOKED_AT: usize = 1000;

/// Most occurrences before a span that are counted, to know whether it has one that is left.
const MOST_COUNTED: usize = 1000;

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
    /// What will go within the scope from `from` to `to`, the soonest first, at most `limit`.
    pub async fn upcoming(
        &self,
        scope: &Scope,
        (from, to): (Timestamp, Timestamp),
        limit: usize,
    ) -> Result<UpcomingList, RecurringError> {
        let mut upcoming = self
            .upcoming_scheduled(scope, (from, to), limit + 1)
            .await?;
        let recurring = self
            .recurring_actions(scope, Some(Status::Active.as_str()), (0, MAX_LOOKED_AT))
            .await?;
        let calendars = self.inner.policies.load().calendars.clone();
        for action in recurring {
            let Some(next) = action.recurring.next else {
                continue;
            };
            let definition = &action.recurring.definition;
            let left = action
                .recurring
                .left()
                .and_then(|left| usize::try_from(left).ok());
            // Where few are left, those before the span are counted too.
            let (begins, most) = match left.filter(|left| *left <= MOST_COUNTED) {
                Some(left) => (next, left),
                None => (from.max(next), limit + 1),
            };
            let begins = begins - Duration::from_millis(1);
            let all = occurrences(definition, &calendars, (begins, to), most)?;
            for at in all.into_iter().filter(|at| *at >= from).take(limit + 1) {
                let of = Box::new(action.clone());
                upcoming.push(Upcoming::Occurrence { at, of });
            }
        }
        upcoming.sort_by_key(Upcoming::at);
        let more = upcoming.len() > limit;
        upcoming.truncate(limit);
        Ok(UpcomingList { upcoming, more })
    }

    /// The next occurrences of a recurring action that goes on.
    pub fn next_occurrences(
        &self,
        found: &RecurringAction,
        count: usize,
    ) -> Result<Vec<Timestamp>, RecurringError> {
        let recurring = &found.recurring;
        let Some(next) = recurring.next else {
            return Ok(Vec::new());
        };
        let calendars = self.inner.policies.load().calendars.clone();
        let left = recurring.left().unwrap_or(u64::MAX);
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(count);
        let span = (next - Duration::from_millis(1), Timestamp::MAX);
        occurrences(&recurring.definition, &calendars, span, most)
    }

    /// The occurrences after an instant of an expression that nobody made a recurring action of.
    pub fn preview_recurring(
        &self,
        recurrence: Recurrence,
        on: Option<&OnDays>,
        after: Timestamp,
        count: usize,
    ) -> Result<Vec<Timestamp>, RecurringError> {
        let calendars = self.inner.policies.load().calendars.clone();
        if let Some(on) = on.filter(|on| calendars.get(&on.name).is_none()) {
            return Err(RecurringError::Calendar(calendars.unknown(&on.name)));
        }
        let timetable = Timetable::new(recurrence, on, &calendars);
        let next = |at: &Timestamp| timetable.after(*at);
        Ok(std::iter::successors(timetable.after(after), next)
            .take(count)
            .collect())
    }

    async fn upcoming_scheduled(
        &self,
        scope: &Scope,
        (from, to): (Timestamp, Timestamp),
        limit: usize,
    ) -> Result<Vec<Upcoming>, RecurringError> {
        let mut found = Vec::new();
        let mut after = None;
        for _ in 0..MAX_PAGES {
            let page = self
                .scheduled(scope.clone(), after, limit.clamp(1, 1000))
                .await?;
            for action in page.actions {
                if action.scheduled_for > to || found.len() == limit {
                    return Ok(found);
                }
                if action.scheduled_for >= from {
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
