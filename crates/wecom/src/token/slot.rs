//! Slot of a token: callers get the token in use, or wait for the fetch of the next one.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::watch;
use tokio::time::Instant;

use super::access_token::{Instants, Token};
use super::pending::PendingFetch;
use super::state::SlotState;
use crate::clock::Clock;
use crate::credentials::Credentials;
use crate::error::{Call, Error, Reason};
use crate::http::Endpoint;
use crate::share::TokenShare;

/// Longest wait of the caller that starts an early refresh, before it uses the old token.
const REFRESH_PATIENCE: Duration = Duration::from_secs(1);

/// Token of one (base URL, corp id, secret) by one route, and its fetches.
pub(crate) struct Slot {
    pub(super) endpoint: Endpoint,
    pub(super) credentials: Credentials,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) share: Arc<OnceLock<Arc<dyn TokenShare>>>,
    /// Name under which processes share its token, whatever their routes.
    pub(super) name: [u8; 32],
    pub(super) state: Mutex<SlotState>,
    /// Number of fetches that ended, for those that wait.
    pub(super) ended: watch::Sender<u64>,
}

impl Slot {
    /// Returns a token that is valid as far as is known, fetched if need be. It is refreshed `buffer` before its end.
    ///
    /// Errors when a fetch fails or a refusal is remembered, and with [`Reason::TokenLate`] when there is no token by `deadline`.
    pub(crate) async fn get(
        self: &Arc<Self>,
        buffer: Duration,
        deadline: Instant,
    ) -> Result<Token, Error> {
        loop {
            let (old, pending) = {
                let mut state = self.lock();
                if let Some(token) = state.at_hand(self.now(), buffer) {
                    return Ok(token.clone());
                }
                if let Some(error) = state.remembered_refusal(self.now()) {
                    return Err(error);
                }
                let old = state
                    .token
                    .clone()
                    .filter(|token| !token.expired(self.now()));
                (old, self.join_fetch(&mut state, Some(buffer)))
            };
            let ended = match old {
                Some(old) => match pending
                    .wait(deadline.min(Instant::now() + REFRESH_PATIENCE))
                    .await
                {
                    Ok(()) => Ok(()),
                    Err(_) => return Ok(old),
                },
                None => pending.wait(deadline).await,
            };
            ended?;
            let state = self.lock();
            if let Some(token) = state
                .token
                .as_ref()
                .filter(|token| !token.expired(self.now()))
            {
                return Ok(token.clone());
            }
            if let Some(error) = &state.last_failure {
                return Err(error.clone());
            }
        }
    }

    /// Whether [`Self::get`] would return at once.
    pub(crate) fn is_ready(&self, buffer: Duration) -> bool {
        self.lock().at_hand(self.now(), buffer).is_some()
    }

    /// Latest token, valid or not: a caller that was told that it is ready sends at once, and learns from the service if the token has ended since.
    pub(crate) fn latest(&self) -> Option<Token> {
        let state = self.lock();
        state.token.as_ref().or(state.refused.as_ref()).cloned()
    }

    /// Drops the token in use if it is of `generation`.
    pub(crate) fn invalidate(&self, generation: u64) {
        let mut state = self.lock();
        if state
            .token
            .as_ref()
            .is_some_and(|token| token.generation == generation)
        {
            state.refused = state.token.take();
        }
    }

    /// Fetches a token even though one is in use, which proves that the credentials are still valid; no more often than `at_most_every`.
    pub(crate) async fn prove(
        self: &Arc<Self>,
        at_most_every: Duration,
        buffer: Duration,
        deadline: Instant,
    ) -> Result<Token, Error> {
        let pending = {
            let mut state = self.lock();
            if let Some(error) = state.remembered_refusal(self.now()) {
                return Err(error);
            }
            let now = self.now().monotonic;
            let due = state
                .last_fetch
                .is_none_or(|last| now.saturating_sub(last) >= at_most_every);
            due.then(|| self.join_fetch(&mut state, None))
        };
        if let Some(pending) = pending {
            pending.wait(deadline).await?;
            if let Some(error) = self.lock().last_failure.clone() {
                return Err(error);
            }
        }
        self.get(buffer, deadline).await
    }

    /// Joins the fetch that runs, or starts one. Only with a `buffer` may it take another process's token, as in [`Self::fetch_or_share`].
    fn join_fetch(
        self: &Arc<Self>,
        state: &mut SlotState,
        buffer: Option<Duration>,
    ) -> PendingFetch {
        let ended = self.ended.subscribe();
        let seen = *ended.borrow();
        if !state.is_fetching {
            state.is_fetching = true;
            let slot = Arc::clone(self);
            tokio::spawn(async move {
                let guard = FetchGuard {
                    slot: &slot,
                    result: Err(Error::new(Call::GetToken, Reason::TokenLate)),
                };
                guard.with(slot.fetch_or_share(buffer).await);
            });
        }
        PendingFetch { ended, seen }
    }

    /// Ends a fetch: keeps its result, and wakes those that wait.
    fn finish(&self, result: Result<Token, Error>) {
        let now = self.now();
        let mut state = self.lock();
        state.finish(result, now);
        // Sent under the state's lock, so that nobody joins a fetch whose end was announced before.
        self.ended.send_modify(|ended| *ended += 1);
    }

    /// Secrets that no text from an answer may show.
    pub(crate) fn secrets(&self) -> Vec<Arc<SecretString>> {
        let Credentials {
            corp_id,
            corp_secret,
        } = &self.credentials;
        let mut secrets = self.lock().recent.clone();
        secrets.extend([Arc::clone(corp_id), Arc::clone(corp_secret)]);
        secrets
    }

    pub(super) fn now(&self) -> Instants {
        Instants {
            monotonic: self.clock.monotonic(),
            wall: self.clock.wall(),
        }
    }

    pub(super) fn lock(&self) -> std::sync::MutexGuard<'_, SlotState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Guard that ends a fetch, also when it panics or is dropped with its runtime.
struct FetchGuard<'a> {
    slot: &'a Slot,
    result: Result<Token, Error>,
}

impl FetchGuard<'_> {
    fn with(mut self, result: Result<Token, Error>) {
        self.result = result;
    }
}

impl Drop for FetchGuard<'_> {
    fn drop(&mut self) {
        self.slot.finish(self.result.clone());
    }
}
