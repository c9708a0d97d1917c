//! Queries of callback URLs (page 90930).

use std::fmt;

use super::error::{CallbackError, ParameterFault};
use super::signature::DIGITS;

/// Longest query that is read, in bytes. One of WeChat Work has some 250; a URL may have parameters of its own.
const MAX_QUERY: usize = 4096;
/// Longest `nonce` that is read, in bytes. One of WeChat Work has some 10.
const MAX_NONCE: usize = 128;
/// Longest `timestamp` that is read, in digits.
const MAX_TIMESTAMP: usize = 20;
/// Longest `echostr` that is read, in characters. One of WeChat Work has 88.
const MAX_ECHOSTR: usize = 1024;

/// Parameters of a callback. Nothing of them is sure until [`Codec::open`](super::Codec::open) or
/// [`Codec::verify_url`](super::Codec::verify_url) accepted them. `Debug` shows the timestamp alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Query {
    pub(super) msg_signature: String,
    pub(super) timestamp: String,
    pub(super) nonce: String,
    pub(super) echostr: Option<String>,
    seconds: u64,
}

impl Query {
    /// Reads a URL's query, percent-encoded as it was received. Parameters of other names are ignored.
    ///
    /// A `+` stays a plus, as base64 has it: forms mean a blank by it, which none of these parameters can hold.
    ///
    /// Errors when a parameter is missing, repeated, malformed or too long.
    pub fn parse(query: &str) -> Result<Self, CallbackError> {
        if query.len() > MAX_QUERY {
            return Err(CallbackError::QueryTooLong(MAX_QUERY));
        }
        let query = query.replace('+', "%2B");
        let find = |name, most| find(&query, name, most);
        let needed = |name, most| find(name, most)?.ok_or(fault(name, ParameterFault::Missing));

        let msg_signature = needed("msg_signature", DIGITS)?;
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if msg_signature.len() != DIGITS || !msg_signature.bytes().all(is_digit) {
            return Err(fault("msg_signature", ParameterFault::Malformed));
        }
        let timestamp = needed("timestamp", MAX_TIMESTAMP)?;
        let seconds = whole(&timestamp).ok_or(fault("timestamp", ParameterFault::Malformed))?;
        Ok(Self {
            msg_signature,
            timestamp,
            nonce: needed("nonce", MAX_NONCE)?,
            echostr: find("echostr", MAX_ECHOSTR)?,
            seconds,
        })
    }

    /// Time at which WeChat Work says that it sent the callback, in seconds since the Unix epoch.
    pub const fn timestamp(&self) -> u64 {
        self.seconds
    }
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query")
            .field("timestamp", &self.seconds)
            .finish_non_exhaustive()
    }
}

/// Value of a parameter, at most `most` bytes long; `None` when it is missing or empty.
fn find(query: &str, name: &'static str, most: usize) -> Result<Option<String>, CallbackError> {
    let mut values = url::form_urlencoded::parse(query.as_bytes())
        .filter(|(given, _)| given == name)
        .map(|(_, value)| value);
    let value = values.next();
    if values.next().is_some() {
        return Err(fault(name, ParameterFault::Repeated));
    }
    match value {
        Some(value) if value.len() > most => Err(fault(name, ParameterFault::TooLong)),
        Some(value) if !value.is_empty() => Ok(Some(value.into_owned())),
        _ => Ok(None),
    }
}

const fn fault(name: &'static str, fault: ParameterFault) -> CallbackError {
    CallbackError::Parameter { name, fault }
}

/// Whole number that is written in digits alone.
pub(super) fn whole(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| text.parse().ok())?
}
