//! Upcoming: what will go within a span, scheduled and recurring together.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Scope, Timestamp};
use acteon_flows::{OnDays, Status, Timetable};
use acteon_schedule::{Calendars, Recurrence};
use acteon_store::{Cursor, StoreError};

use crate::operate::recurring::calendars::waits_for;
use crate::operate::recurring::{RecurringAction, RecurringError, RecurringPart};
use crate::operate::scheduled::ScheduledAction;
use crate::shared::Gateway;

/// Most recurring actions that one list looks at: those of ten tenants that have as many as they may.
const MAX_LOOKED_AT: usize = 1000;

/// Most occurrences before a span that are counted, to know whether it has one that is left.
const MOST_COUNTED: u64 = 1000;

/// Most occurrences that one list computes, counted ones too.
const MAX_STEPS: u32 = 50_000;

/// Scheduled actions that are read at a time.
const PAGE: usize = 1000;

/// Pages of scheduled actions that one list looks through: there are more only where the store goes through those of others.
const MAX_PAGES: usize = 20;

/// Time before a span from which on scheduled actions are read: what is due when was computed by clocks that were stepped since, or read a little apart.
const CLOCKS_DIFFER: Duration = Duration::from_mins(1);

/// Shortest time.
const ONE: Duration = Duration::from_millis(1);

/// Action that will go.
#[derive(Clone, Debug)]
pub enum Upcoming {
    /// It is accepted, and waits for its instant.
    Scheduled(ScheduledAction),
    /// Occurrence of a recurring action.
    Occurrence {
        /// Instant of the occurrence.
        at: Timestamp,
        /// Recurring action, as in a list: without what its actions say.
        of: Arc<RecurringAction>,
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
    /// Whether there is, or may be, more within the span than is listed.
    pub more: bool,
    /// What is left out, since the calendar that it goes by is not there.
    pub waiting: BTreeSet<String>,
}

impl Gateway {
    /// What will go within the scope from `from` to `to`, the soonest first, at most `limit`.
    pub async fn upcoming(
        &self,
        scope: &Scope,
        span: (Timestamp, Timestamp),
        limit: usize,
    ) -> Result<UpcomingList, RecurringError> {
        let (from, to) = span;
        let scheduled = self.upcoming_scheduled(scope, span, limit + 1).await?;
        let active = Some(Status::Active.as_str());
        let all = RecurringPart {
            limit: MAX_LOOKED_AT,
            ..RecurringPart::default()
        };
        let recurring = self.recurring_actions(scope, active, all).await?;
        let more = scheduled.cut_at.is_some() || recurring.next.is_some();
        // Behind the last that was read there may be others before the next occurrence.
        let known_to = scheduled.cut_at.map_or(to, |cut_at| to.min(cut_at));
        let calendars = self.inner.policies.load().calendars.clone();
        let waiting: BTreeSet<String> = recurring
            .actions
            .iter()
            .filter_map(|found| waits_for(found, &calendars))
            .collect();
        let merged = move || {
            let (recurring, scheduled) = (recurring.actions, scheduled.found);
            merged(recurring, scheduled, &calendars, (from, known_to), limit)
        };
        let mut list = self
            .aside(merged)
            .await
            .ok_or_else(|| StoreError::Engine("the look at what goes soon broke off".into()))?;
        list.more |= more;
        list.waiting = waiting;
        Ok(list)
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
        // What waits for its calendar has no next one that could be told.
        if recurring.definition.missing_calendar(&calendars).is_some() {
            return Ok(Vec::new());
        }
        let timetable = recurring.definition.timetable(&calendars)?;
        Ok(timetable.all_after(next - ONE).take(most).collect())
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
        let timetable = Timetable::new(recurrence, on, &calendars)?;
        Ok(timetable.all_after(after).take(count).collect())
    }

    /// Scheduled actions within a span, at most `limit`.
    async fn upcoming_scheduled(
        &self,
        scope: &Scope,
        (from, to): (Timestamp, Timestamp),
        limit: usize,
    ) -> Result<ScheduledAhead, RecurringError> {
        let due = &self.inner.due;
        let mut found = Vec::new();
        let mut after = Cursor::newest(due.of_wall(from) - CLOCKS_DIFFER);
        for _ in 0..MAX_PAGES {
            let page = self.scheduled(scope.clone(), Some(after), PAGE).await?;
            for action in page.actions {
                if action.scheduled_for > to || found.len() == limit {
                    return Ok(ScheduledAhead::whole(found));
                }
                if action.scheduled_for >= from {
                    found.push(action);
                }
            }
            match page.next {
                Some(next) => after = next,
                None => return Ok(ScheduledAhead::whole(found)),
            }
        }
        let cut_at = Some(due.to_wall(after.at));
        Ok(ScheduledAhead { found, cut_at })
    }
}

/// Scheduled actions within a span.
struct ScheduledAhead {
    found: Vec<ScheduledAction>,
    /// Instant up to which they are known, where the look ended before the span did.
    cut_at: Option<Timestamp>,
}

impl ScheduledAhead {
    fn whole(found: Vec<ScheduledAction>) -> Self {
        let cut_at = None;
        Self { found, cut_at }
    }
}

/// Recurring action whose occurrences are listed.
struct Source<'c> {
    of: Arc<RecurringAction>,
    timetable: Timetable<'c>,
    /// Number of occurrences that it may have from its next one on.
    left: u64,
}

impl<'c> Source<'c> {
    /// Source of the occurrences from `from` on, and the first of them. `None` where there is none; an error where `steps` do not reach to it.
    fn new(
        of: RecurringAction,
        calendars: &'c Calendars,
        from: Timestamp,
        steps: &mut Steps,
    ) -> Result<Option<(Timestamp, Self)>, OutOfSteps> {
        let recurring = &of.recurring;
        let (Some(next), Ok(timetable)) =
            (recurring.next, recurring.definition.timetable(calendars))
        else {
            return Ok(None);
        };
        let mut left = recurring.left().unwrap_or(u64::MAX);
        // Where few are left, those before the span are counted too.
        let begins = if left <= MOST_COUNTED {
            next
        } else {
            from.max(next)
        };
        steps.take()?;
        let mut first = timetable.after(begins - ONE);
        while let Some(before) = first.filter(|at| *at < from) {
            left = left.saturating_sub(1);
            if left == 0 {
                return Ok(None);
            }
            steps.take()?;
            first = timetable.after(before);
        }
        let of = Arc::new(of);
        Ok(first.map(|first| {
            let source = Self {
                of,
                timetable,
                left,
            };
            (first, source)
        }))
    }

    /// Occurrence after the one at an instant.
    fn after(&mut self, at: Timestamp, steps: &mut Steps) -> Result<Option<Timestamp>, OutOfSteps> {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            return Ok(None);
        }
        steps.take()?;
        Ok(self.timetable.after(at))
    }
}

/// Occurrences that may still be computed.
struct Steps(u32);

/// As many occurrences were computed as may be.
struct OutOfSteps;

impl Steps {
    fn take(&mut self) -> Result<(), OutOfSteps> {
        self.0 = self.0.checked_sub(1).ok_or(OutOfSteps)?;
        Ok(())
    }
}

/// Scheduled actions and occurrences in one order. No more occurrences are computed than are listed, but for those that are counted.
fn merged(
    recurring: Vec<RecurringAction>,
    scheduled: Vec<ScheduledAction>,
    calendars: &Calendars,
    (from, to): (Timestamp, Timestamp),
    limit: usize,
) -> UpcomingList {
    let mut steps = Steps(MAX_STEPS);
    let (mut sources, mut soonest) = (Vec::new(), BinaryHeap::new());
    let mut more = false;
    for action in recurring {
        match Source::new(action, calendars, from, &mut steps) {
            Ok(Some((first, source))) if first <= to => {
                soonest.push(Reverse((first, sources.len())));
                sources.push(source);
            }
            Ok(_) => {}
            Err(OutOfSteps) => more = true,
        }
    }
    let mut scheduled = scheduled.into_iter().peekable();
    let mut upcoming = Vec::new();
    while upcoming.len() < limit {
        let occurrence = soonest.peek().map(|Reverse((at, _))| *at);
        let waits =
            |action: &ScheduledAction| occurrence.is_none_or(|at| action.scheduled_for <= at);
        if let Some(action) = scheduled.next_if(waits) {
            upcoming.push(Upcoming::Scheduled(action));
            continue;
        }
        let Some(Reverse((at, index))) = soonest.pop() else {
            break;
        };
        let Some(source) = sources.get_mut(index) else {
            break;
        };
        let of = Arc::clone(&source.of);
        upcoming.push(Upcoming::Occurrence { at, of });
        let Ok(next) = source.after(at, &mut steps) else {
            // What comes next is not known any more.
            more = true;
            break;
        };
        let next = next.filter(|next| *next <= to);
        soonest.extend(next.map(|next| Reverse((next, index))));
    }
    let more = more || !soonest.is_empty() || scheduled.peek().is_some();
    UpcomingList {
        upcoming,
        more,
        waiting: BTreeSet::new(),
    }
}
