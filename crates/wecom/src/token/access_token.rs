//! An access token, and how much of its life is left.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

/// A token in use.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) secret: Arc<SecretString>,
    pub(crate) generation: u64,
    pub(super) fetched: Instants,
    pub(super) ttl: Duration,
    /// How long it was good when it was fetched, which may have been by another process.
    pub(super) whole_life: Duration,
}

/// How long before its end a token is replaced. A buffer as long as its life must not mean a fetch for every send, nor that processes which share
/// tokens never use each other's.
pub(super) fn buffer_within(buffer: Duration, whole_life: Duration) -> Duration {
    buffer.min(whole_life / 2)
}

impl Token {
    /// Its age by the clock that says more.
    pub(super) fn age(&self, now: Instants) -> Duration {
        now.monotonic
            .saturating_sub(self.fetched.monotonic)
            .max(now.wall.saturating_sub(self.fetched.wall))
    }

    pub(super) fn expired(&self, now: Instants) -> bool {
        self.age(now) >= self.ttl
    }

    /// Whether it is time to fetch the next.
    pub(super) fn stale(&self, now: Instants, buffer: Duration) -> bool {
        self.age(now) + buffer_within(buffer, self.whole_life) >= self.ttl
    }
}

/// One instant by both clocks: a machine that slept shows it on one of them only.
#[derive(Clone, Copy)]
pub(super) struct Instants {
    pub(super) monotonic: Duration,
    pub(super) wall: Duration,
}
