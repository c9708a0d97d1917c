//! Wait for a running fetch of a token.

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::error::{Call, Error, Reason};

/// Running fetch, for one caller that waits for its end.
pub(super) struct PendingFetch {
    pub(super) ended: watch::Receiver<u64>,
    pub(super) seen: u64,
}

impl PendingFetch {
    /// Waits for the fetch's end, successful or not. Errors with [`Reason::TokenLate`] at the `deadline`.
    pub(super) async fn wait(mut self, deadline: Instant) -> Result<(), Error> {
        let ended = timeout_at(deadline, self.ended.wait_for(|ended| *ended > self.seen)).await;
        ended
            .map(drop)
            .map_err(|_| Error::new(Call::GetToken, Reason::TokenLate))
    }
}
