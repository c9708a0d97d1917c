//! Access tokens, and how much of their time is left.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

/// Access token, with what tells when it ends.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) secret: Arc<SecretString>,
    pub(crate) generation: u64,
    pub(super) fetched: Instants,
    pub(super) ttl: Duration,
    /// Time from its fetch to its end. Longer than `ttl` where another process fetched it.
    pub(super) whole_life: Duration,
}

/// Time before its end at which a token is replaced: `buffer`, but half its life at most. A longer buffer would mean a fetch for every send, and
/// processes that share tokens would never use each other's.
pub(super) fn buffer_within(buffer: Duration, whole_life: Duration) -> Duration {
    buffer.min(whole_life / 2)
}

impl Token {
    /// Time since it was got, by the clock that says more.
    pub(super) fn age(&self, now: Instants) -> Duration {
        now.monotonic
            .saturating_sub(self.fetched.monotonic)
            .max(now.wall.saturating_sub(self.fetched.wall))
    }

    pub(super) fn expired(&self, now: Instants) -> bool {
        self.age(now) >= self.ttl
    }

    /// Whether it is time to fetch the next token.
    pub(super) fn stale(&self, now: Instants, buffer: Duration) -> bool {
        self.age(now) + buffer_within(buffer, self.whole_life) >= self.ttl
    }
}

/// Instant by both clocks of [`Clock`](crate::Clock): only the wall clock shows that a machine was suspended.
#[derive(Clone, Copy)]
pub(super) struct Instants {
    pub(super) monotonic: Duration,
    pub(super) wall: Duration,
}
