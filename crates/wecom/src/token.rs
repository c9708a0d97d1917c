//! Access tokens: fetched lazily, once for everybody, and dropped only when it is the one in use that was refused.
//!
//! A *slot* belongs to one (base URL, corp id, secret) and the route to it: whoever has
//! another proxy must not wait for one that is dead. It holds the token in use, with a *generation* that grows with every fetch. Whoever
//! is told by the server that a token is no longer good names the generation it had used: a late complaint about an old token does not drop
//! the newer one. Fetching is single-flight: a *flight* is a task of its own, which nobody's impatience ends, and all who wait share its result,
//! also when it is a failure. While the old token is good it serves, however long the next one takes. Final refusals are remembered, wrong
//! credentials for long and others for seconds, because repeating them gets this address banned from `gettoken` for an hour. Where processes share tokens, a flight first looks whether
//! another process has landed.

mod access_token;
mod fetch;
mod flight;
pub(crate) mod life;
mod slot;
mod state;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use secrecy::ExposeSecret;
use tokio::sync::watch;

use crate::clock::{Clock, SystemClock};
use crate::credentials::Credentials;
use crate::http::{Endpoint, Route};
use crate::share::TokenShare;

pub(crate) use access_token::Token;
pub(crate) use slot::Slot;

/// The slots of a process.
pub struct TokenCache {
    slots: Mutex<HashMap<SlotKey, Arc<Slot>>>,
    clock: Arc<dyn Clock>,
    share: Arc<OnceLock<Arc<dyn TokenShare>>>,
}

/// Properties that apps must agree in to share a slot.
#[derive(PartialEq, Eq, Hash)]
struct SlotKey {
    /// Hash of base URL, corp id and secret.
    name: [u8; 32],
    route: Route,
}

impl Default for TokenCache {
    fn default() -> Self {
        Self::new(Arc::new(SystemClock::default()))
    }
}

impl TokenCache {
    /// An empty cache on `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            slots: Mutex::default(),
            clock,
            share: Arc::default(),
        }
    }

    /// Shares the tokens with other processes from now on. To be called once.
    pub fn share(&self, share: Arc<dyn TokenShare>) {
        drop(self.share.set(share));
    }

    pub(crate) fn slot(&self, endpoint: &Endpoint, credentials: &Credentials) -> Arc<Slot> {
        let Credentials {
            corp_id,
            corp_secret,
        } = credentials;
        let identity = [
            endpoint.base_url(),
            corp_id.expose_secret(),
            corp_secret.expose_secret(),
        ]
        .join("\n");
        let mut name = [0; 32];
        name.copy_from_slice(digest(&SHA256, identity.as_bytes()).as_ref());
        drop(zeroize::Zeroizing::new(identity));
        let route = endpoint.route().clone();
        let key = SlotKey { name, route };
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that nobody uses any more, as after a secret or a proxy was changed.
        slots.retain(|other, slot| *other == key || Arc::strong_count(slot) > 1);
        let new = || Slot {
            endpoint: endpoint.clone(),
            credentials: credentials.clone(),
            clock: Arc::clone(&self.clock),
            share: Arc::clone(&self.share),
            name,
            state: Mutex::default(),
            ended: watch::Sender::new(0),
        };
        Arc::clone(slots.entry(key).or_insert_with(|| Arc::new(new())))
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }
}
