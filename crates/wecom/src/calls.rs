//! Calls with an access token, and those about messages that were sent: updates of cards, and recall.

use std::sync::Arc;

use secrecy::SecretString;
use serde_json::json;

use crate::answer::Answer;
use crate::app::App;
use crate::card::CardUpdated;
use crate::error::{Call, Error};
use crate::http::Body;

/// Field that shows a success. Answers to these calls have nothing else that one could be told by.
const PROOF: &str = "errcode";

impl App {
    /// Updates a card (page 94888) with a request body, as [`CardUpdate::to_bytes`](crate::card::CardUpdate::to_bytes) makes it. Where the token is
    /// refused, the call is repeated once with the next one.
    ///
    /// Errors as [`Error`] says; with code 60140 the response code was used before or is too old, and the card stays as it is.
    pub async fn update_card(&self, update: &[u8]) -> Result<CardUpdated, Error> {
        let body = Body::json(update.to_vec());
        let answer = self.call(Call::UpdateCard, &[], Some(&body)).await?;
        Ok(CardUpdated {
            errmsg: answer.text("errmsg").unwrap_or_default().to_owned(),
            invaliduser: answer.texts("invaliduser"),
        })
    }

    /// Recalls a message by its `msgid` (page 94867), within 24 hours of its send. It disappears for its recipients, except from personal WeChat.
    ///
    /// Errors as [`Error`] says; with code 42052 the message is too old.
    pub async fn recall(&self, msgid: &str) -> Result<(), Error> {
        let body = Body::json(json!({ "msgid": msgid }).to_string().into_bytes());
        let answer = self.call(Call::Recall, &[], Some(&body)).await;
        answer.map(drop)
    }

    /// Makes a call with a token that is fetched first if need be, and once more where the token is refused. The values of `query` are
    /// percent-encoded.
    pub(crate) async fn call(
        &self,
        call: Call,
        query: &[(&str, &SecretString)],
        body: Option<&Body>,
    ) -> Result<Answer, Error> {
        match self.call_with_token(call, query, body).await {
            Err(error) if error.refuses_token() => self
                .call_with_token(call, query, body)
                .await
                .map_err(Error::of_a_fresh_token),
            result => result,
        }
    }

    /// Makes a call once. A token that is refused is dropped.
    async fn call_with_token(
        &self,
        call: Call,
        query: &[(&str, &SecretString)],
        body: Option<&Body>,
    ) -> Result<Answer, Error> {
        let token = self.slot.get(self.buffer, self.token_deadline()).await?;
        // An answer may repeat what it was asked with.
        let mut secrets = self.slot.secrets();
        secrets.extend(query.iter().map(|(_, value)| Arc::new((*value).clone())));
        let query = [&[("access_token", &*token.secret)], query].concat();
        let result = self
            .endpoint
            .call(call, &query, body.cloned(), self.limit)
            .await
            .and_then(|reply| Answer::read(call, &reply, PROOF, &secrets));
        if result.as_ref().is_err_and(Error::refuses_token) {
            self.slot.invalidate(token.generation);
        }
        result
    }
}

#[cfg(test)]
mod tests;
