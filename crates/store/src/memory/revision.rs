//! Revision of the documents, and those who wait for the next.

use std::sync::atomic::{AtomicI64, Ordering};

use tokio::sync::Notify;

/// Revision of the documents. Waiters are woken in the order in which they asked, where a watch channel has another order each time.
#[derive(Default)]
pub(super) struct Revision {
    number: AtomicI64,
    changed: Notify,
}

impl Revision {
    pub(super) fn get(&self) -> i64 {
        self.number.load(Ordering::SeqCst)
    }

    pub(super) fn set(&self, revision: i64) {
        self.number.store(revision, Ordering::SeqCst);
        self.changed.notify_waiters();
    }

    /// The revision, as soon as it is another than `known`.
    pub(super) async fn beside(&self, known: i64) -> i64 {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let revision = self.get();
            if revision != known {
                return revision;
            }
            changed.await;
        }
    }
}
