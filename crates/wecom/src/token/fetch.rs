//! Fetch of a token: another process's where there is one, else from the service.

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::time::timeout;

use super::access_token::{Token, buffer_within};
use super::slot::Slot;
use crate::answer::Answer;
use crate::credentials::Credentials;
use crate::error::{Call, Error, Reason};
use crate::share::{SharedToken, TokenTurn};

/// Life of a token whose answer has no `expires_in`: what page 91039 calls normal.
const DEFAULT_TTL: Duration = Duration::from_hours(2);
/// Time for which a fetch keeps its turn before other processes.
const TURN_HELD: Duration = Duration::from_secs(3);

impl Slot {
    /// Takes another process's token or fetches one. A shared token is taken only with a `buffer`, and while it has more time left than that.
    pub(super) async fn fetch_or_share(&self, buffer: Option<Duration>) -> Result<Token, Error> {
        let Some(share) = self.share.get() else {
            return self.fetch_twice().await;
        };
        // Asked again each time: a token may be refused while this fetch waits for its turn.
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
        if let TokenTurn::Use(SharedToken {
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
            // A service that does not answer this process may answer another.
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

    /// Fetches a token, once more where the answer refuses a token although `gettoken` takes none.
    async fn fetch_twice(&self) -> Result<Token, Error> {
        match self.fetch().await {
            Err(error) if error.refuses_token() => {
                self.fetch().await.map_err(Error::of_a_fresh_token)
            }
            result => result,
        }
    }

    /// Fetches a token with one call of `gettoken`.
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
                Reason::Unreadable("it has no access_token"),
            ));
        };
        if secret.is_empty() {
            return Err(Error::new(
                Call::GetToken,
                Reason::Unreadable("its access_token is empty"),
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
}
