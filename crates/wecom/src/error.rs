//! Errors of calls. They cannot hold a URL, a token or a credential.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use acteon_http::NoConnection;

use crate::codes::{self, Entry, Trouble};

/// Call of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// `gettoken`, which changes credentials for an access token (page 91039).
    GetToken,
    /// `message/send` (page 90236).
    Send,
    /// `agent/get`, which returns an app's settings (page 90227).
    AgentGet,
    /// `message/update_template_card`, which changes a card (page 94888).
    UpdateCard,
    /// `message/recall`, which takes a message back (page 94867).
    Recall,
    /// `media/upload`, which takes a medium for messages (page 90253).
    Upload,
    /// `auth/getuserinfo`, which says who signed in (page 91023).
    GetUserInfo,
}

impl Call {
    /// Path below the base URL, such as `/cgi-bin/gettoken`.
    pub const fn path(self) -> &'static str {
        match self {
            Self::GetToken => "/cgi-bin/gettoken",
            Self::Send => "/cgi-bin/message/send",
            Self::AgentGet => "/cgi-bin/agent/get",
            Self::UpdateCard => "/cgi-bin/message/update_template_card",
            Self::Recall => "/cgi-bin/message/recall",
            Self::Upload => "/cgi-bin/media/upload",
            Self::GetUserInfo => "/cgi-bin/auth/getuserinfo",
        }
    }

    /// Name in messages, such as `message/send`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GetToken => "gettoken",
            Self::Send => "message/send",
            Self::AgentGet => "agent/get",
            Self::UpdateCard => "message/update_template_card",
            Self::Recall => "message/recall",
            Self::Upload => "media/upload",
            Self::GetUserInfo => "auth/getuserinfo",
        }
    }
}

/// Class of an error, which says how a caller should react.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Credentials or settings are wrong; the call fails again until a person corrects them.
    Configuration,
    /// There were too many calls; it may succeed later.
    RateLimited,
    /// The service could not be reached, or is out of order for now; it may succeed soon.
    Connection,
    /// The request was refused; the same request fails again.
    ExecutionFailed,
}

/// Reason why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// There was no connection, for the cause that is given. The request did not leave.
    Connect(NoConnection),
    /// No access token came in time to send with it. Nothing was sent.
    TokenLate,
    /// The request may have left, and no answer came in time.
    Timeout,
    /// The request may have left, and the connection broke before its answer.
    Broken,
    /// The answer has an HTTP status outside 2xx: it is most likely a proxy's, since the service itself answers 200.
    Status {
        /// Status code, such as 502.
        status: u16,
        /// Value of `Retry-After`, as it was received.
        retry_after: Option<Box<str>>,
    },
    /// The answer has status 2xx but is not the API's. The text says what is wrong with it.
    Unreadable(&'static str),
    /// The answer has a non-zero `errcode` (page 90313).
    Code {
        /// Value of `errcode`.
        code: i64,
        /// Text of `errmsg` up to its hint.
        text: String,
        /// Id that the service's support asks for.
        hint: Option<String>,
        /// IP address that the service saw the call come from.
        from_ip: Option<IpAddr>,
    },
    /// The access token was refused, and so was the next one that was fetched for it.
    TokenRefusedTwice {
        /// Value of the second refusal's `errcode`: 40014 or 42001.
        code: i64,
        /// Id that the service's support asks for.
        hint: Option<String>,
    },
    /// The app is switched off in the admin console.
    AppDisabled,
}

/// Error of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Call that failed.
    pub call: Call,
    /// Reason why it failed.
    pub reason: Reason,
    /// Time until the call may be made again. Set when no call was made, because the last one was refused and repeating it could get this machine's
    /// address banned.
    pub remembered_for: Option<Duration>,
}

impl Error {
    pub(crate) fn new(call: Call, reason: Reason) -> Self {
        Self {
            call,
            reason,
            remembered_for: None,
        }
    }

    /// Class of the error, which says how a caller should react.
    #[expect(
        clippy::match_same_arms,
        reason = "an arm for each row of the provider's error mapping, in its order"
    )]
    pub fn class(&self) -> Class {
        match &self.reason {
            Reason::Connect(_)
            | Reason::TokenLate
            | Reason::Timeout
            | Reason::Broken
            | Reason::Unreadable(_) => Class::Connection,
            Reason::Status {
                status: 401 | 403, ..
            } => Class::Configuration,
            Reason::Status {
                status: 408 | 500..=599,
                ..
            } => Class::Connection,
            Reason::Status { status: 429, .. } => Class::RateLimited,
            Reason::Status { .. } => Class::ExecutionFailed,
            Reason::Code { code: -1, .. } => Class::Connection,
            Reason::Code {
                code: 40001 | 40013,
                ..
            } => Class::Configuration,
            Reason::Code { code: 45009, .. } => Class::RateLimited,
            Reason::Code { .. } => Class::ExecutionFailed,
            Reason::TokenRefusedTwice { .. } | Reason::AppDisabled => Class::Configuration,
        }
    }

    /// Whether people must repair something before the app can send any message: its secret, its permissions, or its trusted IP addresses.
    pub fn is_to_repair(&self) -> bool {
        match &self.reason {
            Reason::Status { status, .. } => matches!(status, 401 | 403 | 407),
            Reason::Code { code, .. } => codes::look_up(*code).is_to_repair(),
            Reason::TokenRefusedTwice { .. } | Reason::AppDisabled => true,
            Reason::Connect { .. }
            | Reason::TokenLate
            | Reason::Timeout
            | Reason::Broken
            | Reason::Unreadable(_) => false,
        }
    }

    /// Whether the message may have been sent, or the card changed or the message recalled, although the call failed. A proxy that answers 500, 502 or 504 may have forwarded the request; 503 says
    /// that nothing took it.
    pub fn maybe_sent(&self) -> bool {
        let ambiguous = match self.reason {
            Reason::Timeout | Reason::Broken | Reason::Unreadable(_) => true,
            Reason::Status { status, .. } => (500..=599).contains(&status) && status != 503,
            Reason::Connect(_)
            | Reason::TokenLate
            | Reason::Code { .. }
            | Reason::TokenRefusedTwice { .. }
            | Reason::AppDisabled => false,
        };
        let changes = match self.call {
            Call::Send | Call::UpdateCard | Call::Recall => true,
            Call::GetToken | Call::AgentGet | Call::Upload | Call::GetUserInfo => false,
        };
        changes && ambiguous
    }

    /// Value of `errcode`, if the answer had one.
    pub fn code(&self) -> Option<i64> {
        match self.reason {
            Reason::Code { code, .. } | Reason::TokenRefusedTwice { code, .. } => Some(code),
            _ => None,
        }
    }

    /// Id that the service's support asks for, if the answer had one.
    pub fn hint(&self) -> Option<&str> {
        match &self.reason {
            Reason::Code { hint, .. } | Reason::TokenRefusedTwice { hint, .. } => hint.as_deref(),
            _ => None,
        }
    }

    /// Advice for people: one line that says what to do.
    pub fn advice(&self) -> String {
        match &self.reason {
            Reason::Connect(none) => none.advice().into(),
            Reason::TokenLate => "check the network between this server and WeChat Work: gettoken answers late or not at all".into(),
            Reason::Timeout | Reason::Broken => "check the network between this server and WeChat Work".into(),
            Reason::Status { status: 401 | 403, .. } => {
                "something in between refuses the call: check the proxy and wechat.api_base_url".into()
            }
            Reason::Status { status: 407, .. } => "the proxy wants to know who calls: put user and password into its URL".into(),
            Reason::Status { status: 408 | 429 | 500..=599, .. } => "WeChat Work, or a proxy before it, is busy or broken for now".into(),
            Reason::Status { .. } | Reason::Unreadable(_) => "check what answers at wechat.api_base_url: it is not WeChat Work's API".into(),
            Reason::Code { code: 60020 | 301_042, from_ip: Some(ip), .. } => {
                format!("add {ip} to the app's trusted IPs (企业可信IP) in the admin console, and wait a minute")
            }
            Reason::Code { code, .. } => codes::look_up(*code).advice.into(),
            Reason::TokenRefusedTwice { .. } => {
                "each new token is refused, so something else ends this app's tokens: look for another program that uses \
                 the same Secret, and check that wechat.api_base_url is one and the same WeChat Work for gettoken and message/send"
                    .into()
            }
            Reason::AppDisabled => "enable the app in the admin console".into(),
        }
    }

    /// Label for metrics, such as `timeout` or `rate`: one of a small fixed set.
    pub fn trouble(&self) -> &'static str {
        match &self.reason {
            Reason::Connect(_) => "connect",
            Reason::TokenLate => "token_late",
            Reason::Timeout => "timeout",
            Reason::Broken => "broken",
            Reason::Status { .. } => "http_status",
            Reason::Unreadable(_) => "unreadable",
            Reason::Code { code, .. } | Reason::TokenRefusedTwice { code, .. } => {
                codes::look_up(*code).trouble.as_str()
            }
            Reason::AppDisabled => Trouble::Permission.as_str(),
        }
    }

    /// Whether the call's access token was refused (40014, 42001). The service checks the token before anything else, so nothing was done.
    pub fn refuses_token(&self) -> bool {
        matches!(
            self.reason,
            Reason::Code {
                code: 40014 | 42001,
                ..
            }
        )
    }

    /// Makes the refusal of a token that was just fetched into [`Reason::TokenRefusedTwice`], so that it is not repeated for ever. Other errors stay.
    #[must_use]
    pub fn of_a_fresh_token(self) -> Self {
        match self.reason {
            Reason::Code {
                code: code @ (40014 | 42001),
                hint,
                ..
            } => Self::new(self.call, Reason::TokenRefusedTwice { code, hint }),
            _ => self,
        }
    }

    /// Whether the call fails again however often it is repeated.
    pub(crate) fn is_final(&self) -> bool {
        match self.class() {
            Class::Configuration | Class::ExecutionFailed => true,
            Class::RateLimited | Class::Connection => false,
        }
    }

    /// Whether the service refused the credentials, which it counts per address.
    pub(crate) fn refuses_credentials(&self) -> bool {
        matches!(self.reason, Reason::Code { code, .. } if codes::look_up(code).trouble == Trouble::Credentials)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WeChat Work {}: ", self.call.as_str())?;
        match &self.reason {
            Reason::Connect(none) => write!(f, "{none}")?,
            Reason::TokenLate => f.write_str("no access token in time; nothing was sent")?,
            Reason::Timeout => f.write_str("no answer in time")?,
            Reason::Broken => f.write_str("the connection broke before the answer")?,
            Reason::Status { status, .. } => write!(f, "HTTP status {status}{}", word_of(*status))?,
            Reason::Unreadable(what) => write!(f, "unreadable answer: {what}")?,
            Reason::Code { code, text, .. } => {
                let Entry { label, .. } = codes::look_up(*code);
                write!(f, "errcode {code}, {label}")?;
                if !text.is_empty() {
                    write!(f, ": {text}")?;
                }
            }
            Reason::TokenRefusedTwice { code, .. } => {
                write!(f, "errcode {code}, also with a fresh access token")?;
            }
            Reason::AppDisabled => f.write_str("the app is disabled")?,
        }
        if let Some(wait) = self.remembered_for {
            write!(
                f,
                " (known from the last call; the next is made in {} s at the earliest)",
                wait.as_secs().max(1)
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// Meaning of a status for messages, with a comma before it; empty where the number says enough.
fn word_of(status: u16) -> &'static str {
    match status {
        401 | 403 => ", access refused",
        407 => ", the proxy refuses who does not sign in",
        408 => ", it waited too long for the request",
        429 => ", too many requests",
        502 | 504 => ", a proxy got no answer from WeChat Work",
        503 => ", not available for now",
        500..=599 => ", out of order",
        _ => "",
    }
}
