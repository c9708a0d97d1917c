//! A *flight*: one fetch of a token, whose end all who wait for it share.

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::{Slot, Token};
use crate::error::{Call, Error, Fault};

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
            .map_err(|_| Error::new(Call::GetToken, Fault::TokenLate))
    }
}

/// Ends a flight, also one that panics or is dropped with its runtime.
pub(super) struct Landing<'a> {
    pub(super) slot: &'a Slot,
    pub(super) result: Result<Token, Error>,
}

impl Landing<'_> {
    pub(super) fn with(mut self, result: Result<Token, Error>) {
        self.result = result;
    }
}

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        self.slot.finish(self.result.clone());
    }
}
