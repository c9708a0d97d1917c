//! The state of a slot: the token in use, the refusals that are remembered, and the flight under way. Pure: instants come in.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::access_token::{Instants, Token};
use crate::error::Error;

/// First and longest time for which wrong credentials are not tried again.
const REFUSED_FOR: (Duration, Duration) = (Duration::from_secs(10), Duration::from_mins(10));
/// For how long any other final refusal is not tried again: alerts must not become as many calls, and what was repaired must work soon.
const REFUSED_BRIEFLY: Duration = Duration::from_secs(3);
/// Tokens that answers are searched for.
const RECENT_TOKENS: usize = 4;
/// How long after a failed early refresh the next is tried, while the old token still serves.
const REFRESH_PAUSE: Duration = Duration::from_secs(10);

/// A failure that is not tried again for a while.
pub(super) struct Refusal {
    error: Error,
    until: Duration,
    next_pause: Duration,
}

/// What a slot knows.
#[derive(Default)]
pub(super) struct SlotState {
    pub(super) token: Option<Token>,
    generation: u64,
    /// The last token that was refused: another process may not have noticed yet.
    pub(super) refused: Option<Token>,
    /// Tokens of late, newest last: an answer may echo one, and must not show it.
    pub(super) recent: Vec<Arc<SecretString>>,
    refusal: Option<Refusal>,
    /// Whether a flight is under way, and what the last one failed with.
    pub(super) flying: bool,
    pub(super) last_failure: Option<Error>,
    no_refresh_before: Duration,
    pub(super) last_fetch: Option<Duration>,
}

impl SlotState {
    /// Takes in how a flight ended. A final refusal is remembered, and longer each time the credentials are refused again.
    pub(super) fn finish(&mut self, result: Result<Token, Error>, now: Instants) {
        self.flying = false;
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

    /// The token in use, if it is good and nobody is to fetch the next one first.
    pub(super) fn at_hand(&self, now: Instants, buffer: Duration) -> Option<&Token> {
        let token = self.token.as_ref().filter(|token| !token.expired(now))?;
        let is_enough =
            !token.stale(now, buffer) || self.flying || now.monotonic < self.no_refresh_before;
        (is_enough || self.remembered_refusal(now).is_some()).then_some(token)
    }

    /// The refusal that is not to be repeated yet, with the time until it may be.
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
