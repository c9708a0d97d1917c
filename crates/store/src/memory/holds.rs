//! Rows that processes hold, and what frees them.

use std::collections::BTreeMap;

use acteon_core::Timestamp;

use super::tables::{JournalRow, Tables};
use crate::model::Freed;

impl Tables {
    /// Frees owned rows that are `wanted`. Marks those that may have been sent, due at `now`; the others are due when they were.
    pub(super) fn free(
        &mut self,
        now: Timestamp,
        wanted: impl Fn(&JournalRow, &BTreeMap<i64, i64>) -> bool,
    ) -> Freed {
        let mut freed = Freed::default();
        let processes = &self.processes;
        for entry in self
            .entries
            .values_mut()
            .filter(|entry| entry.owner != 0 && wanted(entry, processes))
        {
            if entry.record.in_flight {
                entry.record.takeovers += 1;
                entry.record.possible_duplicate = true;
                entry.record.due_at = now;
                freed.maybe_sent += 1;
            } else {
                freed.unsent += 1;
            }
            entry.own(0);
        }
        freed
    }
}
