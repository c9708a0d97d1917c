//! Callers who wait for the outcome of an action.
//!
//! Whoever works on an action tells those who wait for it. Where several gateways share a store
//! another may have worked on it: then one query now and then asks for all that anybody here waits
//! for.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acteon_core::{LastError, Timestamp};
use acteon_store::Seq;
use tokio::sync::{Notify, oneshot};

use crate::admit::answer::DispatchError;

/// Sends one caller its reply.
pub(crate) type ReplySender = oneshot::Sender<Result<Arc<str>, DispatchError>>;

/// Progress of an action that this process works on, and that the store does not know yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct SoFar {
    pub(crate) attempts: u32,
    pub(crate) last_error: Option<LastError>,
    /// Due time of its next attempt, if it waits in the store for that.
    pub(crate) due_at: Option<Timestamp>,
}

/// Identity of a caller who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WaiterId {
    pub(crate) seq: Seq,
    number: u64,
}

struct WaitingCaller {
    number: u64,
    sender: ReplySender,
    /// Instant of the monotonic clock until which it waits through further attempts; `None` for one
    /// who waits for the first.
    patient_until: Option<Duration>,
}

#[derive(Default)]
struct ActionWaiters {
    callers: Vec<WaitingCaller>,
    so_far: SoFar,
}

#[derive(Default)]
struct BySeq {
    by_seq: HashMap<Seq, ActionWaiters>,
}

#[derive(Default)]
pub(crate) struct Waiters {
    count: AtomicUsize,
    last: AtomicU64,
    known: Mutex<BySeq>,
    pub(crate) arrived: Notify,
}

impl Waiters {
    /// Id of a caller that is about to wait for `seq`.
    pub(crate) fn next(&self, seq: Seq) -> WaiterId {
        WaiterId {
            seq,
            number: self.last.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// Registers a caller, unless gone by now, for the next outcome of an action. Look at the store
    /// after this call, not before: an outcome may just have been written.
    pub(crate) fn add(
        &self,
        waiter: WaiterId,
        sender: ReplySender,
        patient_until: Option<Duration>,
    ) {
        let mut known = self.lock();
        if sender.is_closed() {
            return;
        }
        known
            .by_seq
            .entry(waiter.seq)
            .or_default()
            .callers
            .push(WaitingCaller {
                number: waiter.number,
                sender,
                patient_until,
            });
        self.count.fetch_add(1, Ordering::SeqCst);
        drop(known);
        self.arrived.notify_one();
    }

    /// Sends every caller that waits for `seq` its reply.
    pub(crate) fn reply(&self, seq: Seq, outcome: &Arc<str>) {
        for caller in self.take(seq) {
            drop(caller.sender.send(Ok(Arc::clone(outcome))));
        }
    }

    /// Replies to the callers of an action that is due again at an instant, `at` by the monotonic clock, and that do not wait so long.
    pub(crate) fn reply_put_off(
        &self,
        seq: Seq,
        outcome: &Arc<str>,
        due_at: Timestamp,
        at: Duration,
    ) {
        if self.count.load(Ordering::SeqCst) == 0 {
            return;
        }
        let mut known = self.lock();
        let Some(waiting) = known.by_seq.get_mut(&seq) else {
            return;
        };
        waiting.so_far.due_at = Some(due_at);
        let waits =
            |caller: &mut WaitingCaller| caller.patient_until.is_none_or(|until| until < at);
        let replied: Vec<WaitingCaller> = waiting.callers.extract_if(.., waits).collect();
        if waiting.callers.is_empty() {
            known.by_seq.remove(&seq);
        }
        self.count.fetch_sub(replied.len(), Ordering::SeqCst);
        drop(known);
        for caller in replied {
            drop(caller.sender.send(Ok(Arc::clone(outcome))));
        }
    }

    /// Lets everybody go who waits for `seq`: there will be no outcome here.
    pub(crate) fn let_go(&self, seq: Seq) {
        drop(self.take(seq));
    }

    /// Remembers what a call of an action came to, if anybody waits for it.
    pub(crate) fn tried(&self, seq: Seq, attempts: u32, last_error: impl FnOnce() -> LastError) {
        if self.count.load(Ordering::SeqCst) == 0 {
            return;
        }
        if let Some(waiting) = self.lock().by_seq.get_mut(&seq) {
            waiting.so_far = SoFar {
                attempts,
                last_error: Some(last_error()),
                due_at: None,
            };
        }
    }

    /// Progress of an action that somebody waits for.
    pub(crate) fn so_far(&self, seq: Seq) -> SoFar {
        self.lock()
            .by_seq
            .get(&seq)
            .map(|waiting| waiting.so_far.clone())
            .unwrap_or_default()
    }

    /// Whether anybody waits for `seq`.
    pub(crate) fn waits(&self, seq: Seq) -> bool {
        self.count.load(Ordering::SeqCst) > 0 && self.lock().by_seq.contains_key(&seq)
    }

    /// Forgets a caller who went away.
    pub(crate) fn forget(&self, waiter: WaiterId) {
        let WaiterId { seq, number } = waiter;
        let mut known = self.lock();
        let Some(waiting) = known.by_seq.get_mut(&seq) else {
            return;
        };
        let before = waiting.callers.len();
        waiting.callers.retain(|caller| caller.number != number);
        let left = waiting.callers.len();
        self.count.fetch_sub(before - left, Ordering::SeqCst);
        if left == 0 {
            known.by_seq.remove(&seq);
        }
    }

    fn take(&self, seq: Seq) -> Vec<WaitingCaller> {
        if self.count.load(Ordering::SeqCst) == 0 {
            return Vec::new();
        }
        let callers = self
            .lock()
            .by_seq
            .remove(&seq)
            .map(|waiting| waiting.callers)
            .unwrap_or_default();
        self.count.fetch_sub(callers.len(), Ordering::SeqCst);
        callers
    }

    /// Positions of all actions that anybody waits for, in order, so that a run out of a seed does
    /// the same again.
    pub(crate) fn seqs(&self) -> Vec<Seq> {
        let mut seqs: Vec<Seq> = self.lock().by_seq.keys().copied().collect();
        seqs.sort_unstable();
        seqs
    }

    fn lock(&self) -> MutexGuard<'_, BySeq> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_leaves_is_forgotten_at_once() {
        let waiters = Waiters::default();
        let (sender, receiver) = oneshot::channel();
        let (other, mut other_reply) = oneshot::channel();
        let (gone, _) = oneshot::channel();
        let waiter = waiters.next(Seq(1));
        waiters.add(waiter, sender, None);
        waiters.add(waiters.next(Seq(1)), other, Some(Duration::from_secs(20)));
        waiters.add(waiters.next(Seq(2)), gone, None);
        drop(receiver);
        waiters.forget(waiter);
        waiters.tried(Seq(1), 3, || LastError {
            code: "TIMEOUT".into(),
            message: "late".into(),
            retryable: true,
        });
        assert_eq!(waiters.so_far(Seq(1)).attempts, 3);
        let due = Timestamp::from_millis(19_000);
        waiters.reply_put_off(Seq(1), &"later".into(), due, Duration::from_secs(19));
        assert!(
            other_reply.try_recv().is_err() && waiters.so_far(Seq(1)).due_at == Some(due),
            "it is due within the wait"
        );
        waiters.reply(Seq(1), &"done".into());
        assert!(matches!(other_reply.try_recv(), Ok(Ok(outcome)) if &*outcome == "done"));
        assert!(
            !waiters.waits(Seq(1))
                && waiters.lock().by_seq.is_empty()
                && waiters.count.load(Ordering::SeqCst) == 0
        );
    }
}
