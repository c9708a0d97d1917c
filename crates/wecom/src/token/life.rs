//! Age of the token in use, for monitoring.

use std::time::Duration;

use super::slot::Slot;

/// Age and remaining time of an access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenLife {
    /// Time since it was fetched, by this process or another.
    pub age: Duration,
    /// Time until it ends.
    pub left: Duration,
}

impl Slot {
    /// Age of the token in use; `None` before the first, and after one was refused.
    pub(crate) fn life(&self) -> Option<TokenLife> {
        let now = self.now();
        let state = self.lock();
        let token = state.token.as_ref()?;
        let left = token.ttl.saturating_sub(token.age(now));
        Some(TokenLife {
            age: token.whole_life.saturating_sub(left),
            left,
        })
    }
}
