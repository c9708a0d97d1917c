//! Schedule of a row: whether its caller or a rule named the instant at which it goes, and what is yet to be done then.

use acteon_core::{Outcome, Timestamp, VerdictKind};
use acteon_store::Record;

use crate::policies::may_be_scheduled;

/// What a claimed row says of its schedule.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Schedule {
    /// The instant that it waited for, by the wall clock.
    pub(crate) at: Option<Timestamp>,
    /// Whether its quotas are yet to be charged.
    pub(crate) is_uncharged: bool,
}

impl Schedule {
    /// The schedule of a row, as it stands in the store.
    pub(crate) fn of(record: &Record) -> Self {
        if record.attempts > 0 || !is_scheduled(record) {
            return Self::default();
        }
        // A delay is time that passes, whatever the clock says. What was put off since for something else tells another instant.
        let so_far = record
            .outcome
            .as_deref()
            .filter(|_| record.action.scheduled_at.is_some() && record.due_at == record.not_before);
        let at = match so_far.and_then(|text| serde_json::from_str(text).ok()) {
            Some(Outcome::Scheduled {
                scheduled_for,
                last_error: None,
                ..
            }) => Some(scheduled_for),
            _ => None,
        };
        Self {
            at,
            is_uncharged: record.charges.counters.is_empty(),
        }
    }
}

/// Whether an action's caller or a rule named the instant at which it goes.
pub(crate) fn is_scheduled(record: &Record) -> bool {
    let action = &record.action;
    may_be_scheduled(record.origin)
        && (action.scheduled_at.is_some()
            || action.delay_seconds.is_some()
            || record.verdict == VerdictKind::Schedule.as_str())
}

/// Whether a row was claimed that had waited for an instant until now, whoever named it.
pub(crate) fn came_due(record: &Record) -> bool {
    record.attempts == 0 && record.outcome.is_some() && record.due_at == record.not_before
}
