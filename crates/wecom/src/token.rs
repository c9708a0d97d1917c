//! Access tokens (page 91039): fetched when they are needed, by one call for all callers, and dropped only when the token in use is refused.
//!
//! A *slot* holds the token of one (base URL, corp id, secret), by one route: a caller with another proxy must not wait for a proxy that is dead. A
//! token has a *generation*, which grows with each fetch. A caller whose token was refused names its generation, so that a late refusal of an old
//! token does not drop the next one.
//!
//! Fetches are single-flight: a fetch is a task of its own, which goes on when a caller gives up, and all callers that wait for it share its result,
//! also when it is an error. While the old token is valid it is used, however long the next one takes. Where processes share tokens, a fetch first
//! asks whether another process has one.
//!
//! Refusals are remembered, those of wrong credentials up to ten minutes and others for seconds: too many wrong secrets get this machine's address
//! banned from `gettoken` for an hour (page 90313, code 45009).

mod access_token;
mod fetch;
pub(crate) mod life;
mod pending;
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

/// Access tokens of a process, each shared by all apps with the same endpoint and credentials. One for the whole process is enough.
pub struct TokenCache {
    slots: Mutex<HashMap<SlotKey, Arc<Slot>>>,
    clock: Arc<dyn Clock>,
    share: Arc<OnceLock<Arc<dyn TokenShare>>>,
}

/// Key of a slot: apps with the same key share one.
#[derive(PartialEq, Eq, Hash)]
struct SlotKey {
    /// SHA-256 of base URL, corp id and secret.
    name: [u8; 32],
    route: Route,
}

impl Default for TokenCache {
    fn default() -> Self {
        Self::new(Arc::new(SystemClock::default()))
    }
}

impl TokenCache {
    /// Creates an empty cache, whose tokens end by `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            slots: Mutex::default(),
            clock,
            share: Arc::default(),
        }
    }

    /// Shares the tokens with other processes through a store, from now on. Only the first call has an effect.
    pub fn share(&self, share: Arc<dyn TokenShare>) {
        drop(self.share.set(share));
    }

    /// Slot of an endpoint and credentials, made where there is none.
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
        // Slots that no app uses any more, as after a secret or a proxy was changed, are dropped here.
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
