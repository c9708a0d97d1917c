//! State of a slot: the token in use, the refusal that is remembered, and whether a fetch runs. Pure: instants are arguments.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::access_token::{Instants, Token};
use crate::error::Error;

/// First and longest time for which wrong credentials are not tried again. It doubles with each refusal.
const REFUSED_FOR: (Duration, Duration) = (Duration::from_secs(10), Duration::from_mins(10));
/// Time for which other final errors are not tried again: many alerts must not become as many calls, but what was repaired must work soon.
const REFUSED_BRIEFLY: Duration = Duration::from_secs(3);
/// Number of past tokens that answers are searched for.
const RECENT_TOKENS: usize = 4;
/// Time from a failed early refresh to the next, while the old token is still valid.
const REFRESH_PAUSE: Duration = Duration::from_secs(10);

/// Error that is returned without a call until some instant, by monotonic time.
pub(super) struct Refusal {
    error: Error,
    until: Duration,
    next_pause: Duration,
}

/// State of a slot.
#[derive(Default)]
pub(super) struct SlotState {
    pub(super) token: Option<Token>,
    generation: u64,
    /// Last token that was refused. Another process may not know yet, and still share it.
    pub(super) refused: Option<Token>,
    /// Past tokens, newest last: an answer may repeat one, which must not be shown.
    pub(super) recent: Vec<Arc<SecretString>>,
    refusal: Option<Refusal>,
    /// Whether a fetch runs.
    pub(super) is_fetching: bool,
    /// Error of the last fetch; `None` if it succeeded.
    pub(super) last_failure: Option<Error>,
    no_refresh_before: Duration,
    pub(super) last_fetch: Option<Duration>,
}

impl SlotState {
    /// Keeps the result of a fetch. Errors that stay are remembered, longer each time the credentials are refused again.
    pub(super) fn finish(&mut self, result: Result<Token, Error>, now: Instants) {
        self.is_fetching = false;
        match result {
            Ok(token) => self.fetched(token),
            Err(error) => self.failed(error, now),
        }
    }

    fn fetched(&mut self, mut token: Token) {
        self.generation += 1;
        token.generation = self.generation;
        if self.recent.len() == RECENT_TOKENS {
            self.recent.remove(0);
        }
        self.recent.push(Arc::clone(&token.secret));
        self.token = Some(token);
        self.refusal = None;
        self.last_failure = None;
    }

    fn failed(&mut self, error: Error, now: Instants) {
        if self.token.as_ref().is_some_and(|token| !token.expired(now)) {
            tracing::warn!(%error, "the access token could not be refreshed early; the old one stays in use");
        }
        self.no_refresh_before = now.monotonic + REFRESH_PAUSE;
        if error.refuses_credentials() {
            let pause = self
                .refusal
                .as_ref()
                .map_or(REFUSED_FOR.0, |refusal| refusal.next_pause);
            self.refusal = Some(Refusal {
                error: error.clone(),
                until: now.monotonic + pause,
                next_pause: (pause * 2).min(REFUSED_FOR.1),
            });
        } else if error.is_final() {
            self.refusal = Some(Refusal {
                error: error.clone(),
                until: now.monotonic + REFUSED_BRIEFLY,
                next_pause: REFUSED_FOR.0,
            });
        }
        self.last_failure = Some(error);
    }

    /// Token in use, if it is valid and the caller is not to start a refresh.
    pub(super) fn at_hand(&self, now: Instants, buffer: Duration) -> Option<&Token> {
        let token = self.token.as_ref().filter(|token| !token.expired(now))?;
        let is_enough =
            !token.stale(now, buffer) || self.is_fetching || now.monotonic < self.no_refresh_before;
        (is_enough || self.remembered_refusal(now).is_some()).then_some(token)
    }

    /// Error that is not to be tried again yet, with the time until it may be.
    pub(super) fn remembered_refusal(&self, now: Instants) -> Option<Error> {
        let refusal = self
            .refusal
            .as_ref()
            .filter(|refusal| now.monotonic < refusal.until)?;
        Some(Error {
            remembered_for: Some(refusal.until.saturating_sub(now.monotonic)),
            ..refusal.error.clone()
        })
    }
}
