//! Access tokens: fetched lazily, once for everybody, and dropped only when it is the one in use that was refused.
//!
//! A *slot* belongs to one (base URL, corp id, secret). It holds the token in use, with a *generation* that grows with every fetch. Whoever
//! is told by the server that a token is no longer good names the generation it had used: a late complaint about an old token does not drop
//! the newer one. Fetching is single-flight: all who wait share its result, also when it is a failure. Wrong credentials are remembered,
//! because repeating them gets this address banned from `gettoken` for an hour. Where processes share tokens, a flight first looks whether
//! another process has landed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use secrecy::{ExposeSecret, SecretString};

use crate::answer::Answer;
use crate::app::Credentials;
use crate::clock::{Clock, SystemClock};
use crate::error::{Call, Error, Fault};
use crate::http::Endpoint;
use crate::share::{SharedToken, TokenShare, Turn};

/// Assumed where the server does not say.
const DEFAULT_TTL: Duration = Duration::from_hours(2);
/// First and longest time for which wrong credentials are not tried again.
const REFUSED_FOR: (Duration, Duration) = (Duration::from_secs(10), Duration::from_mins(10));
/// Tokens that answers are searched for.
const RECENT_TOKENS: usize = 4;
/// How long after a failed early refresh the next is tried, while the old token still serves.
const REFRESH_PAUSE: Duration = Duration::from_secs(10);

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
        Self { slots: Mutex::default(), clock, share: Arc::default() }
    }

    /// Shares the tokens with other processes from now on. To be called once.
    pub fn share(&self, share: Arc<dyn TokenShare>) {
        drop(self.share.set(share));
    }

    pub(crate) fn slot(&self, endpoint: &Endpoint, credentials: &Credentials) -> Arc<Slot> {
        let Credentials { corp_id, corp_secret } = credentials;
        let identity = [endpoint.base_url(), corp_id.expose_secret(), corp_secret.expose_secret()].join("\n");
        let mut key = [0; 32];
        key.copy_from_slice(digest(&SHA256, identity.as_bytes()).as_ref());
        drop(zeroize::Zeroizing::new(identity));
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Slot {
            endpoint: endpoint.clone(),
            credentials: credentials.clone(),
            clock: Arc::clone(&self.clock),
            share: Arc::clone(&self.share),
            name: key,
            state: Mutex::default(),
            flight: tokio::sync::Mutex::default(),
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
}

impl Token {
    /// Its age by the clock that says more.
    fn age(&self, now: Instants) -> Duration {
        now.monotonic.saturating_sub(self.fetched.monotonic).max(now.wall.saturating_sub(self.fetched.wall))
    }

    fn expired(&self, now: Instants) -> bool {
        self.age(now) >= self.ttl
    }

    /// Whether it is time to fetch the next. A buffer as long as the life of the token must not mean a fetch for every send.
    fn stale(&self, now: Instants, buffer: Duration) -> bool {
        self.age(now) + buffer.min(self.ttl / 2) >= self.ttl
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
    refused: Option<Arc<SecretString>>,
    /// Tokens of late, newest last: an answer may echo one, and must not show it.
    recent: Vec<Arc<SecretString>>,
    refusal: Option<Refusal>,
    /// Finished fetches, and what the last one failed with.
    flights: u64,
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
    flight: tokio::sync::Mutex<()>,
}

impl Slot {
    /// A token that is good as far as is known, fetched if need be. `buffer` is how long before its end the next is fetched.
    pub(crate) async fn get(&self, buffer: Duration) -> Result<Token, Error> {
        let (seen, old) = {
            let state = self.lock();
            let now = self.now();
            match &state.token {
                Some(token) if !token.stale(now, buffer) || (!token.expired(now) && now.monotonic < state.no_refresh_before) => {
                    return Ok(token.clone());
                }
                token => (state.flights, token.clone()),
            }
        };
        match self.fetch_once(seen, Some(buffer)).await {
            Ok(token) => Ok(token),
            Err(error) => match old {
                Some(token) if !token.expired(self.now()) => {
                    tracing::warn!(%error, "the access token could not be refreshed early; the old one stays in use");
                    Ok(token)
                }
                _ => Err(error),
            },
        }
    }

    /// Drops the token in use if it is of `generation`.
    pub(crate) fn invalidate(&self, generation: u64) {
        let mut state = self.lock();
        if state.token.as_ref().is_some_and(|token| token.generation == generation) {
            state.refused = state.token.take().map(|token| token.secret);
        }
    }

    /// Asks the server for a token even though one is in use, unless the last call is younger than `at_most_every`: the proof that the
    /// credentials are still good.
    pub(crate) async fn prove(&self, at_most_every: Duration, buffer: Duration) -> Result<Token, Error> {
        let (seen, due) = {
            let state = self.lock();
            let now = self.now().monotonic;
            (state.flights, state.last_fetch.is_none_or(|last| now.saturating_sub(last) >= at_most_every))
        };
        if due {
            return self.fetch_once(seen, None).await;
        }
        let refused = self.remembered_refusal();
        refused.map_or(Ok(()), Err)?;
        self.get(buffer).await
    }

    /// Fetches a token, or shares what a fetch that ended after `seen` came to. With `buffer`, another process's token will do that is not as
    /// near its end.
    async fn fetch_once(&self, seen: u64, buffer: Option<Duration>) -> Result<Token, Error> {
        let _flight = self.flight.lock().await;
        {
            let state = self.lock();
            if state.flights > seen {
                if let Some(token) = &state.token {
                    return Ok(token.clone());
                }
                if let Some(error) = &state.last_failure {
                    return Err(error.clone());
                }
            }
        }
        if let Some(error) = self.remembered_refusal() {
            return Err(error);
        }
        let Some(share) = self.share.get() else { return self.finish(self.fetch_twice().await) };
        let refused = self.lock().refused.clone();
        let usable = |shared: &SharedToken| {
            let is_refused = refused.as_ref().is_some_and(|refused| refused.expose_secret() == shared.secret.expose_secret());
            let in_use = self.lock().token.as_ref().is_some_and(|token| token.secret.expose_secret() == shared.secret.expose_secret());
            buffer.is_some_and(|buffer| shared.life > buffer) && !is_refused && !in_use
        };
        match share.turn(&self.name, &usable).await {
            Turn::Use(SharedToken { secret, life }) => self.finish(Ok(Token { secret, generation: 0, fetched: self.now(), ttl: life })),
            Turn::Fetch => {
                let result = self.fetch_twice().await;
                let fetched = result
                    .as_ref()
                    .ok()
                    .map(|token| SharedToken { secret: Arc::clone(&token.secret), life: token.ttl.saturating_sub(token.age(self.now())) });
                share.end(&self.name, fetched.as_ref()).await;
                self.finish(result)
            }
        }
    }

    async fn fetch_twice(&self) -> Result<Token, Error> {
        match self.fetch().await {
            Err(error) if error.refuses_token() => self.fetch().await.map_err(refused_twice),
            result => result,
        }
    }

    async fn fetch(&self) -> Result<Token, Error> {
        let Credentials { corp_id, corp_secret } = &self.credentials;
        let fetched = self.now();
        self.lock().last_fetch = Some(fetched.monotonic);
        tracing::debug!("fetching an access token");
        let body = self.endpoint.call(Call::GetToken, &[("corpid", corp_id), ("corpsecret", corp_secret)], None).await?;
        let body = zeroize::Zeroizing::new(body);
        let mut answer = Answer::read(Call::GetToken, &body, "access_token", &self.secrets())?;
        let ttl = answer.number("expires_in").map_or(DEFAULT_TTL, |seconds| Duration::from_secs(u64::try_from(seconds).unwrap_or(0)));
        let serde_json::Value::String(secret) = answer.take("access_token") else {
            return Err(Error::new(Call::GetToken, Fault::Unreadable("it has no access_token")));
        };
        if secret.is_empty() {
            return Err(Error::new(Call::GetToken, Fault::Unreadable("its access_token is empty")));
        }
        Ok(Token { secret: Arc::new(SecretString::from(secret)), generation: 0, fetched, ttl: ttl.max(Duration::from_secs(1)) })
    }

    fn finish(&self, result: Result<Token, Error>) -> Result<Token, Error> {
        let now = self.now().monotonic;
        let mut state = self.lock();
        state.flights += 1;
        match result {
            Ok(mut token) => {
                state.generation += 1;
                token.generation = state.generation;
                state.token = Some(token.clone());
                if state.recent.len() == RECENT_TOKENS {
                    state.recent.remove(0);
                }
                state.recent.push(Arc::clone(&token.secret));
                state.refusal = None;
                state.last_failure = None;
                Ok(token)
            }
            Err(error) => {
                state.no_refresh_before = now + REFRESH_PAUSE;
                if error.refuses_credentials() {
                    let pause = state.refusal.as_ref().map_or(REFUSED_FOR.0, |refusal| refusal.next_pause);
                    state.refusal = Some(Refusal { error: error.clone(), until: now + pause, next_pause: (pause * 2).min(REFUSED_FOR.1) });
                }
                state.last_failure = Some(error.clone());
                Err(error)
            }
        }
    }

    /// What no answer may show.
    pub(crate) fn secrets(&self) -> Vec<Arc<SecretString>> {
        let Credentials { corp_id, corp_secret } = &self.credentials;
        let mut secrets = self.lock().recent.clone();
        secrets.extend([Arc::clone(corp_id), Arc::clone(corp_secret)]);
        secrets
    }

    fn remembered_refusal(&self) -> Option<Error> {
        let now = self.now().monotonic;
        let state = self.lock();
        let refusal = state.refusal.as_ref().filter(|refusal| now < refusal.until)?;
        Some(Error { remembered_for: Some(refusal.until.saturating_sub(now)), ..refusal.error.clone() })
    }

    fn now(&self) -> Instants {
        Instants { monotonic: self.clock.monotonic(), wall: self.clock.wall() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn refused_twice(error: Error) -> Error {
    match error.fault {
        Fault::Code { code: code @ (40014 | 42001), hint, .. } => Error::new(error.call, Fault::TokenRefusedTwice { code, hint }),
        _ => error,
    }
}
