//! The revision of the documents, and who waits for it.

use std::sync::atomic::{AtomicI64, Ordering};

use tokio::sync::Notify;

/// The revision of the documents. Who waits for it is told in the order of asking, where a watch channel has an order of its own each time.
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
