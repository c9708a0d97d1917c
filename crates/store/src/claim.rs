//! Claims: which of the rows that are due become a process's, and in which order.

use acteon_core::limits::MAX_LANE_WAITING;
use acteon_core::{Priority, ProviderName, Timestamp};

use crate::model::{Hold, OwnerId};

/// Request of a process to become the owner of due rows.
#[derive(Clone)]
pub struct Claim {
    /// Process that will own the rows.
    pub owner: OwnerId,
    /// Instant of the request, in due time; rows due later stay unowned.
    pub now: Timestamp,
    /// Which rows to claim.
    pub rows: ClaimRows,
}

/// Which rows to claim.
#[derive(Clone)]
pub enum ClaimRows {
    /// Due rows of some providers: the highest priority first, and of each the oldest due, then the first accepted.
    Due(Vec<Room>),
    /// Rows of any provider that should be given up by now: their providers may no longer be configured.
    Overdue {
        /// Number of rows at most.
        limit: usize,
    },
}

/// Room for due rows of providers that share it.
#[derive(Clone, Debug)]
pub struct Room {
    /// Providers that share the room.
    pub providers: Vec<ProviderName>,
    /// Number of rows at most, of all these providers together.
    pub limit: usize,
    /// Number of rows of high priority beyond the limit.
    pub more_high: usize,
    /// Number of rows claimed for this room before, so that each priority has its turns, as [`Priority::order_of_turn`] gives them.
    pub turn: u64,
}

impl Room {
    /// Room for rows of some providers, where none were claimed before.
    pub fn of(providers: Vec<ProviderName>, limit: usize) -> Self {
        Self {
            providers,
            limit,
            more_high: 0,
            turn: 0,
        }
    }

    /// Number of rows of each priority, by its index, that come before those of higher ones.
    pub(crate) fn first(&self) -> [usize; 3] {
        let mut first = [0; 3];
        for turn in 0..self.limit.min(MAX_LANE_WAITING) {
            first[Priority::order_of_turn(self.turn + turn as u64)[0].index()] += 1;
        }
        first[Priority::High.index()] = 0;
        first
    }

    /// Number of rows of a priority that are claimed at most.
    pub(crate) fn most_of(&self, priority: Priority) -> usize {
        if priority == Priority::High {
            self.limit + self.more_high
        } else {
            self.limit
        }
    }

    /// Which rows to claim, of those of each priority that are due, in their order: first those whose turn has come, then the highest.
    pub(crate) fn choose<T: Copy>(&self, due: [Vec<T>; 3]) -> Vec<T> {
        let mut first = Vec::new();
        let mut others = Vec::new();
        for ((rows, priority), count) in due.into_iter().zip(Priority::ALL).zip(self.first()) {
            let count = count.min(rows.len());
            first.extend_from_slice(&rows[..count]);
            others.extend(rows[count..].iter().map(|row| (priority, *row)));
        }
        let left = self.limit.saturating_sub(first.len());
        let goes = |(place, (priority, _)): &(usize, (Priority, T))| {
            *place < left || (*priority == Priority::High && *place < left + self.more_high)
        };
        // In the order in which they are sent.
        let high = others
            .iter()
            .take_while(|(priority, _)| *priority == Priority::High)
            .count();
        let mut chosen: Vec<T> = others
            .into_iter()
            .enumerate()
            .filter(goes)
            .map(|(_, (_, row))| row)
            .collect();
        let high = high.min(chosen.len());
        chosen.splice(high..high, first);
        chosen
    }
}

/// Row that a claim made its process the owner of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Owner and fence of the row from now on.
    pub hold: Hold,
    /// Index of the room in the claim that the row is for.
    pub room: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows claimed where so many of each priority are due.
    fn chosen(room: &Room, due: [usize; 3]) -> [usize; 3] {
        let rows = Priority::ALL.map(|priority| vec![priority; due[priority.index()]]);
        let chosen = room.choose(rows);
        assert!(
            chosen.is_sorted_by_key(|priority| *priority != Priority::High),
            "high ones are sent first: {chosen:?}"
        );
        Priority::ALL.map(|priority| chosen.iter().filter(|one| **one == priority).count())
    }

    #[test]
    fn high_rows_come_first_and_every_priority_has_its_turns() {
        let room = |limit, turn| Room {
            providers: Vec::new(),
            limit,
            more_high: 0,
            turn,
        };
        assert_eq!(chosen(&room(16, 0), [100, 100, 100]), [12, 3, 1]);
        assert_eq!(chosen(&room(16, 0), [2, 100, 100]), [2, 13, 1]);
        assert_eq!(chosen(&room(16, 0), [0, 0, 100]), [0, 0, 16]);
        assert_eq!(chosen(&room(16, 0), [100, 0, 0]), [16, 0, 0]);
        // One by one the same comes of it.
        let one_by_one = (0..16).map(|turn| chosen(&room(1, turn), [100, 100, 100]));
        assert_eq!(
            one_by_one.fold([0; 3], |sum, one| [0, 1, 2]
                .map(|place| sum[place] + one[place])),
            [12, 3, 1]
        );
    }

    #[test]
    fn what_is_high_has_room_of_its_own() {
        let full = Room {
            providers: Vec::new(),
            limit: 0,
            more_high: 3,
            turn: 15,
        };
        assert_eq!(chosen(&full, [10, 10, 10]), [3, 0, 0]);
        let room = Room {
            limit: 4,
            turn: 0,
            ..full
        };
        assert_eq!(chosen(&room, [10, 10, 10]), [6, 1, 0]);
    }
}
