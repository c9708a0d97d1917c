//! One app of one corporation.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::time::Instant;

use crate::answer::Answer;
use crate::credentials::Credentials;
use crate::error::{Call, Error, Reason};
use crate::health_memory::HealthMemory;
use crate::http::{Address, Endpoint};
use crate::token::life::TokenLife;
use crate::token::{Slot, Token, TokenCache};

/// The answer to a send that WeChat Work took. Fields that the server left out are `null`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Usually `ok`; may carry a warning about the request.
    pub errmsg: Value,
    /// The message's id, for recalling it.
    pub msgid: Value,
    /// Members who were left out, `|`-separated.
    pub invaliduser: Value,
    /// Departments that were left out.
    pub invalidparty: Value,
    /// Tags that were left out.
    pub invalidtag: Value,
    /// Members who were left out for want of a licence.
    pub unlicenseduser: Value,
    /// For updating a card, once, within 72 hours.
    pub response_code: Value,
}

impl Sent {
    /// Whether some recipients were left out.
    pub fn is_partial(&self) -> bool {
        let Self {
            invaliduser,
            invalidparty,
            invalidtag,
            unlicenseduser,
            ..
        } = self;
        [invaliduser, invalidparty, invalidtag, unlicenseduser]
            .into_iter()
            .any(|field| match field {
                Value::Null => false,
                Value::String(text) => !text.is_empty(),
                Value::Array(list) => !list.is_empty(),
                _ => true,
            })
    }
}

/// One app of one corporation.
pub struct App {
    pub(crate) endpoint: Endpoint,
    pub(crate) credentials: Credentials,
    pub(crate) slot: Arc<Slot>,
    pub(crate) buffer: Duration,
    pub(crate) agent_id: u32,
    pub(crate) health: HealthMemory,
    limit: Duration,
    /// Where messages go, with the token of a generation: putting it together takes longer than anything else of a call.
    send_address: Mutex<Option<(u64, Address)>>,
}

/// Longest that a token, or a call, takes where nothing else is said.
const LIMIT: Duration = Duration::from_secs(30);

impl App {
    /// The app `agent_id`. Its token is fetched `buffer` before the old one ends, and shared through `tokens` with apps of the same
    /// credentials.
    pub fn new(
        endpoint: Endpoint,
        credentials: Credentials,
        agent_id: u32,
        buffer: Duration,
        tokens: &TokenCache,
    ) -> Self {
        let slot = tokens.slot(&endpoint, &credentials);
        let health = HealthMemory::new(tokens.clock());
        Self {
            endpoint,
            credentials,
            slot,
            buffer,
            agent_id,
            health,
            limit: LIMIT,
            send_address: Mutex::default(),
        }
    }

    /// The same app, with `limit` for getting a token, and for a call.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Until when a token must be there for a call to follow, which has enough time left for an answer.
    pub(crate) fn token_deadline(&self) -> Instant {
        Instant::now() + self.limit - self.endpoint.timeout().min(self.limit / 4)
    }

    /// Whether a send has a token, and waits for none.
    pub fn is_ready(&self) -> bool {
        self.slot.is_ready(self.buffer)
    }

    /// Has a token for the next sends, fetched if need be. Nothing is sent meanwhile.
    pub async fn make_ready(&self) -> Result<(), Error> {
        self.slot
            .get(self.buffer, self.token_deadline())
            .await
            .map(drop)
    }

    /// Sends the bytes of a [`Message`](crate::Message), once there is a token. A refused token is replaced and the send repeated, once.
    pub async fn send(&self, message: &[u8]) -> Result<Sent, Error> {
        self.make_ready().await?;
        match self.send_now(message).await {
            Err(error) if error.refuses_token() => {
                self.make_ready().await?;
                self.send_now(message)
                    .await
                    .map_err(Error::of_a_fresh_token)
            }
            result => result,
        }
    }

    /// Sends the bytes of a [`Message`](crate::Message) with the latest token, and waits for none. One that is refused is dropped: the next
    /// [`Self::make_ready`] gets another.
    pub async fn send_now(&self, message: &[u8]) -> Result<Sent, Error> {
        let token = self
            .slot
            .latest()
            .ok_or_else(|| Error::new(Call::GetToken, Reason::TokenLate))?;
        let result = self.send_with(&token, message).await;
        if result.as_ref().is_err_and(Error::refuses_token) {
            self.slot.invalidate(token.generation);
        }
        result
    }

    async fn send_with(&self, token: &Token, message: &[u8]) -> Result<Sent, Error> {
        let body = self
            .endpoint
            .call_at(
                self.send_address(token)?,
                Some(message.to_vec()),
                self.limit,
            )
            .await?;
        let mut answer = Answer::read(Call::Send, &body, "msgid", &self.slot.secrets())?;
        Ok(Sent {
            errmsg: answer.take("errmsg"),
            msgid: answer.take("msgid"),
            invaliduser: answer.take("invaliduser"),
            invalidparty: answer.take("invalidparty"),
            invalidtag: answer.take("invalidtag"),
            unlicenseduser: answer.take("unlicenseduser"),
            response_code: answer.take("response_code"),
        })
    }

    fn send_address(&self, token: &Token) -> Result<Address, Error> {
        let mut kept = self
            .send_address
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some((generation, address)) if *generation == token.generation => Ok(address.clone()),
            _ => {
                let address = self
                    .endpoint
                    .address(Call::Send, &[("access_token", &token.secret)])?;
                *kept = Some((token.generation, address.clone()));
                Ok(address)
            }
        }
    }

    /// The life of the access token in use, if there is one. Calls nobody.
    pub fn token_life(&self) -> Option<TokenLife> {
        self.slot.life()
    }

    /// A name for what this app's corporation limits together. Holds no secret.
    pub fn corporation(&self) -> String {
        let identity = format!(
            "{}\n{}",
            self.endpoint.base_url(),
            self.credentials.corp_id.expose_secret()
        );
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, identity.as_bytes());
        let mut number = [0; 8];
        number.copy_from_slice(&hash.as_ref()[..8]);
        format!("{:016x}", u64::from_be_bytes(number))
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("endpoint", &self.endpoint)
            .field("agent_id", &self.agent_id)
            .finish_non_exhaustive()
    }
}
