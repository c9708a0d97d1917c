//! Callbacks of an app.

use std::sync::Arc;

use acteon_core::{CallbackEvent, CallbackKind, CallbackRefused, Callbacks, Timestamp};
use acteon_wecom::callback::{CallbackError, CardEvent, Codec, Incoming, Query, Received};

use super::handle::Sealer;

/// Name of the member in events that the service makes itself (page 90240 of WeChat Work's documentation).
const SYSTEM: &str = "sys";

/// Longest word of a test, in bytes. One of the admin console has some 20 digits.
const MAX_WORD: usize = 64;

/// Callbacks of one app.
pub(super) struct AppCallbacks {
    pub(super) codec: Codec,
    pub(super) agent_id: u32,
    pub(super) sealer: Arc<Sealer>,
}

impl Callbacks for AppCallbacks {
    fn answer_test(&self, query: &str) -> Result<String, CallbackRefused> {
        let query = Query::parse(query).map_err(refused)?;
        let word = self.codec.verify_url(&query).map_err(refused)?;
        // An event that somebody recorded is signed as a word is, and must not be read to them.
        let is_word =
            word.len() <= MAX_WORD && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_word {
            let why = "callback test has no word of letters and digits: it is not one of the admin console";
            return Err(CallbackRefused {
                why: why.to_owned(),
                fault: "a callback's test has no word",
            });
        }
        Ok(word)
    }

    fn open(&self, query: &str, body: &[u8]) -> Result<CallbackEvent, CallbackRefused> {
        let query = Query::parse(query).map_err(refused)?;
        let received = self.codec.open(&query, body).map_err(refused)?;
        if let Some(other) = received.agent_id.filter(|id| *id != self.agent_id) {
            let why = format!(
                "callback is for the app {other}, and the provider's agent_id is {}: each app needs the callback URL of its own provider",
                self.agent_id
            );
            let fault = "a callback is for another app";
            return Err(CallbackRefused { why, fault });
        }
        let sent_at = i64::try_from(query.timestamp()).unwrap_or(i64::MAX);
        let member = Some(received.from_user_name.clone());
        Ok(CallbackEvent {
            digest: received.digest(),
            sent_at: Timestamp::from_millis(sent_at.saturating_mul(1000)),
            member: member.filter(|member| member != SYSTEM),
            what: self.kind(received),
        })
    }
}

impl AppCallbacks {
    fn kind(&self, received: Received) -> CallbackKind {
        let name = match received.incoming {
            Incoming::CardEvent(event) | Incoming::CardMenuEvent(event) => {
                return self.pressed(event);
            }
            Incoming::Text(text) => return CallbackKind::Wrote { text: text.content },
            Incoming::EnterAgent => "enter_agent".to_owned(),
            Incoming::Subscribe => "subscribe".to_owned(),
            Incoming::Unsubscribe => "unsubscribe".to_owned(),
            Incoming::InactiveAlert { .. } => "inactive_alert".to_owned(),
            Incoming::CloseInactiveAgent => "close_inactive_agent".to_owned(),
            Incoming::ReopenInactiveAgent => "reopen_inactive_agent".to_owned(),
            Incoming::Other { msg_type, event } if event.is_empty() => msg_type,
            Incoming::Other { event, .. } => event,
        };
        CallbackKind::Other { name }
    }

    fn pressed(&self, event: CardEvent) -> CallbackKind {
        let code = event.response_code.as_ref();
        CallbackKind::Pressed {
            card: event.task_id,
            key: event.event_key,
            handle: code.and_then(|code| self.sealer.seal(code)),
        }
    }
}

fn refused(error: CallbackError) -> CallbackRefused {
    let fault = match error {
        CallbackError::Signature => "a callback's signature does not match",
        CallbackError::Padding | CallbackError::Buffer | CallbackError::Blocks(_) => {
            "a callback does not decrypt"
        }
        CallbackError::ReceiveId => "a callback is for another corporation",
        _ => "a callback has not the form of one",
    };
    let why = match error.code() {
        Some(code) => format!("{error} ({code})"),
        None => error.to_string(),
    };
    CallbackRefused { why, fault }
}
