//! Tokens shared between processes, so that many gateways of one app fetch as few as one would.

use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;
use secrecy::SecretString;

/// A token that another process fetched.
#[derive(Clone)]
pub struct SharedToken {
    /// The token.
    pub secret: Arc<SecretString>,
    /// How long it is still good.
    pub life: Duration,
    /// How long it was good when it was fetched.
    pub whole_life: Duration,
}

/// The turn to fetch a token, or the token that makes it needless.
pub enum TokenTurn {
    /// There is a token to use.
    Use(SharedToken),
    /// The caller fetches, until it says [`TokenShare::end`].
    Fetch,
}

/// Where processes share tokens. A name stands for an endpoint with its credentials, and tells nothing of them. What cannot be reached must not
/// keep anybody from sending: then it is the asker's turn.
pub trait TokenShare: Send + Sync {
    /// The token under a name, if it is `usable`; or the turn to fetch one, once nobody else has it or has had it for too long.
    fn turn<'a>(
        &'a self,
        name: &'a [u8; 32],
        usable: &'a (dyn Fn(&SharedToken) -> bool + Send + Sync),
    ) -> BoxFuture<'a, TokenTurn>;

    /// Keeps a token for the others.
    fn keep<'a>(&'a self, name: &'a [u8; 32], token: &'a SharedToken) -> BoxFuture<'a, ()>;

    /// Ends the asker's turn, if it still is.
    fn end<'a>(&'a self, name: &'a [u8; 32]) -> BoxFuture<'a, ()>;
}
