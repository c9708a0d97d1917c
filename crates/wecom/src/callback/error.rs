//! Errors of callbacks. They name the check that failed, and hold nothing of what was received but names of fields.

/// Reason why a callback's settings cannot be used. Its text is for the user whose settings they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The token is empty, longer than 32 characters, or has others than letters and digits.
    #[error(
        "the callback token must be 1 to 32 letters and digits; copy Token from the app's 接收消息 page"
    )]
    Token,
    /// The key is not 43 letters and digits (code -40004 of WeChat Work's own library).
    #[error(
        "the callback AES key must be 43 letters and digits; copy EncodingAESKey from the app's 接收消息 page"
    )]
    Key,
    /// The receive id is longer than ids can be.
    #[error("the receive id must be at most 128 bytes: the corporation's id for an app of its own")]
    ReceiveId,
}

/// Fault of a query's parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParameterFault {
    /// The parameter is missing or empty.
    #[error("is missing")]
    Missing,
    /// The parameter is there more than once, and nobody can tell which one counts.
    #[error("is there more than once")]
    Repeated,
    /// The parameter is longer than it can be.
    #[error("is too long")]
    TooLong,
    /// The parameter is not what it must be: 40 hexadecimal digits, or a whole number.
    #[error("is malformed")]
    Malformed,
}

/// Fault of a text that must be XML.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmlFault {
    /// The text is not UTF-8.
    #[error("is not UTF-8")]
    NotUtf8,
    /// The text is not well-formed, or has processing instructions.
    #[error("is not well-formed XML, at byte {0}")]
    Malformed(u64),
    /// The text has a document type, which could define entities.
    #[error("has a document type (DTD), which is refused")]
    DocumentType,
    /// The text has an entity that only a document type could define.
    #[error("has an entity that XML does not define, at byte {0}")]
    Entity(u64),
    /// Elements are nested too deeply.
    #[error("is nested deeper than 16 elements")]
    TooDeep,
    /// The text has too many elements.
    #[error("has more than 4096 elements")]
    TooMany,
    /// The element of this name is missing or empty.
    #[error("has no {0}")]
    Missing(&'static str),
    /// The element of this name is there more than once.
    #[error("has {0} more than once")]
    Repeated(&'static str),
    /// The element of this name is not a whole number.
    #[error("has a {0} that is not a whole number")]
    NotANumber(&'static str),
}

/// Reason why a callback is not accepted. The text is for the log of who runs the server, not for who sent the callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    /// A parameter of the query cannot be used.
    #[error(
        "callback parameter {name} {fault}; WeChat Work sends msg_signature, timestamp and nonce, and echostr to verify a URL"
    )]
    Parameter {
        /// Name of the parameter, such as `nonce`.
        name: &'static str,
        /// Fault of its value.
        fault: ParameterFault,
    },
    /// The query is longer than one of WeChat Work can be.
    #[error("callback query is longer than {0} bytes")]
    QueryTooLong(usize),
    /// The body is longer than one of WeChat Work can be.
    #[error("callback body is longer than {0} bytes")]
    BodyTooLong(usize),
    /// The body is not the XML around a ciphertext (-40002).
    #[error("callback body {0}")]
    Envelope(XmlFault),
    /// The signature is not the one that the token gives (-40001).
    #[error(
        "callback signature does not match: it is forged, or Token in the admin console differs from the configured one"
    )]
    Signature,
    /// The ciphertext is not base64 (-40010).
    #[error("callback ciphertext is not base64")]
    Base64,
    /// The ciphertext is not made of whole blocks, or is too short (-40007).
    #[error("callback ciphertext has {0} bytes, which no text encrypts to")]
    Blocks(usize),
    /// The padding is wrong (-40007).
    #[error(
        "callback does not decrypt: EncodingAESKey in the admin console differs from the configured one"
    )]
    Padding,
    /// The text says that it is longer than what was decrypted (-40008).
    #[error(
        "callback decrypts to something else than a callback: EncodingAESKey in the admin console differs from the configured one"
    )]
    Buffer,
    /// The receive id is another's (-40005).
    #[error(
        "callback is for another corporation: its receive id is not the configured corporation's id"
    )]
    ReceiveId,
    /// The decrypted text is not the XML of a message (-40002).
    #[error("callback message {0}")]
    Message(XmlFault),
}

impl CallbackError {
    /// Number that WeChat Work's own library returns for such a callback (page 90968), which its support asks for; `None` where it has none.
    pub const fn code(&self) -> Option<i32> {
        match self {
            Self::Parameter { .. } | Self::QueryTooLong(_) | Self::BodyTooLong(_) => None,
            Self::Signature => Some(-40001),
            Self::Envelope(_) | Self::Message(_) => Some(-40002),
            Self::ReceiveId => Some(-40005),
            Self::Blocks(_) | Self::Padding => Some(-40007),
            Self::Buffer => Some(-40008),
            Self::Base64 => Some(-40010),
        }
    }
}
