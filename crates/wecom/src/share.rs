//! Interface for sharing tokens between processes, so that all processes of an app together fetch no more tokens than one would.

use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;
use secrecy::SecretString;

/// Token that another process fetched.
#[derive(Clone)]
pub struct SharedToken {
    /// Access token itself.
    pub secret: Arc<SecretString>,
    /// Time until it ends, from now.
    pub life: Duration,
    /// Time from its fetch to its end.
    pub whole_life: Duration,
}

/// Answer of a [`TokenShare`]: a token, or the turn to fetch one.
pub enum TokenTurn {
    /// Another process's token can be used.
    Use(SharedToken),
    /// It is the caller's turn to fetch, until it calls [`TokenShare::end`].
    Fetch,
}

/// Store in which processes share tokens, such as a database. The name of a token is a hash of its endpoint and credentials.
///
/// A store that cannot be reached must not keep anybody from sending: [`Self::turn`] then returns [`TokenTurn::Fetch`].
pub trait TokenShare: Send + Sync {
    /// Returns the token under a name if it is `usable`. Else waits until no other process has the turn, or has had it for too long, and gives it to
    /// the caller.
    fn turn<'a>(
        &'a self,
        name: &'a [u8; 32],
        usable: &'a (dyn Fn(&SharedToken) -> bool + Send + Sync),
    ) -> BoxFuture<'a, TokenTurn>;

    /// Stores a token under its name, for the other processes.
    fn keep<'a>(&'a self, name: &'a [u8; 32], token: &'a SharedToken) -> BoxFuture<'a, ()>;

    /// Ends the caller's turn, if it still has it.
    fn end<'a>(&'a self, name: &'a [u8; 32]) -> BoxFuture<'a, ()>;
}
