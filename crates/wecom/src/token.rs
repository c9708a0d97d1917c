//! Access tokens: fetched lazily, once for everybody, and dropped only when it is the one in use that was refused.
//!
//! A *slot* belongs to one (base URL, corp id, secret). It holds the token in use, with a *generation* that grows with every fetch. Whoever
//! is told by the server that a token is no longer good names the generation it had used: a late complaint about an old token does not drop
//! the newer one. Fetching is single-flight: a *flight* is a task of its own, which nobody's impatience ends, and all who wait share its result,
//! also when it is a failure. While the old token is good it serves, however long the next one takes. Final refusals are remembered, wrong
//! credentials for long and others for seconds, because repeating them gets this address banned from `gettoken` for an hour. Where processes share tokens, a flight first looks whether
//! another process has landed.

mod flight;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::answer::Answer;
use crate::app::Credentials;
use crate::clock::{Clock, SystemClock};
use crate::error::{Call, Error, Fault};
use crate::http::Endpoint;
use crate::share::{SharedToken, TokenShare, Turn};
use flight::{Flight, Landing};

/// Assumed where the server does not say.
const DEFAULT_TTL: Duration = Duration::from_hours(2);
/// First and longest time for which wrong credentials are not tried again.
const REFUSED_FOR: (Duration, Duration) = (Duration::from_secs(10), Duration::from_mins(10));
/// For how long any other final refusal is not tried again: alerts must not become as many calls, and what was repaired must work soon.
const REFUSED_BRIEFLY: Duration = Duration::from_secs(3);
/// Tokens that answers are searched for.
const RECENT_TOKENS: usize = 4;
/// How long after a failed early refresh the next is tried, while the old token still serves.
const REFRESH_PAUSE: Duration = Duration::from_secs(10);
/// How long who begins an early refresh waits for it, while the old token still serves.
const REFRESH_PATIENCE: Duration = Duration::from_secs(1);
/// How long a flight keeps others from fetching too.
const TURN_HELD: Duration = Duration::from_secs(3);

/// The slots of a process.
pub struct TokenCache {
    slots: Mutex<HashMap<[u8; 32], Arc<Slot>>>,
    clock: Arc<dyn Clock>,
    share: Arc<OnceLock<Arc<dyn TokenShare>>>,
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
        let mut key = [0; 32];
        key.copy_from_slice(digest(&SHA256, identity.as_bytes()).as_ref());
        drop(zeroize::Zeroizing::new(identity));
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        // Those of credentials that nobody uses any more, as after a secret was changed.
        slots.retain(|other, slot| *other == key || Arc::strong_count(slot) > 1);
        let new = || Slot {
            endpoint: endpoint.clone(),
            credentials: credentials.clone(),
            clock: Arc::clone(&self.clock),
            share: Arc::clone(&self.share),
            name: key,
            state: Mutex::default(),
            ended: watch::Sender::new(0),
        };
        Arc::clone(slots.entry(key).or_insert_with(|| Arc::new(new())))
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }
}

/// A token in use.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) secret: Arc<SecretString>,
    pub(crate) generation: u64,
    fetched: Instants,
    ttl: Duration,
    /// How long it was good when it was fetched, which may have been by another process.
    whole_life: Duration,
}

/// How long before its end a token is replaced. A buffer as long as its life must not mean a fetch for every send, nor that processes which share
/// tokens never use each other's.
fn buffer_within(buffer: Duration, whole_life: Duration) -> Duration {
    buffer.min(whole_life / 2)
}

impl Token {
    /// Its age by the clock that says more.
    fn age(&self, now: Instants) -> Duration {
        now.monotonic
            .saturating_sub(self.fetched.monotonic)
            .max(now.wall.saturating_sub(self.fetched.wall))
    }

    fn expired(&self, now: Instants) -> bool {
        self.age(now) >= self.ttl
    }

    /// Whether it is time to fetch the next.
    fn stale(&self, now: Instants, buffer: Duration) -> bool {
        self.age(now) + buffer_within(buffer, self.whole_life) >= self.ttl
    }
}

#[derive(Clone, Copy)]
struct Instants {
    monotonic: Duration,
    wall: Duration,
}

struct Refusal {
    error: Error,
    until: Duration,
    next_pause: Duration,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    generation: u64,
    /// The last token that was refused: another process may not have noticed yet.
    refused: Option<Token>,
    /// Tokens of late, newest last: an answer may echo one, and must not show it.
    recent: Vec<Arc<SecretString>>,
    refusal: Option<Refusal>,
    /// Whether a flight is under way, and what the last one failed with.
    flying: bool,
    last_failure: Option<Error>,
    no_refresh_before: Duration,
    last_fetch: Option<Duration>,
}

pub(crate) struct Slot {
    endpoint: Endpoint,
    credentials: Credentials,
    clock: Arc<dyn Clock>,
    share: Arc<OnceLock<Arc<dyn TokenShare>>>,
    /// What it is shared under.
    name: [u8; 32],
    state: Mutex<State>,
    /// Flights that ended.
    ended: watch::Sender<u64>,
}

impl Slot {
    /// A token that is good as far as is known, fetched if need be, by `deadline`. `buffer` is how long before its end the next is fetched.
    pub(crate) async fn get(
        self: &Arc<Self>,
        buffer: Duration,
        deadline: Instant,
    ) -> Result<Token, Error> {
        loop {
            let (old, flight) = {
                let mut state = self.lock();
                if let Some(token) = self.at_hand(&state, buffer) {
                    return Ok(token.clone());
                }
                if let Some(error) = self.remembered_refusal(&state) {
                    return Err(error);
                }
                let old = state
                    .token
                    .clone()
                    .filter(|token| !token.expired(self.now()));
                (old, self.fly(&mut state, Some(buffer)))
            };
            let landed = match old {
                Some(old) => match flight
                    .landed(deadline.min(Instant::now() + REFRESH_PATIENCE))
                    .await
                {
                    Ok(()) => Ok(()),
                    Err(_) => return Ok(old),
                },
                None => flight.landed(deadline).await,
            };
            landed?;
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

    /// Whether nobody has to wait for a token.
    pub(crate) fn is_ready(&self, buffer: Duration) -> bool {
        self.at_hand(&self.lock(), buffer).is_some()
    }

    /// The latest token, good or not: who was told that there is one does not wait for the next before the server refuses it.
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

    /// Asks the server for a token even though one is in use, unless the last call is younger than `at_most_every`: the proof that the
    /// credentials are still good.
    pub(crate) async fn prove(
        self: &Arc<Self>,
        at_most_every: Duration,
        buffer: Duration,
        deadline: Instant,
    ) -> Result<Token, Error> {
        let flight = {
            let mut state = self.lock();
            if let Some(error) = self.remembered_refusal(&state) {
                return Err(error);
            }
            let now = self.now().monotonic;
            let due = state
                .last_fetch
                .is_none_or(|last| now.saturating_sub(last) >= at_most_every);
            due.then(|| self.fly(&mut state, None))
        };
        if let Some(flight) = flight {
            flight.landed(deadline).await?;
            if let Some(error) = self.lock().last_failure.clone() {
                return Err(error);
            }
        }
        self.get(buffer, deadline).await
    }

    /// Joins the flight that is under way, or begins one. With `buffer`, another process's token will do that is not as near its end.
    fn fly(self: &Arc<Self>, state: &mut State, buffer: Option<Duration>) -> Flight {
        let ended = self.ended.subscribe();
        let seen = *ended.borrow();
        if !state.flying {
            state.flying = true;
            let slot = Arc::clone(self);
            tokio::spawn(async move {
                let landing = Landing {
                    slot: &slot,
                    result: Err(Error::new(Call::GetToken, Fault::TokenLate)),
                };
                landing.with(slot.fetch_or_share(buffer).await);
            });
        }
        Flight { ended, seen }
    }

    async fn fetch_or_share(&self, buffer: Option<Duration>) -> Result<Token, Error> {
        let Some(share) = self.share.get() else {
            return self.fetch_twice().await;
        };
        // Looked at each time: a token may be refused while this flight waits for its turn.
        let usable = |shared: &SharedToken| {
            let is_it =
                |secret: &SecretString| secret.expose_secret() == shared.secret.expose_secret();
            let state = self.lock();
            let is_refused = state
                .refused
                .as_ref()
                .is_some_and(|refused| is_it(&refused.secret));
            let in_use = state
                .token
                .as_ref()
                .is_some_and(|token| is_it(&token.secret));
            buffer.is_some_and(|buffer| shared.life > buffer_within(buffer, shared.whole_life))
                && !is_refused
                && !in_use
        };
        if let Turn::Use(SharedToken {
            secret,
            life,
            whole_life,
        }) = share.turn(&self.name, &usable).await
        {
            return Ok(Token {
                secret,
                generation: 0,
                fetched: self.now(),
                ttl: life,
                whole_life,
            });
        }
        let mut fetching = std::pin::pin!(self.fetch_twice());
        let result = if let Ok(result) = timeout(TURN_HELD, &mut fetching).await {
            result
        } else {
            // A server that does not answer this process may answer another.
            share.end(&self.name).await;
            fetching.await
        };
        if let Ok(token) = &result {
            let life = token.ttl.saturating_sub(token.age(self.now()));
            share
                .keep(
                    &self.name,
                    &SharedToken {
                        secret: Arc::clone(&token.secret),
                        life,
                        whole_life: token.ttl,
                    },
                )
                .await;
        }
        share.end(&self.name).await;
        result
    }

    async fn fetch_twice(&self) -> Result<Token, Error> {
        match self.fetch().await {
            Err(error) if error.refuses_token() => {
                self.fetch().await.map_err(Error::of_a_fresh_token)
            }
            result => result,
        }
    }

    async fn fetch(&self) -> Result<Token, Error> {
        let Credentials {
            corp_id,
            corp_secret,
        } = &self.credentials;
        let fetched = self.now();
        self.lock().last_fetch = Some(fetched.monotonic);
        tracing::debug!("fetching an access token");
        let body = self
            .endpoint
            .call(
                Call::GetToken,
                &[("corpid", corp_id), ("corpsecret", corp_secret)],
                None,
                Duration::MAX,
            )
            .await?;
        let mut answer = Answer::read(Call::GetToken, &body, "access_token", &self.secrets())?;
        let ttl = answer.number("expires_in").map_or(DEFAULT_TTL, |seconds| {
            Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
        });
        let serde_json::Value::String(secret) = answer.take("access_token") else {
            return Err(Error::new(
                Call::GetToken,
                Fault::Unreadable("it has no access_token"),
            ));
        };
        if secret.is_empty() {
            return Err(Error::new(
                Call::GetToken,
                Fault::Unreadable("its access_token is empty"),
            ));
        }
        let ttl = ttl.max(Duration::from_secs(1));
        Ok(Token {
            secret: Arc::new(SecretString::from(secret)),
            generation: 0,
            fetched,
            ttl,
            whole_life: ttl,
        })
    }

    fn finish(&self, result: Result<Token, Error>) {
        let now = self.now();
        let mut state = self.lock();
        state.flying = false;
        match result {
            Ok(mut token) => {
                state.generation += 1;
                token.generation = state.generation;
                if state.recent.len() == RECENT_TOKENS {
                    state.recent.remove(0);
                }
                state.recent.push(Arc::clone(&token.secret));
                state.token = Some(token);
                state.refusal = None;
                state.last_failure = None;
            }
            Err(error) => {
                if state
                    .token
                    .as_ref()
                    .is_some_and(|token| !token.expired(now))
                {
                    tracing::warn!(%error, "the access token could not be refreshed early; the old one stays in use");
                }
                state.no_refresh_before = now.monotonic + REFRESH_PAUSE;
                if error.refuses_credentials() {
                    let pause = state
                        .refusal
                        .as_ref()
                        .map_or(REFUSED_FOR.0, |refusal| refusal.next_pause);
                    let until = now.monotonic + pause;
                    state.refusal = Some(Refusal {
                        error: error.clone(),
                        until,
                        next_pause: (pause * 2).min(REFUSED_FOR.1),
                    });
                } else if error.is_final() {
                    let until = now.monotonic + REFUSED_BRIEFLY;
                    state.refusal = Some(Refusal {
                        error: error.clone(),
                        until,
                        next_pause: REFUSED_FOR.0,
                    });
                }
                state.last_failure = Some(error);
            }
        }
        // Told while the state is held, so that nobody joins a flight whose end was told already.
        self.ended.send_modify(|ended| *ended += 1);
    }

    /// What no answer may show.
    pub(crate) fn secrets(&self) -> Vec<Arc<SecretString>> {
        let Credentials {
            corp_id,
            corp_secret,
        } = &self.credentials;
        let mut secrets = self.lock().recent.clone();
        secrets.extend([Arc::clone(corp_id), Arc::clone(corp_secret)]);
        secrets
    }

    /// The token in use, if it is good and nobody is to fetch the next one first.
    fn at_hand<'a>(&self, state: &'a State, buffer: Duration) -> Option<&'a Token> {
        let now = self.now();
        let token = state.token.as_ref().filter(|token| !token.expired(now))?;
        let is_enough =
            !token.stale(now, buffer) || state.flying || now.monotonic < state.no_refresh_before;
        (is_enough || self.remembered_refusal(state).is_some()).then_some(token)
    }

    fn remembered_refusal(&self, state: &State) -> Option<Error> {
        let now = self.now().monotonic;
        let refusal = state
            .refusal
            .as_ref()
            .filter(|refusal| now < refusal.until)?;
        Some(Error {
            remembered_for: Some(refusal.until.saturating_sub(now)),
            ..refusal.error.clone()
        })
    }

    fn now(&self) -> Instants {
        Instants {
            monotonic: self.clock.monotonic(),
            wall: self.clock.wall(),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) mod life;
#[cfg(test)]
mod tests;
