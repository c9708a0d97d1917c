//! Occurrences that are due, and which of them are sent.

use std::collections::VecDeque;
use std::time::Duration;

use acteon_core::Timestamp;
use acteon_schedule::Calendars;

use super::body::Recurring;
use super::definition::{MissedRuns, OverlapPolicy};
use super::timetable::{ONE, Timetable};
use crate::kind::InvalidBody;

/// Lateness from which on an occurrence counts as missed. The text of what is sent later than that says so as well.
const MISSED_AFTER: Duration = Duration::from_mins(2);
/// Most occurrences that are made up for.
pub(super) const MOST_MADE_UP: usize = 100;
/// Most occurrences that are counted one by one.
pub(super) const MOST_COUNTED: usize = 1000;

/// Occurrences that are due at an instant.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CatchUp {
    /// Occurrence that is sent.
    pub(super) send: Option<Timestamp>,
    /// Number of those that the policy for missed runs skips.
    pub(super) skipped: u64,
    /// Whether more were skipped than were counted.
    pub(super) more: bool,
    /// First occurrence after them.
    pub(super) next: Option<Timestamp>,
}

impl CatchUp {
    pub(super) fn of(
        recurring: &Recurring,
        now: Timestamp,
        calendars: &Calendars,
    ) -> Result<Self, InvalidBody> {
        let definition = &recurring.definition;
        let timetable = definition.timetable(calendars)?;
        let first = recurring.next.filter(|next| *next <= now);
        let Some(first) = first else {
            // Looked for anew: the clock may have been set back, or the calendar changed.
            let next = recurring.next_from(now, &timetable);
            return Ok(Self {
                send: None,
                skipped: 0,
                more: false,
                next,
            });
        };
        let Due {
            newest,
            count,
            more,
            next,
        } = Due::look(&timetable, first, now);
        let missed = |occurrence: Timestamp| now.since(occurrence) > MISSED_AFTER;
        let mut sent: Vec<Timestamp> = match definition.missed_runs {
            MissedRuns::Skip => newest.into_iter().filter(|at| !missed(*at)).collect(),
            MissedRuns::RunOnce if newest.iter().any(|at| missed(*at)) => {
                newest.into_iter().next_back().into_iter().collect()
            }
            MissedRuns::RunOnce | MissedRuns::RunAll => newest.into_iter().collect(),
        };
        if definition.overlap_policy == OverlapPolicy::CancelOther {
            // Each would be called off by the next.
            sent.drain(..sent.len().saturating_sub(1));
        }
        // What its end cuts off is not skipped by a policy.
        let skipped = (count as u64).saturating_sub(sent.len() as u64);
        let left = recurring.left().unwrap_or(u64::MAX);
        sent.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        // One a step: each finds room by itself, and the next is due at once.
        let next = sent.get(1).copied().or(next);
        Ok(Self {
            send: sent.first().copied(),
            skipped,
            more,
            next,
        })
    }

    /// Sentence for the log where occurrences were skipped. `overlapped` of those to be sent were not, for what is open.
    pub(super) fn notice(&self, id: &str, overlapped: u64) -> Option<String> {
        let more = if self.more { "more than " } else { "" };
        match (self.skipped, overlapped) {
            (0, 0) => None,
            (0, overlapped) => Some(format!(
                "{overlapped} occurrences of the recurring action {id:?} were skipped: the action of the one before is still open"
            )),
            (skipped, _) => Some(format!(
                "{more}{skipped} occurrences of the recurring action {id:?} passed before they could be sent and were skipped, as its policy for missed runs says"
            )),
        }
    }
}

/// Occurrences up to an instant.
struct Due {
    /// Newest of them, oldest first.
    newest: VecDeque<Timestamp>,
    /// Number of all of them.
    count: usize,
    /// Whether there are more than were counted.
    more: bool,
    /// First occurrence after the instant.
    next: Option<Timestamp>,
}

impl Due {
    fn look(timetable: &Timetable<'_>, first: Timestamp, now: Timestamp) -> Self {
        let mut due = Self {
            newest: VecDeque::new(),
            count: 0,
            more: false,
            next: None,
        };
        // With the first, unless the calendar has changed since it was computed.
        due.next = timetable.after(first - ONE);
        while let Some(occurrence) = due.next.filter(|next| *next <= now) {
            if due.count == MOST_COUNTED {
                due.look_back(timetable, first, now);
                break;
            }
            due.count += 1;
            due.newest.push_back(occurrence);
            if due.newest.len() > MOST_MADE_UP {
                due.newest.pop_front();
            }
            due.next = timetable.after(occurrence);
        }
        due
    }

    /// Takes the newest from their end, where there are too many to count.
    fn look_back(&mut self, timetable: &Timetable<'_>, first: Timestamp, now: Timestamp) {
        self.more = true;
        self.newest.clear();
        let mut end = now + ONE;
        while self.newest.len() < MOST_MADE_UP {
            let Some(occurrence) = timetable.last_within(first, end) else {
                break;
            };
            self.newest.push_front(occurrence);
            end = occurrence;
        }
        self.next = timetable.after(now);
    }
}
