//! Queue of those who wait for a turn of a lane, and who is next.
//!
//! Several providers may send through a lane, each with *slots* of its own: calls that it may have
//! in flight. A turn goes to one that has a slot free: of the priority whose turn it is, and of
//! those to the one that was accepted first. Who waits no more leaves the queue at once: it holds
//! none whose turn nobody would take.

use std::collections::BTreeMap;

use acteon_core::{Priority, Timestamp};
use acteon_store::Seq;
use tokio::sync::oneshot;

/// Rank of an action among those that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    pub(crate) priority: Priority,
    /// Due time at which it was accepted.
    pub(crate) accepted: Timestamp,
    pub(crate) seq: Seq,
}

/// Which of the providers of a lane sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SenderId(usize);

/// Where somebody stands in the queue.
#[derive(Clone, Copy)]
pub(super) struct Ticket {
    id: SenderId,
    rank: Rank,
    comer: u64,
}

/// Queue of those who wait for a `T`.
pub(super) struct WaitQueue<T> {
    senders: Vec<SenderSlots<T>>,
    /// Number of turns given so far to those who waited.
    turns: u64,
    /// Number of those who came: tells two apart that have the same rank.
    comers: u64,
}

struct SenderSlots<T> {
    slots: usize,
    taken: usize,
    /// Those who wait, by priority.
    waiting: [Waiting<T>; 3],
}

/// Those who wait, by rank.
type Waiting<T> = BTreeMap<(Timestamp, Seq, u64), oneshot::Sender<T>>;

/// Next to have a turn.
#[derive(Clone, Copy)]
pub(super) struct Next {
    id: SenderId,
    priority: Priority,
}

impl<T> Default for WaitQueue<T> {
    fn default() -> Self {
        Self {
            senders: Vec::new(),
            turns: 0,
            comers: 0,
        }
    }
}

impl<T> WaitQueue<T> {
    /// Takes in a provider that may have so many calls in flight.
    pub(super) fn add_sender(&mut self, slots: usize) -> SenderId {
        self.senders.push(SenderSlots {
            slots,
            taken: 0,
            waiting: Default::default(),
        });
        SenderId(self.senders.len() - 1)
    }

    /// Whether a provider may have one more call in flight.
    pub(super) fn has_slot(&self, id: SenderId) -> bool {
        self.senders.get(id.0).is_some_and(SenderSlots::has_free)
    }

    pub(super) fn take_slot(&mut self, id: SenderId) {
        self.senders
            .get_mut(id.0)
            .into_iter()
            .for_each(|sender| sender.taken += 1);
    }

    pub(super) fn give_slot(&mut self, id: SenderId) {
        self.senders
            .get_mut(id.0)
            .into_iter()
            .for_each(|sender| sender.taken = sender.taken.saturating_sub(1));
    }

    pub(super) fn push(&mut self, id: SenderId, rank: Rank, waiter: oneshot::Sender<T>) -> Ticket {
        let ticket = Ticket {
            id,
            rank,
            comer: self.comers,
        };
        self.comers += 1;
        // Where there is no such provider the waiter is dropped, and with it its wait.
        if let Some(waiting) = self.waiting(ticket) {
            waiting.insert(ticket.key(), waiter);
        }
        ticket
    }

    /// Takes out somebody who waits no more, if it still stands there.
    pub(super) fn remove(&mut self, ticket: Ticket) -> Option<oneshot::Sender<T>> {
        self.waiting(ticket)?.remove(&ticket.key())
    }

    fn waiting(&mut self, ticket: Ticket) -> Option<&mut Waiting<T>> {
        self.senders
            .get_mut(ticket.id.0)?
            .waiting
            .get_mut(ticket.rank.priority.index())
    }

    /// Next to have a turn, of those that have a slot free.
    pub(super) fn next(&self) -> Option<Next> {
        Priority::order_of_turn(self.turns)
            .into_iter()
            .find_map(|priority| {
                let first = |(id, sender): (usize, &SenderSlots<T>)| {
                    let (rank, _) = sender.waiting[priority.index()]
                        .first_key_value()
                        .filter(|_| sender.has_free())?;
                    Some((*rank, id))
                };
                let (_, id) = self.senders.iter().enumerate().filter_map(first).min()?;
                Some(Next {
                    id: SenderId(id),
                    priority,
                })
            })
    }

    /// Takes the next out of the queue, with a slot.
    pub(super) fn pop(&mut self, next: Next) -> Option<(oneshot::Sender<T>, SenderId)> {
        let sender = self.senders.get_mut(next.id.0)?;
        let (_, waiter) = sender.waiting[next.priority.index()].pop_first()?;
        sender.taken += 1;
        self.turns += 1;
        Some((waiter, next.id))
    }

    /// Number of those who wait.
    pub(super) fn len(&self) -> usize {
        self.senders
            .iter()
            .flat_map(|sender| &sender.waiting)
            .map(BTreeMap::len)
            .sum()
    }

    /// Takes all who wait out of the queue.
    pub(super) fn clear(&mut self) -> Vec<oneshot::Sender<T>> {
        let waiting = self
            .senders
            .iter_mut()
            .flat_map(|sender| &mut sender.waiting);
        waiting
            .flat_map(|waiting| std::mem::take(waiting).into_values())
            .collect()
    }
}

impl Ticket {
    fn key(self) -> (Timestamp, Seq, u64) {
        (self.rank.accepted, self.rank.seq, self.comer)
    }
}

impl<T> SenderSlots<T> {
    fn has_free(&self) -> bool {
        self.taken < self.slots
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rank(priority: Priority, accepted: i64, seq: i64) -> Rank {
        Rank {
            priority,
            accepted: Timestamp::from_millis(accepted),
            seq: Seq(seq),
        }
    }

    /// Priorities of so many turns where a hundred of each wait.
    fn turns(queue: &mut WaitQueue<()>, count: usize) -> Vec<Priority> {
        let turn = |_| {
            let next = queue.next().expect("somebody waits");
            let (_, id) = queue.pop(next).expect("it waits");
            queue.give_slot(id);
            next.priority
        };
        (0..count).map(turn).collect()
    }

    #[test]
    fn high_ones_go_first_and_none_is_passed_over_for_ever() {
        let mut queue = WaitQueue::<()>::default();
        let id = queue.add_sender(1);
        for number in 0..100 {
            for priority in Priority::ALL {
                queue.push(id, rank(priority, number, number), oneshot::channel().0);
            }
        }
        let turns = turns(&mut queue, 32);
        let count = |priority| turns.iter().filter(|turn| **turn == priority).count();
        assert_eq!(Priority::ALL.map(count), [24, 6, 2], "{turns:?}");
        assert_eq!(queue.len(), 300 - 32);
    }

    #[test]
    fn who_waits_no_more_leaves_and_no_other() {
        let mut queue = WaitQueue::<()>::default();
        let id = queue.add_sender(1);
        // Two stand at the same place.
        let tickets: Vec<Ticket> = [
            (Priority::High, 1),
            (Priority::High, 1),
            (Priority::Low, 1),
            (Priority::Normal, 2),
        ]
        .map(|(priority, seq)| queue.push(id, rank(priority, 0, seq), oneshot::channel().0))
        .into();
        assert!(queue.remove(tickets[0]).is_some() && queue.remove(tickets[0]).is_none());
        assert_eq!(queue.len(), 3);
        let next = queue.next().expect("the other one");
        assert!(next.priority == Priority::High && queue.pop(next).is_some());
        assert!(queue.remove(tickets[1]).is_none(), "its turn has come");
        assert!(queue.remove(tickets[3]).is_some() && queue.remove(tickets[2]).is_some());
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn those_of_a_priority_go_as_they_were_accepted() {
        let mut queue = WaitQueue::<()>::default();
        let (full, free) = (queue.add_sender(1), queue.add_sender(1));
        queue.take_slot(full);
        let mut heard: Vec<_> = [(20, 1), (10, 3), (10, 2)]
            .map(|(accepted, seq)| {
                let (waiter, turn) = oneshot::channel();
                queue.push(free, rank(Priority::Normal, accepted, seq), waiter);
                (seq, turn)
            })
            .into();
        queue.push(full, rank(Priority::High, 0, 0), oneshot::channel().0);
        for expected in [2, 3, 1] {
            let next = queue
                .next()
                .expect("somebody waits whose provider has a slot");
            drop(queue.pop(next));
            assert!(queue.next().is_none(), "its provider has no slot free");
            queue.give_slot(free);
            let id = heard.iter_mut().position(|(_, turn)| {
                matches!(turn.try_recv(), Err(oneshot::error::TryRecvError::Closed))
            });
            let (told, _) = heard.remove(id.expect("a turn"));
            assert_eq!(told, expected);
        }
    }
}
