//! Callbacks: what a provider's service sends of its own accord, such as that somebody pressed a button of a message.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Callbacks of a provider: how they are known to be of its service, and what they say.
pub trait Callbacks: Send + Sync {
    /// Answer to the service's test of the address that it is to call, as it is to be answered. `query` is the query of the request's address,
    /// percent-encoded as it came.
    fn answer_test(&self, query: &str) -> Result<String, CallbackRefused>;

    /// Reads a callback, from the query and the body of its request.
    fn open(&self, query: &str, body: &[u8]) -> Result<CallbackEvent, CallbackRefused>;
}

/// Reason why a callback is not taken, for the log of who runs the server; who sent it learns nothing of it. It quotes nothing of the request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct CallbackRefused {
    /// Reason.
    pub why: String,
    /// Kind of the fault, by which the log tells one from another that it has told of.
    pub fault: &'static str,
}

/// Event that a callback tells of, verified. It holds no secret: what changes a message later is sealed by its provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallbackEvent {
    /// Digest of the event, letters and digits: the same however often it is delivered, and another for each event.
    pub digest: String,
    /// Instant at which the service sent it, as it signed it.
    pub sent_at: Timestamp,
    /// Member who did something, by the service's name; `None` where it was nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// What happened.
    pub what: CallbackKind,
}

/// What a callback tells of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum CallbackKind {
    /// Somebody pressed a button of a card.
    Pressed {
        /// Id of the card, which whoever sent it gave it.
        card: String,
        /// Key of the button.
        key: String,
        /// Handle by which the card can be changed once more, sealed; `None` where the service gave none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        handle: Option<String>,
    },
    /// Somebody wrote to the app.
    Wrote {
        /// Text.
        text: String,
    },
    /// Something else, by the service's name for it.
    Other {
        /// Name, such as `enter_agent`.
        name: String,
    },
}
