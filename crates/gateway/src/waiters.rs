//! Callers who wait for the outcome of an action.
//!
//! Whoever works on an action tells those who wait for it. Where several gateways share a store another may have worked on it: then one query
//! now and then asks for all that anybody here waits for.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acteon_core::LastError;
use acteon_store::Seq;
use tokio::sync::{Notify, oneshot};

use crate::answer::DispatchError;
use crate::gateway::Inner;

/// How often to ask what became of actions that another gateway may have worked on.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Tells one caller.
pub(crate) type Teller = oneshot::Sender<Result<Arc<str>, DispatchError>>;

/// What is known of an action that this process works on, and the store does not know yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct SoFar {
    pub(crate) attempts: u32,
    pub(crate) last_error: Option<LastError>,
}

/// One who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WaiterId {
    pub(crate) seq: Seq,
    number: u64,
}

#[derive(Default)]
struct Waiting {
    tellers: Vec<(u64, Teller)>,
    so_far: SoFar,
}

#[derive(Default)]
struct Known {
    by_seq: HashMap<Seq, Waiting>,
}

#[derive(Default)]
pub(crate) struct Waiters {
    count: AtomicUsize,
    last: AtomicU64,
    known: Mutex<Known>,
    arrived: Notify,
}

impl Waiters {
    /// The name of one who is about to wait for `seq`.
    pub(crate) fn next(&self, seq: Seq) -> WaiterId {
        WaiterId { seq, number: self.last.fetch_add(1, Ordering::Relaxed) }
    }

    /// Tells a caller, unless gone by now, the next outcome of an action. Look at the store after this call, not before: an outcome may just have
    /// been written.
    pub(crate) fn add(&self, waiter: WaiterId, teller: Teller) {
        let mut known = self.lock();
        if teller.is_closed() {
            return;
        }
        known.by_seq.entry(waiter.seq).or_default().tellers.push((waiter.number, teller));
        self.count.fetch_add(1, Ordering::SeqCst);
        drop(known);
        self.arrived.notify_one();
    }

    /// Tells everybody who waits for `seq`.
    pub(crate) fn tell(&self, seq: Seq, outcome: &Arc<str>) {
        for (_, teller) in self.take(seq) {
            drop(teller.send(Ok(Arc::clone(outcome))));
        }
    }

    /// Lets everybody go who waits for `seq`: there will be no outcome here.
    pub(crate) fn let_go(&self, seq: Seq) {
        drop(self.take(seq));
    }

    /// Notes what a call of an action came to, if anybody waits for it.
    pub(crate) fn tried(&self, seq: Seq, attempts: u32, last_error: impl FnOnce() -> LastError) {
        if self.count.load(Ordering::SeqCst) == 0 {
            return;
        }
        if let Some(waiting) = self.lock().by_seq.get_mut(&seq) {
            waiting.so_far = SoFar { attempts, last_error: Some(last_error()) };
        }
    }

    /// What was noted of an action that somebody waits for.
    pub(crate) fn so_far(&self, seq: Seq) -> SoFar {
        self.lock().by_seq.get(&seq).map(|waiting| waiting.so_far.clone()).unwrap_or_default()
    }

    /// Whether anybody waits for `seq`.
    pub(crate) fn waits(&self, seq: Seq) -> bool {
        self.count.load(Ordering::SeqCst) > 0 && self.lock().by_seq.contains_key(&seq)
    }

    /// Forgets one who went away.
    pub(crate) fn forget(&self, waiter: WaiterId) {
        let WaiterId { seq, number } = waiter;
        let mut known = self.lock();
        let Some(waiting) = known.by_seq.get_mut(&seq) else { return };
        let before = waiting.tellers.len();
        waiting.tellers.retain(|(other, _)| *other != number);
        let left = waiting.tellers.len();
        self.count.fetch_sub(before - left, Ordering::SeqCst);
        if left == 0 {
            known.by_seq.remove(&seq);
        }
    }

    fn take(&self, seq: Seq) -> Vec<(u64, Teller)> {
        if self.count.load(Ordering::SeqCst) == 0 {
            return Vec::new();
        }
        let tellers = self.lock().by_seq.remove(&seq).map(|waiting| waiting.tellers).unwrap_or_default();
        self.count.fetch_sub(tellers.len(), Ordering::SeqCst);
        tellers
    }

    /// In order, so that a run out of a seed does the same again.
    fn seqs(&self) -> Vec<Seq> {
        let mut seqs: Vec<Seq> = self.lock().by_seq.keys().copied().collect();
        seqs.sort_unstable();
        seqs
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks for what other gateways may have worked on, as long as anybody waits.
pub(crate) async fn follow(inner: Arc<Inner>) {
    if !inner.store.is_shared() {
        return;
    }
    while inner.sleep(LOOK_EVERY).await {
        let seqs = inner.waiters.seqs();
        if seqs.is_empty() {
            let stopped = inner.stopped.notified();
            tokio::pin!(stopped);
            stopped.as_mut().enable();
            if inner.is_stopping() {
                return;
            }
            tokio::select! {
                biased;
                () = inner.waiters.arrived.notified() => {}
                () = stopped => {}
            }
            continue;
        }
        match inner.store.outcomes_of(seqs).await {
            Ok(outcomes) => outcomes.iter().for_each(|(seq, outcome)| inner.waiters.tell(*seq, outcome)),
            Err(error) => tracing::debug!(%error, "what became of actions could not be asked; asking again"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_leaves_is_forgotten_at_once() {
        let waiters = Waiters::default();
        let (teller, told) = oneshot::channel();
        let (other, mut heard) = oneshot::channel();
        let (gone, _) = oneshot::channel();
        let waiter = waiters.next(Seq(1));
        waiters.add(waiter, teller);
        waiters.add(waiters.next(Seq(1)), other);
        waiters.add(waiters.next(Seq(2)), gone);
        drop(told);
        waiters.forget(waiter);
        waiters.tried(Seq(1), 3, || LastError { code: "TIMEOUT".into(), message: "late".into(), retryable: true });
        assert_eq!(waiters.so_far(Seq(1)).attempts, 3);
        waiters.tell(Seq(1), &"done".into());
        assert!(matches!(heard.try_recv(), Ok(Ok(outcome)) if &*outcome == "done"));
        assert!(!waiters.waits(Seq(1)) && waiters.lock().by_seq.is_empty() && waiters.count.load(Ordering::SeqCst) == 0);
    }
}
