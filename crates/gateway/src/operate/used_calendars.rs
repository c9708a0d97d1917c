//! Names of the calendars that recurring actions go by, as far as this process knows.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acteon_core::Timestamp;
use acteon_flows::Definition;

/// Time between two looks at who goes by a calendar that is not there.
const LOOK_AGAIN: Duration = Duration::from_mins(1);

/// Calendars that recurring actions go by: those of the last look through the store, and of what was made or changed here since.
#[derive(Default)]
pub(crate) struct UsedCalendars(Mutex<Used>);

#[derive(Default)]
struct Used {
    names: BTreeSet<String>,
    /// Instant of the last look, in due time.
    looked_at: Option<Timestamp>,
}

impl UsedCalendars {
    /// Adds the calendar of a definition.
    pub(super) fn add(&self, definition: &Definition) {
        let name = definition.calendar.as_ref().map(|on| on.name.clone());
        self.locked().names.extend(name);
    }

    /// Takes over what a look has found.
    pub(super) fn set(&self, names: BTreeSet<String>, now: Timestamp) {
        *self.locked() = Used {
            names,
            looked_at: Some(now),
        };
    }

    /// Names for which `is_told`.
    pub(super) fn names(&self, is_told: impl Fn(&str) -> bool) -> Vec<String> {
        let used = self.locked();
        let told = used.names.iter().filter(|name| is_told(name));
        told.cloned().collect()
    }

    /// Whether the last look was more than [`LOOK_AGAIN`] ago. If so the caller has one: until it has, nobody else is told.
    pub(super) fn is_time_to_look(&self, now: Timestamp) -> bool {
        let mut used = self.locked();
        let last = used.looked_at;
        let is_time = last.is_none_or(|last| now.since(last) >= LOOK_AGAIN);
        if is_time {
            used.looked_at = Some(now);
        }
        is_time
    }

    fn locked(&self) -> MutexGuard<'_, Used> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
