//! Apps, and sending with them.

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
use crate::http::{Address, Body, Endpoint};
use crate::token::life::TokenLife;
use crate::token::{Slot, Token, TokenCache};

/// Answer to a `message/send` that WeChat Work accepted (page 90236): it is accepted, not yet delivered. Fields that the server left out are `null`.
/// `Debug` leaves out the response code.
#[derive(Clone, PartialEq, Eq)]
pub struct Sent {
    /// Text of the service: usually `ok`, or a warning that it understood the request only in part.
    pub errmsg: Value,
    /// Id of the message, with which it can be recalled for 24 hours.
    pub msgid: Value,
    /// Userids that were left out, in lower case with `|` between them: unknown, or outside the app's visible range.
    pub invaliduser: Value,
    /// Ids of departments that were left out, with `|` between them.
    pub invalidparty: Value,
    /// Ids of tags that were left out, with `|` between them.
    pub invalidtag: Value,
    /// Userids that were left out because the members have no licence for the API, with `|` between them.
    pub unlicenseduser: Value,
    /// Code with which a card can be updated, once and within 72 hours. Only cards that can be updated have one.
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

/// Self-built app of a corporation, with what it takes to send.
pub struct App {
    pub(crate) endpoint: Endpoint,
    pub(crate) credentials: Credentials,
    pub(crate) slot: Arc<Slot>,
    pub(crate) buffer: Duration,
    pub(crate) agent_id: u32,
    pub(crate) health: HealthMemory,
    pub(crate) limit: Duration,
    /// Address of `message/send` with its token, and the token's generation. Kept because to build it takes longer than the rest of a call's work here.
    send_address: Mutex<Option<(u64, Address)>>,
}

/// Longest time to get a token, and longest time of a call, unless [`App::within`] sets another.
const LIMIT: Duration = Duration::from_secs(30);

impl App {
    /// Makes the app `agent_id`; calls nobody. The next token is fetched `buffer` before the one in use ends, and `tokens` shares it with apps that
    /// have the same endpoint and credentials.
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

    /// Sets the longest time to get a token, and the longest time of a call; 30 seconds each otherwise. The endpoint's time-out holds as well.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Instant by which a token must be there, so that the call that needs it has time left for its answer.
    pub(crate) fn token_deadline(&self) -> Instant {
        Instant::now() + self.limit - self.endpoint.timeout().min(self.limit / 4)
    }

    /// Whether a token is there, so that [`Self::send`] makes one call only.
    pub fn is_ready(&self) -> bool {
        self.slot.is_ready(self.buffer)
    }

    /// Makes sure that there is a token for the next sends, with a call of `gettoken` if it takes one. Sends no message.
    ///
    /// Errors when no token can be had, with [`Reason::TokenLate`] when it takes too long.
    pub async fn make_ready(&self) -> Result<(), Error> {
        self.slot
            .get(self.buffer, self.token_deadline())
            .await
            .map(drop)
    }

    /// Sends a request body, as [`Message::to_bytes`](crate::Message::to_bytes) makes it, with a token that is fetched first if need be. Where the
    /// token is refused, the send is repeated once with the next one: a refused token means that nothing was sent.
    ///
    /// Errors as [`Error`] says; [`Error::maybe_sent`] tells whether sending it again could send it twice.
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

    /// Sends a request body with the latest token, in one call that waits for no other. A token that is refused is dropped, and the error is
    /// returned: the next [`Self::make_ready`] gets another.
    ///
    /// Errors with [`Reason::TokenLate`] when there is no token yet.
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
                Some(Body::json(message.to_vec())),
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

    /// Age and remaining time of the token in use; `None` before the first, and after one was refused. Calls nobody.
    pub fn token_life(&self) -> Option<TokenLife> {
        self.slot.life()
    }

    /// Name of the app's corporation at its endpoint, 16 hexadecimal digits: the service limits the calls of all its apps together (page 90312). It
    /// is part of a hash, and so shows nothing of the corporation's id.
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

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sent")
            .field("errmsg", &self.errmsg)
            .field("msgid", &self.msgid)
            .field("invaliduser", &self.invaliduser)
            .field("invalidparty", &self.invalidparty)
            .field("invalidtag", &self.invalidtag)
            .field("unlicenseduser", &self.unlicenseduser)
            .finish_non_exhaustive()
    }
}
