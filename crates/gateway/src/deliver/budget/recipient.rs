//! One recipient's sends and turns. Pure: instants come in.

use std::collections::VecDeque;
use std::time::Duration;

use acteon_core::Budget;

pub(super) const MINUTE: Duration = Duration::from_mins(1);
pub(super) const HOUR: Duration = Duration::from_hours(1);
/// Time added to both windows, for clocks that do not run alike.
pub(super) const MARGIN: Duration = Duration::from_secs(1);
/// Time added to both windows once more where turns are given, because a row is not sent the
/// instant that its turn comes.
const LATENESS: Duration = Duration::from_secs(1);
/// Time after its instant for which a turn is kept for the row that got it.
const TURN_KEEPS: Duration = Duration::from_secs(10);
/// Longest wait of a row that comes at its turn and keeps it.
pub(crate) const SOON: Duration = Duration::from_secs(5);

/// Share of a budget: what a gateway may send to one recipient.
#[derive(Clone, Copy)]
pub(super) struct BudgetShare {
    /// Part of the budget that is this gateway's own, to which it keeps.
    own: Budget,
    /// Whole budget, by which turns are reckoned.
    whole: Budget,
    gateways: usize,
}

impl BudgetShare {
    pub(super) fn of(whole: Budget, gateways: usize) -> Self {
        // Rounded down, so that the parts of all gateways together stay within the budget; at least
        // one, since a part of nothing would hold messages back for ever.
        let share = |limit: usize| (limit / gateways).max(1);
        let own = Budget {
            per_minute: share(whole.per_minute),
            per_hour: share(whole.per_hour),
        };
        Self {
            own,
            whole,
            gateways,
        }
    }
}

/// Claimant: who wants to send.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Claimant {
    /// Whether it comes from the store, where it may have waited for its turn.
    pub(crate) returns: bool,
    /// Whether it goes before those who wait for theirs: it is of high priority.
    pub(crate) is_first: bool,
}

#[derive(Default)]
pub(super) struct Recipient {
    in_flight: usize,
    /// Ends of sends within the last hour, in order.
    ends: VecDeque<Duration>,
    /// Turns that were given and are not over, in order.
    turns: VecDeque<Duration>,
    /// Number of sends that were told of at the start.
    recalled: usize,
}

impl Recipient {
    /// Instant at which this may be forgotten; `None` for now.
    pub(super) fn idle_from(&self, now: Duration) -> Option<Duration> {
        let used = self.ends.back().map(|end| *end + HOUR + MARGIN);
        let turn = self.turns.back().map(|turn| *turn + TURN_KEEPS);
        // A send in flight may end at any time and counts for an hour from then.
        let flying = (self.in_flight > 0).then_some(now + HOUR);
        used.max(turn).max(flying).filter(|until| *until > now)
    }

    /// Bytes that its sends and turns take. Their queues have up to twice the room that they use.
    pub(super) fn bytes(&self) -> usize {
        2 * size_of::<Duration>() * (self.ends.len() + self.turns.len())
    }

    /// Whether it has used less than half of its budget and waits for nothing, so that little is lost when it is forgotten.
    pub(super) fn is_far_from(&self, now: Duration, part: BudgetShare) -> bool {
        let Budget {
            per_minute,
            per_hour,
        } = part.own;
        let used = |window| 2 * self.inside(now, window + MARGIN);
        let waits = self
            .turns
            .back()
            .is_some_and(|turn| *turn + TURN_KEEPS > now);
        self.in_flight == 0 && !waits && used(MINUTE) < per_minute && used(HOUR) < per_hour
    }

    /// Whether a send fits now. A send without a turn lets those go first whose turn has come, unless it is of high priority.
    pub(super) fn fits(&mut self, now: Duration, part: BudgetShare, claimant: Claimant) -> bool {
        while self
            .ends
            .pop_front_if(|end| *end + HOUR + MARGIN <= now)
            .is_some()
        {}
        while self
            .turns
            .pop_front_if(|turn| *turn + TURN_KEEPS <= now)
            .is_some()
        {}
        // Turns are not kept by row, since any gateway may claim any row. Whoever comes back from
        // the store when a turn has come is taken for the one that it was given to: the number that
        // goes is right, whichever it is.
        let has_turn = claimant.is_first || claimant.returns && self.has_turn(now);
        [(MINUTE, part.own.per_minute), (HOUR, part.own.per_hour)]
            .into_iter()
            .all(|(window, limit)| {
                let before = if has_turn {
                    0
                } else {
                    self.turns.partition_point(|turn| *turn <= now + window)
                };
                // Of the turns that come, this gateway takes its share.
                self.in_flight + self.inside(now, window + MARGIN) + before.div_ceil(part.gateways)
                    < limit
            })
    }

    /// Turn of a claimant that does not fit; no later than `now` where this recipient is not why.
    pub(super) fn next_turn(
        &mut self,
        now: Duration,
        part: BudgetShare,
        claimant: Claimant,
    ) -> Duration {
        if self.fits(now, part, claimant) {
            return now;
        }
        let BudgetShare { own, whole, .. } = part;
        if claimant.is_first || claimant.returns && self.has_turn(now) {
            let room = |window, limit| self.after(now, window + MARGIN, limit, 0);
            let soon = room(MINUTE, own.per_minute).max(room(HOUR, own.per_hour));
            if claimant.is_first || soon <= now + SOON {
                return soon.max(now + Duration::from_millis(1));
            }
        }
        // Behind the last turn, and not in the first gap: a gap is what the turns before it were
        // reckoned with.
        let last = |window, own, whole| self.after_all(now, window + MARGIN + LATENESS, own, whole);
        let last = last(MINUTE, own.per_minute, whole.per_minute).max(last(
            HOUR,
            own.per_hour,
            whole.per_hour,
        ));
        // Never now: the row would be due at once, and go round without a pause.
        last.max(self.turns.back().copied().unwrap_or(now))
            .max(now + Duration::from_millis(1))
    }

    /// First instant after all turns at which one more would leave no window with too many.
    fn after_all(&self, now: Duration, window: Duration, own: usize, whole: usize) -> Duration {
        // Turns alone may fill a window. Then the next lies a window behind the turn that is `whole` places back; else past sends decide as well.
        match self.turns.len().checked_sub(whole) {
            Some(index) => self.turns.get(index).map_or(now, |turn| *turn + window),
            None => self.after(now, window, own, self.turns.len()),
        }
    }

    /// First instant at which there is room for one more beside `turns` turns, as far as past sends
    /// and those in flight are concerned.
    fn after(&self, now: Duration, window: Duration, limit: usize, turns: usize) -> Duration {
        // Of the limit, turns and calls in flight take their places first. What is left is for past sends: there is room for one more once the send
        // that many places from the end has left the window.
        let left = limit.saturating_sub(turns).max(1);
        let Some(of_ends) = left.checked_sub(self.in_flight).filter(|left| *left > 0) else {
            return now + window;
        };
        let index = self.ends.len().checked_sub(of_ends);
        index
            .and_then(|index| self.ends.get(index))
            .map_or(now, |end| *end + window)
    }

    /// Keeps the turn of a send that was put off, if it is this recipient's. The turn that it had before is over.
    pub(super) fn put_off(&mut self, now: Duration, turn: Option<Duration>, claimant: Claimant) {
        self.use_turn(now, claimant);
        if let Some(turn) = turn {
            let index = self.turns.partition_point(|other| *other <= turn);
            self.turns.insert(index, turn);
        }
    }

    pub(super) fn begin(&mut self, now: Duration, claimant: Claimant) {
        self.use_turn(now, claimant);
        self.in_flight += 1;
    }

    pub(super) fn ended(&mut self, now: Duration, counted: bool) {
        self.in_flight = self.in_flight.saturating_sub(1);
        // What surely did not arrive is not counted, so a failed send costs its recipient nothing.
        if counted {
            self.ends.push_back(now);
        }
    }

    /// Counts a send of one of the gateways. Each has its part of them, as it has of the budget.
    pub(super) fn remember(&mut self, end: Duration, part: BudgetShare) {
        // The look at recent sends finds those of all gateways; each counts every n-th against its
        // n-th of the budget.
        if self.recalled.is_multiple_of(part.gateways) {
            let index = self.ends.partition_point(|other| *other <= end);
            self.ends.insert(index, end);
        }
        self.recalled += 1;
    }

    fn has_turn(&self, now: Duration) -> bool {
        self.turns.front().is_some_and(|turn| *turn <= now)
    }

    /// Uses up the oldest turn that has come. Which row it was given to is not known: any may have gone elsewhere.
    fn use_turn(&mut self, now: Duration, claimant: Claimant) {
        if claimant.returns {
            self.turns.pop_front_if(|turn| *turn <= now);
        }
    }

    /// Number of sends that ended within `window` before `now`.
    fn inside(&self, now: Duration, window: Duration) -> usize {
        self.ends.len() - self.ends.partition_point(|end| *end + window <= now)
    }
}
