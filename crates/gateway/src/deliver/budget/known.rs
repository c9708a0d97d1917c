//! Recipients that are known, within a bound of bytes.
//!
//! Whoever has been idle for an hour is forgotten: at each look and each send more of them than the
//! message names, so that they go faster than they come. Above the bound those go first who are far
//! from their budget, from which the least is lost. Where nobody is, a message to somebody of whom
//! nothing is known waits for a minute: too late is better than dropped by the service.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::recipient::{BudgetShare, Claimant, HOUR, MINUTE, Recipient};

/// Bytes that a recipient takes beside its name and what was sent to it: its places in the map and in the queue.
const ENTRY_BYTES: usize = 256;

/// Number of recipients looked at beside those that a message names, where the bound is reached:
/// turns that were given may have gone beyond it.
const MORE_WHERE_FULL: usize = 100;

/// Time for which a send is put off before it is known what was sent: longer than who comes waits
/// in memory.
const LOOK_AGAIN: Duration = Duration::from_secs(15);

/// Recipients that have a budget in use, by name.
pub(super) struct Recipients {
    by_name: HashMap<Arc<str>, Recipient>,
    /// Queue of every recipient once, with the instant at which it may have become idle.
    to_forget: VecDeque<(Duration, Arc<str>)>,
    bytes: usize,
    most_bytes: usize,
    /// Instant until which nothing fits, because it is not known what was sent before this gateway
    /// started.
    closed_until: Option<Duration>,
}

impl Recipients {
    pub(super) fn new(most_bytes: usize) -> Self {
        Self {
            by_name: HashMap::new(),
            to_forget: VecDeque::new(),
            bytes: 0,
            most_bytes,
            closed_until: None,
        }
    }

    pub(super) fn close_until(&mut self, over: Duration) {
        self.closed_until = Some(over);
    }

    pub(super) fn open(&mut self) {
        self.closed_until = None;
    }

    /// Whether a send fits. `Err` is the time until the turn of its fullest recipient.
    pub(super) fn look(
        &mut self,
        recipients: &[String],
        now: Duration,
        part: BudgetShare,
        claimant: Claimant,
    ) -> Result<(), Duration> {
        if let Some(over) = self.closed_until.filter(|over| *over > now) {
            return Err(over.min(now + LOOK_AGAIN));
        }
        // Twice as many as may come with this message, so that the memory shrinks also under a
        // steady stream of new names.
        self.forget(2 * recipients.len() + 2, now, part);
        let mut latest = now;
        for name in recipients {
            let turn = self
                .change(name, |one| one.next_turn(now, part, claimant))
                .unwrap_or(now);
            latest = latest.max(turn);
        }
        if latest == now {
            return self
                .is_full()
                .then(|| self.of_unknown(recipients, now))
                .flatten()
                .map_or(Ok(()), Err);
        }
        for name in recipients {
            self.change(name, |one| {
                // Only those whose turn it is keep it. The others have room, and a turn of theirs
                // would hold others back for a message that does not come then.
                let turn = one.next_turn(now, part, claimant);
                one.put_off(now, (turn == latest).then_some(turn), claimant);
            });
        }
        Err(latest)
    }

    /// Counts a send to all as in flight, if it fits.
    pub(super) fn begin(
        &mut self,
        recipients: &[String],
        now: Duration,
        part: BudgetShare,
        claimant: Claimant,
    ) -> Result<(), Duration> {
        self.look(recipients, now, part, claimant)?;
        for name in recipients {
            self.change_or_make(name, now, |one| one.begin(now, claimant));
        }
        Ok(())
    }

    pub(super) fn ended(&mut self, recipients: &[String], now: Duration, counted: bool) {
        for name in recipients {
            self.change(name, |one| one.ended(now, counted));
        }
    }

    /// Counts a send that ended before this process started. Above the bound it counts for those of whom something is known.
    pub(super) fn remember(
        &mut self,
        recipients: &[String],
        now: Duration,
        end: Duration,
        part: BudgetShare,
    ) {
        self.forget(2 * recipients.len(), now, part);
        for name in recipients {
            if self.is_full() {
                self.change(name, |one| one.remember(end, part));
            } else {
                self.change_or_make(name, now, |one| one.remember(end, part));
            }
        }
    }

    /// Turn of a send to somebody of whom nothing is known, where nothing more can be.
    fn of_unknown(&self, recipients: &[String], now: Duration) -> Option<Duration> {
        let is_unknown = |name: &String| !self.by_name.contains_key(name.as_str());
        recipients.iter().any(is_unknown).then_some(now + MINUTE)
    }

    fn is_full(&self) -> bool {
        self.bytes >= self.most_bytes
    }

    fn change_or_make(&mut self, name: &str, now: Duration, change: impl FnOnce(&mut Recipient)) {
        if !self.by_name.contains_key(name) {
            let key: Arc<str> = name.into();
            self.to_forget.push_back((now + HOUR, Arc::clone(&key)));
            self.by_name.insert(key, Recipient::default());
            self.bytes += ENTRY_BYTES + name.len();
        }
        self.change(name, change);
    }

    fn change<T>(&mut self, name: &str, change: impl FnOnce(&mut Recipient) -> T) -> Option<T> {
        let one = self.by_name.get_mut(name)?;
        let before = one.bytes();
        let changed = change(one);
        self.bytes = self.bytes + one.bytes() - before;
        Some(changed)
    }

    /// Forgets those who have become idle, and above the bound those who are far from their budget: so many at most, so that no send pays for all.
    fn forget(&mut self, at_most: usize, now: Duration, part: BudgetShare) {
        let more = if self.is_full() { MORE_WHERE_FULL } else { 0 };
        for _ in 0..at_most + more {
            let is_full = self.is_full();
            let Some((_, name)) = self
                .to_forget
                .pop_front_if(|(idle_from, _)| is_full || *idle_from <= now)
            else {
                return;
            };
            let Some(one) = self.by_name.get_mut(&name) else {
                continue;
            };
            match one.idle_from(now) {
                // Behind the others with its new instant: the queue is in order only of when each
                // was looked at, which is enough to come round to all of them.
                Some(idle_from) if !(is_full && one.is_far_from(now, part)) => {
                    self.to_forget.push_back((idle_from, name));
                }
                Some(_) | None => {
                    self.bytes -= ENTRY_BYTES + name.len() + one.bytes();
                    self.by_name.remove(&name);
                }
            }
        }
    }

    #[cfg(test)]
    pub(super) fn size(&self) -> (usize, usize) {
        (self.by_name.len(), self.bytes)
    }
}
