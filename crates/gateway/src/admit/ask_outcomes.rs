//! Outcomes of actions that another gateway may have worked on, asked for as long as anybody waits
//! for them.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::with_causes;

use crate::shared::Inner;

/// Pause between two queries for the outcomes of actions that another gateway may have worked on.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Asks for the outcomes of what other gateways may have worked on, as long as anybody waits.
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
            Ok(outcomes) => outcomes
                .iter()
                .for_each(|(seq, outcome)| inner.waiters.reply(*seq, outcome)),
            Err(error) => {
                tracing::debug!(error = %with_causes(&error), "what became of actions could not be asked; asking again");
            }
        }
    }
}
