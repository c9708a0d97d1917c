//! Wait for a running fetch of a token.

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::error::{Call, Error, Reason};

/// Running fetch, as one of those sees it that wait for its end.
pub(super) struct Flight {
    pub(super) ended: watch::Receiver<u64>,
    pub(super) seen: u64,
}

impl Flight {
    /// Waits for the fetch's end, successful or not. Errors with [`Reason::TokenLate`] at the `deadline`.
    pub(super) async fn landed(mut self, deadline: Instant) -> Result<(), Error> {
        let landed = timeout_at(deadline, self.ended.wait_for(|ended| *ended > self.seen)).await;
        landed
            .map(drop)
            .map_err(|_| Error::new(Call::GetToken, Reason::TokenLate))
    }
}
