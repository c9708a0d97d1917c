//! Stop of a gateway: what begins no more, and what is given back for the next process.

use std::sync::atomic::Ordering;
use std::time::Duration;

use acteon_core::with_causes;

use crate::shared::Gateway;

/// Longest that a stop waits for the lease to be given back.
const RETIRES_WITHIN: Duration = Duration::from_secs(5);

impl Gateway {
    /// Begins to stop: no call begins any more, and whoever waits for a turn is told at once that the action is kept for later. Calls in flight go
    /// on, and so do those who wait for them. What is posted meanwhile is kept for later too.
    pub fn release(&self) {
        let inner = &self.inner;
        inner.releasing.store(true, Ordering::SeqCst);
        inner.released.notify_waiters();
        inner.interrupted.notify_waiters();
        for lane in inner.providers.lanes() {
            lane.close();
        }
        inner.work.notify_one();
    }

    /// Stops: takes nothing new, lets sends in flight end within `limit`, and gives the rest back for the next process.
    ///
    /// Says whether everything ended in time. What did not is marked as a possible duplicate when it is taken over.
    pub async fn stop(&self, limit: Duration) -> bool {
        let inner = &self.inner;
        self.release();
        inner.stopping.store(true, Ordering::SeqCst);
        inner.stopped.notify_waiters();
        let all_ended = tokio::time::timeout(limit, inner.until_idle())
            .await
            .is_ok();
        if all_ended {
            // A disk that does not answer holds up no stop.
            match tokio::time::timeout(
                RETIRES_WITHIN,
                inner.store.retire(inner.lease.owner(), inner.due.now()),
            )
            .await
            {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::warn!(error = %with_causes(&error), "the lease could not be given back; the next process takes over what is left");
                }
                Err(_) => tracing::warn!(
                    "the store does not answer; the next process takes over what is left"
                ),
            }
        }
        all_ended
    }
}
