//! The life of the token in use, for monitoring.

use std::time::Duration;

use super::slot::Slot;

/// How old a token is, and how long it is still good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenLife {
    /// Since it was fetched, by whichever process.
    pub age: Duration,
    /// Until it expires.
    pub left: Duration,
}

impl Slot {
    /// The life of the token in use; `None` before the first, and once it was refused.
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
