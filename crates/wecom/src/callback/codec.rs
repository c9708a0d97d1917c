//! Codec of an app's callback.

use std::fmt;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use super::cipher::{self, Plain};
use super::error::{CallbackError, ParameterFault, SettingsError, XmlFault};
use super::key::Key;
use super::query::Query;
use super::received::Received;
use super::reply::{Reply, ReplyError, Stamp};
use super::signature::Signed;
use super::xml::{Element, cdata};

/// Longest body that is read, in bytes. One of WeChat Work has a few thousand.
const MAX_BODY: usize = 128 * 1024;
/// Longest token, in characters.
const MAX_TOKEN: usize = 32;
/// Longest receive id, in bytes. A corporation's has 18.
const MAX_RECEIVE_ID: usize = 128;

/// Settings of a callback. `Debug` shows none of them.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Token (`Token` in the admin console), which signs: at most 32 letters and digits.
    pub token: SecretString,
    /// AES key (`EncodingAESKey` in the admin console), which encrypts: 43 letters and digits.
    pub encoding_aes_key: SecretString,
    /// Receive id: the corporation's id for an app of its own, the suite's id for events of a third-party app.
    pub receive_id: Arc<SecretString>,
}

/// Codec that verifies and decrypts the callbacks of one app, and encrypts replies. `Debug` shows nothing of it.
pub struct Codec {
    token: SecretString,
    key: Key,
    receive_id: Arc<SecretString>,
}

impl Codec {
    /// Makes a codec. Errors when the settings cannot be those of a callback.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        let Settings {
            token,
            encoding_aes_key,
            receive_id,
        } = settings;
        let text = token.expose_secret();
        let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if text.is_empty() || text.len() > MAX_TOKEN || !is_plain {
            return Err(SettingsError::Token);
        }
        if receive_id.expose_secret().len() > MAX_RECEIVE_ID {
            return Err(SettingsError::ReceiveId);
        }
        Ok(Self {
            key: Key::read(&encoding_aes_key)?,
            token,
            receive_id,
        })
    }

    /// Verifies the request with which the admin console tests a URL (page 90930), a GET with an `echostr`.
    ///
    /// Returns the text to answer: status 200 within a second, and the text alone, without quotes, byte order mark or line break.
    pub fn verify_url(&self, query: &Query) -> Result<String, CallbackError> {
        let echostr = query.echostr.as_deref().ok_or(CallbackError::Parameter {
            name: "echostr",
            fault: ParameterFault::Missing,
        })?;
        let plain = self.decrypt(query, echostr)?;
        match std::str::from_utf8(&plain) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(CallbackError::Message(XmlFault::NotUtf8)),
        }
    }

    /// Verifies, decrypts and reads a message or an event, a POST whose body is XML.
    pub fn open(&self, query: &Query, body: &[u8]) -> Result<Received, CallbackError> {
        if body.len() > MAX_BODY {
            return Err(CallbackError::BodyTooLong(MAX_BODY));
        }
        let envelope = Element::read(body).map_err(CallbackError::Envelope)?;
        let encrypt = envelope
            .needed("Encrypt")
            .map_err(CallbackError::Envelope)?;
        let plain = self.decrypt(query, encrypt.trim())?;
        Received::read(&plain).map_err(CallbackError::Message)
    }

    /// Encrypts a reply to what was received: the body of the answer to its request (page 90241). The member who wrote or pressed sees it, nobody else.
    ///
    /// Errors when WeChat Work would not take the reply.
    pub fn reply(
        &self,
        received: &Received,
        reply: &Reply,
        stamp: &Stamp,
    ) -> Result<String, ReplyError> {
        self.seal(&reply.to_xml(received, stamp)?, stamp)
    }

    /// Encrypts the XML of a reply that [`Reply`] has no form for, as [`Self::reply`] does.
    pub fn seal(&self, xml: &str, stamp: &Stamp) -> Result<String, ReplyError> {
        stamp.check()?;
        if xml.len() > MAX_BODY {
            return Err(ReplyError::TooLong {
                size: xml.len(),
                limit: MAX_BODY,
            });
        }
        let receive_id = self.receive_id.expose_secret();
        let encrypt = cipher::encrypt(
            &self.key,
            stamp.random,
            xml.as_bytes(),
            receive_id.as_bytes(),
        );
        let timestamp = stamp.timestamp.to_string();
        let signed = Signed {
            timestamp: &timestamp,
            nonce: &stamp.nonce,
            encrypt: &encrypt,
        };
        let signature = signed.signature(self.token.expose_secret());
        Ok(format!(
            "<xml><Encrypt>{}</Encrypt><MsgSignature>{}</MsgSignature><TimeStamp>{timestamp}</TimeStamp><Nonce>{}</Nonce></xml>",
            cdata(&encrypt),
            cdata(&signature),
            cdata(&stamp.nonce)
        ))
    }

    /// Verifies the signature of a ciphertext, and decrypts it.
    fn decrypt(&self, query: &Query, encrypt: &str) -> Result<Plain, CallbackError> {
        let signed = Signed {
            timestamp: &query.timestamp,
            nonce: &query.nonce,
            encrypt,
        };
        if !signed.is_signed(self.token.expose_secret(), &query.msg_signature) {
            return Err(CallbackError::Signature);
        }
        cipher::decrypt(
            &self.key,
            encrypt,
            self.receive_id.expose_secret().as_bytes(),
        )
    }
}

impl fmt::Debug for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Codec([redacted])")
    }
}
