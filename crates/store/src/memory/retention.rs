//! Retention: deleting what ended and is kept no longer.

use acteon_core::Timestamp;
use acteon_core::limits::MAX_PRUNE_BATCH;

use super::tables::{JournalRow, Tables};
use crate::history::Cursor;
use crate::model::ActionState;
use crate::retention::{Pruned, Retention};

impl Tables {
    pub(super) fn prune(&mut self, retention: &Retention, after: Option<Cursor>) -> Pruned {
        let newest = self.entries.keys().next_back().copied().unwrap_or_default();
        let cursor = |entry: &JournalRow| Cursor {
            at: entry.record.accepted_at,
            seq: entry.record.seq,
        };
        let is_after = |cursor: Cursor| {
            after.is_none_or(|after| (cursor.at, cursor.seq) > (after.at, after.seq))
        };
        let is_old = |entry: &&JournalRow| {
            entry.record.accepted_at < retention.before
                && entry.record.seq.0 < newest
                && is_after(cursor(entry))
        };
        let mut old: Vec<Cursor> = self.entries.values().filter(is_old).map(cursor).collect();
        old.sort_unstable_by_key(|cursor| (cursor.at, cursor.seq));
        old.truncate(MAX_PRUNE_BATCH);
        let mut deleted = 0;
        for cursor in &old {
            let goes = |entry: &JournalRow| {
                entry.record.state != ActionState::Open
                    && retention.of.have(entry.record.action.tenant.as_str())
            };
            if self.entries.get(&cursor.seq.0).is_some_and(goes) {
                self.entries.remove(&cursor.seq.0);
                self.by_id.retain(|_, known| *known != cursor.seq.0);
                deleted += 1;
            }
        }
        let last = old.last().copied();
        Pruned {
            deleted,
            next: last.filter(|_| old.len() == MAX_PRUNE_BATCH),
            last,
        }
    }

    /// Deletes dedup keys, throttles, counters and notes whose time is over.
    pub(super) fn sweep(&mut self, now: Timestamp) {
        self.holders.retain(|_, holder| holder.until > now);
        self.rings.retain(|_, ring| ring.until > now);
        self.counters.retain(|_, (_, until)| *until > now);
        self.notes.retain(|_, (_, until)| *until > now);
    }
}
