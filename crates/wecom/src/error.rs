//! What can go wrong with a call. Cannot hold a URL, a token or a credential.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use acteon_http::NoConnection;

use crate::codes::{self, Entry, Trouble};

/// Which call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// `gettoken`.
    GetToken,
    /// `message/send`.
    Send,
    /// `agent/get`.
    AgentGet,
}

impl Call {
    /// The path below the base URL.
    pub const fn path(self) -> &'static str {
        match self {
            Self::GetToken => "/cgi-bin/gettoken",
            Self::Send => "/cgi-bin/message/send",
            Self::AgentGet => "/cgi-bin/agent/get",
        }
    }

    /// The call's name in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GetToken => "gettoken",
            Self::Send => "message/send",
            Self::AgentGet => "agent/get",
        }
    }
}

/// The class of a failure, which says how its caller should react.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Credentials or settings are wrong; repeating is useless.
    Configuration,
    /// Too many calls; repeat later.
    RateLimited,
    /// Out of reach or out of order; repeat.
    Connection,
    /// Refused; repeating is useless.
    ExecutionFailed,
}

/// The reason of a failed call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No connection: refused, name not found, TLS or proxy failure, or no connection in time. The request did not leave.
    Connect(NoConnection),
    /// There was no access token in time, or too late to send with it. Nothing was sent.
    TokenLate,
    /// No answer in time after the request left.
    Timeout,
    /// The connection broke after the request left.
    Broken,
    /// An HTTP status outside 2xx.
    Status {
        /// The status.
        status: u16,
        /// `Retry-After` as it was given, if it was.
        retry_after: Option<Box<str>>,
    },
    /// A 2xx answer that is not what the API answers with.
    Unreadable(&'static str),
    /// A non-zero `errcode`.
    Code {
        /// The `errcode`.
        code: i64,
        /// The text of `errmsg` before its support part.
        text: String,
        /// The support trace id.
        hint: Option<String>,
        /// The address that WeChat Work saw the call come from.
        from_ip: Option<IpAddr>,
    },
    /// The token was refused, and so was the fresh one that replaced it.
    TokenRefusedTwice {
        /// The second refusal's `errcode`.
        code: i64,
        /// The support trace id.
        hint: Option<String>,
    },
    /// The app is switched off in the admin console.
    AppDisabled,
}

/// A failed call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Which.
    pub call: Call,
    /// What happened.
    pub reason: Reason,
    /// Set when no call was made, because the last one failed the same way and repeating it would get this address banned: when it may be
    /// made again.
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

    /// How a caller should take it.
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

    /// Whether people must repair something before any message can be sent: the app's secret or permissions, or the address of this machine.
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

    /// Whether a message may have been sent although the call failed. A proxy that answers 500, 502 or 504 may have passed the request on;
    /// 503 says that nobody took it.
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
        self.call == Call::Send && ambiguous
    }

    /// The `errcode`, if there was one.
    pub fn code(&self) -> Option<i64> {
        match self.reason {
            Reason::Code { code, .. } | Reason::TokenRefusedTwice { code, .. } => Some(code),
            _ => None,
        }
    }

    /// The support trace id, if there was one.
    pub fn hint(&self) -> Option<&str> {
        match &self.reason {
            Reason::Code { hint, .. } | Reason::TokenRefusedTwice { hint, .. } => hint.as_deref(),
            _ => None,
        }
    }

    /// One line of what to do.
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

    /// What kind of trouble it is, for metrics.
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

    /// Whether the server refuses the access token of the call, which it looks at before anything else.
    pub fn refuses_token(&self) -> bool {
        matches!(
            self.reason,
            Reason::Code {
                code: 40014 | 42001,
                ..
            }
        )
    }

    /// The same failure of a call that was made with a fresh token.
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

    /// Whether repeating the call is useless until somebody repairs something.
    pub(crate) fn is_final(&self) -> bool {
        match self.class() {
            Class::Configuration | Class::ExecutionFailed => true,
            Class::RateLimited | Class::Connection => false,
        }
    }

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

/// What a status that others than WeChat Work answer with says.
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
