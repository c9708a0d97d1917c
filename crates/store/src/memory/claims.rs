//! Claims: rows that are due become a process's.

use acteon_core::{Priority, Timestamp};

use super::tables::Tables;
use crate::model::{Claim, ClaimRows, Claimed, OwnerId, Record};

impl Tables {
    pub(super) fn claim(&mut self, claim: &Claim) -> Vec<Claimed> {
        let Claim { owner, now, rows } = claim;
        if !self.processes.contains_key(&owner.0) {
            return Vec::new();
        }
        match rows {
            ClaimRows::Overdue { limit } => {
                let overdue = self.unowned(*limit, |record| record.give_up_at <= *now);
                self.take(*owner, 0, overdue)
            }
            ClaimRows::Due(rooms) => {
                let mut claimed = Vec::new();
                for (place, room) in rooms.iter().enumerate() {
                    let due = |priority: Priority| {
                        let is_due = |record: &Record| {
                            record.due_at <= *now
                                && record.priority == priority
                                && room.providers.contains(&record.provider)
                        };
                        self.unowned(room.most_of(priority), is_due)
                    };
                    let chosen = room.choose(Priority::ALL.map(due));
                    claimed.extend(self.take(*owner, place, chosen));
                }
                claimed
            }
        }
    }

    /// Unowned rows, oldest due first.
    fn unowned(&self, limit: usize, wanted: impl Fn(&Record) -> bool) -> Vec<(Timestamp, i64)> {
        let unowned = self
            .open()
            .filter(|entry| entry.owner == 0 && wanted(&entry.record));
        let mut due: Vec<(Timestamp, i64)> = unowned
            .map(|entry| (entry.record.due_at, entry.record.seq.0))
            .collect();
        due.sort_unstable();
        due.truncate(limit);
        due
    }

    /// Makes a process the owner of rows, for a room.
    fn take(&mut self, owner: OwnerId, room: usize, due: Vec<(Timestamp, i64)>) -> Vec<Claimed> {
        let mut claimed = Vec::with_capacity(due.len());
        for (_, seq) in due {
            if let Some(entry) = self.entries.get_mut(&seq) {
                entry.own(owner.0);
                entry.record.fence += 1;
                claimed.push(Claimed {
                    hold: entry.hold(),
                    room,
                });
            }
        }
        claimed
    }
}
