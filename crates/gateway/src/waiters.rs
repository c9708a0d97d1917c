//! Callers who wait for an action that another task works on.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use acteon_store::Seq;
use tokio::sync::oneshot;

type Sender = oneshot::Sender<Arc<str>>;

#[derive(Default)]
pub(crate) struct Waiters {
    count: AtomicUsize,
    by_seq: Mutex<HashMap<Seq, Vec<Sender>>>,
}

impl Waiters {
    /// Tells `waiter` the next outcome of `seq`. Look at the store after this call, not before: an outcome may just have been written.
    pub(crate) fn add(&self, seq: Seq, waiter: Sender) {
        self.count.fetch_add(1, Ordering::SeqCst);
        self.lock().entry(seq).or_default().push(waiter);
    }

    /// Tells everybody who waits for `seq`.
    pub(crate) fn tell(&self, seq: Seq, outcome: &Arc<str>) {
        if self.count.load(Ordering::SeqCst) == 0 {
            return;
        }
        let waiters = self.lock().remove(&seq).unwrap_or_default();
        self.count.fetch_sub(waiters.len(), Ordering::SeqCst);
        for waiter in waiters {
            drop(waiter.send(Arc::clone(outcome)));
        }
    }

    /// Whether anybody waits for anything.
    pub(crate) fn any(&self) -> bool {
        self.count.load(Ordering::SeqCst) > 0
    }

    /// Forgets waiters who went away.
    pub(crate) fn sweep(&self) {
        let mut by_seq = self.lock();
        by_seq.retain(|_, waiters| {
            let before = waiters.len();
            waiters.retain(|waiter| !waiter.is_closed());
            self.count.fetch_sub(before - waiters.len(), Ordering::SeqCst);
            !waiters.is_empty()
        });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Seq, Vec<Sender>>> {
        self.by_seq.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
