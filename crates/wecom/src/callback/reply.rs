//! Replies in the answer to a callback (page 90241).

use std::fmt;

use super::cipher::RANDOM;
use super::hexadecimal;
use super::received::Received;
use super::xml::cdata;

/// Most bytes of a text. The service cuts off what is longer, without an error.
const MAX_TEXT: usize = 2048;
/// Most bytes of a nonce.
const MAX_NONCE: usize = 128;

/// Reply that the member sees who wrote or pressed.
///
/// Whether WeChat Work takes a reply to a card's press is contradicted in its documentation. To change a card for sure, and for all who have it, update
/// it with the press's response code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Text in the conversation with the app, at most 2048 bytes.
    Text(String),
    /// New label of the card's buttons, which makes them grey.
    UpdateButton(String),
}

/// Reason why a reply cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// The reply is too long.
    #[error("reply is {size} bytes long, at most {limit} are allowed; shorten it")]
    TooLong {
        /// Length in bytes.
        size: usize,
        /// Most bytes that are allowed.
        limit: usize,
    },
    /// The reply is empty.
    #[error("reply is empty")]
    Empty,
    /// The reply has a character that XML cannot hold.
    #[error("reply has the control character {0:?}, which XML cannot hold; leave it out")]
    Character(char),
    /// The stamp's nonce is not 1 to 128 letters and digits.
    #[error("the nonce of a reply must be 1 to 128 letters and digits")]
    Nonce,
}

/// Time and chance that go into an encrypted reply.
#[derive(Clone, PartialEq, Eq)]
pub struct Stamp {
    /// Time of the reply, in seconds since the Unix epoch.
    pub timestamp: u64,
    /// Nonce that is signed: letters and digits, other ones for each reply.
    pub nonce: String,
    /// Random bytes that are encrypted first, so that two equal replies do not look equal.
    pub random: [u8; RANDOM],
}

impl Stamp {
    /// Makes a stamp out of random bytes, which are other ones for each reply.
    pub fn new(timestamp: u64, random: [u8; 24]) -> Self {
        let (block, nonce) = random.split_at(RANDOM);
        let mut first = [0; RANDOM];
        first.copy_from_slice(block);
        Self {
            timestamp,
            nonce: hexadecimal(nonce),
            random: first,
        }
    }

    pub(super) fn check(&self) -> Result<(), ReplyError> {
        let is_plain = self.nonce.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if self.nonce.is_empty() || self.nonce.len() > MAX_NONCE || !is_plain {
            return Err(ReplyError::Nonce);
        }
        Ok(())
    }
}

impl fmt::Debug for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stamp")
            .field("timestamp", &self.timestamp)
            .finish_non_exhaustive()
    }
}

impl Reply {
    /// XML of the reply to what was received.
    pub(super) fn to_xml(&self, received: &Received, stamp: &Stamp) -> Result<String, ReplyError> {
        let (kind, text) = match self {
            Self::Text(text) => ("text", text),
            Self::UpdateButton(name) => ("update_button", name),
        };
        check(text)?;
        let text = cdata(text);
        let content = match self {
            Self::Text(_) => format!("<Content>{text}</Content>"),
            Self::UpdateButton(_) => {
                format!("<Button><ReplaceName>{text}</ReplaceName></Button>")
            }
        };
        Ok(format!(
            "<xml><ToUserName>{}</ToUserName><FromUserName>{}</FromUserName><CreateTime>{}</CreateTime><MsgType>{}</MsgType>{content}</xml>",
            cdata(&received.from_user_name),
            cdata(&received.to_user_name),
            stamp.timestamp,
            cdata(kind),
        ))
    }
}

fn check(text: &str) -> Result<(), ReplyError> {
    if crate::visible::is_blank(text) {
        return Err(ReplyError::Empty);
    }
    if text.len() > MAX_TEXT {
        return Err(ReplyError::TooLong {
            size: text.len(),
            limit: MAX_TEXT,
        });
    }
    let is_in_no_xml = |letter: &char| {
        (letter.is_ascii_control() && !matches!(letter, '\t' | '\n' | '\r' | '\u{7f}'))
            || matches!(letter, '\u{fffe}' | '\u{ffff}')
    };
    match text.chars().find(is_in_no_xml) {
        Some(letter) => Err(ReplyError::Character(letter)),
        None => Ok(()),
    }
}
