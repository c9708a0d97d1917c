//! Following the documents as they change, here or in another process.

use std::sync::Arc;
use std::time::Duration;

use crate::shared::Inner;

/// Pause before what could not be read is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// Follows the documents as they change, here or in another process. A change that could not be read is tried again until it can.
pub(crate) async fn follow(inner: Arc<Inner>) {
    loop {
        let stopped = inner.stopped.notified();
        if inner.is_stopping() {
            return;
        }
        let known = inner.policies.load().revision.unwrap_or(-1);
        let changed = if inner.policies.reloads.trouble().is_some() {
            // Nothing need have changed for them to be readable again.
            Ok(known)
        } else {
            tokio::select! {
                biased;
                changed = inner.store.documents_changed(known) => changed,
                () = stopped => return,
            }
        };
        let refreshed = match changed {
            Ok(_) => {
                inner
                    .policies
                    .refresh(&*inner.store, inner.clock.now())
                    .await
            }
            Err(error) => {
                inner.policies.count_reload(Some(&error), inner.clock.now());
                Err(error)
            }
        };
        if refreshed.is_err() && !inner.sleep(PAUSE).await {
            return;
        }
    }
}
