//! A *flight*: one fetch of a token, whose end all who wait for it share.

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::error::{Call, Error, Reason};

/// A flight that somebody waits for.
pub(super) struct Flight {
    pub(super) ended: watch::Receiver<u64>,
    pub(super) seen: u64,
}

impl Flight {
    /// Waits for its end, until `deadline`.
    pub(super) async fn landed(mut self, deadline: Instant) -> Result<(), Error> {
        let landed = timeout_at(deadline, self.ended.wait_for(|ended| *ended > self.seen)).await;
        landed
            .map(drop)
            .map_err(|_| Error::new(Call::GetToken, Reason::TokenLate))
    }
}
