//! Callbacks: what WeChat Work sends to an app's callback URL, verified and decrypted; and encrypted replies to it (pages 90930, 90238 and 90968).
//!
//! A [`Codec`] holds what the admin console shows under 接收消息 ("receive messages") of an app. It calls nobody and keeps nothing: an HTTP server gives
//! it the query and the body of a request.
//!
//! ```
//! use std::sync::Arc;
//!
//! use acteon_wecom::callback::{Codec, Incoming, Query, Settings};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let codec = Codec::new(Settings {
//!     token: "AcTg8wTok3nV1".into(),
//!     encoding_aes_key: "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG".into(),
//!     receive_id: Arc::new("ww0123456789abcdef".into()),
//! })?;
//!
//! // GET: saved in the admin console. The answer is the bare text, within a second.
//! let query = Query::parse(
//!     "msg_signature=9f7d0a31795b5ac426b27ad36d06f53b4181e24b&timestamp=1700000000&nonce=n0nceAAA1&echostr=\
//!      Q3stYC6hdFzMh9T8HCvyDATF5qsTFS3ZytAiTh1OoMa%2F%2BO9zP8JkZGrIuJV407EMOkmd1KS47%2FXEB62rhV0pqQ%3D%3D",
//! )?;
//! assert_eq!(codec.verify_url(&query)?, "3875264935012093455");
//!
//! // POST: a message or an event. Commit it first, and answer 200 with an empty body within five seconds.
//! # let (query, body) = ("msg_signature=d9820503f79a89116ef1fa807a51bd38dfc04204&timestamp=1700000002&nonce=n0nceAAA3", "<xml/>");
//! match Query::parse(query).and_then(|query| codec.open(&query, body.as_bytes())) {
//!     Ok(received) => match &received.incoming {
//!         Incoming::Text(text) => println!("{} writes {}", received.from_user_name, text.content),
//!         Incoming::CardEvent(event) => println!("{} presses {}", received.from_user_name, event.event_key),
//!         other => println!("{other:?}"),
//!     },
//!     Err(error) => println!("{error}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What is checked, and in which order
//!
//! 1. The parameters are there, each once, and no longer than they can be ([`Query::parse`]).
//! 2. The body is short enough, UTF-8, and XML with one `Encrypt` and without a document type.
//! 3. `msg_signature` is the SHA-1 over token, timestamp, nonce and ciphertext, compared in constant time.
//! 4. The ciphertext is base64 of whole blocks, its padding is right, and its text as long as it says.
//! 5. The receive id behind the text is that of the settings: another corporation's callback is not this one's.
//! 6. The text is UTF-8 and XML without a document type, with the fields that its kind has.
//!
//! A [`CallbackError`] names the check that failed. Answer the same to all of them: what the sender learns helps only who forges.
//!
//! # What is left to the caller
//!
//! - **Repeats.** WeChat Work sends a callback again when the answer is late, up to three times. [`Received::digest`] is the same for all of them, and
//!   differs for two clicks within one second.
//! - **Replays.** Who records a callback can send it again as it is. [`Query::timestamp`] is signed: refuse one that is old, and know digests for as
//!   long as that.
//! - **Who may do what.** [`Received::from_user_name`] is who pressed or wrote, as sure as the token and the key are secret. Whether they may is not known here.

mod cipher;
mod codec;
mod error;
mod event;
mod key;
mod query;
mod received;
mod reply;
mod signature;
#[cfg(test)]
mod tests;
mod xml;

pub use codec::{Codec, Settings};
pub use error::{CallbackError, ParameterFault, SettingsError, XmlFault};
pub use event::{CardEvent, Incoming, SelectedItem, TextMessage};
pub use query::Query;
pub use received::Received;
pub use reply::{Reply, ReplyError, Stamp};

/// Bytes in lower-case hexadecimal digits.
fn hexadecimal(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}
