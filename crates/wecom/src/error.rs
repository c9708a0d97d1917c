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

/// The fault of a failed call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
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
    pub fault: Fault,
    /// Set when no call was made, because the last one failed the same way and repeating it would get this address banned: when it may be
    /// made again.
    pub remembered_for: Option<Duration>,
}

impl Error {
    pub(crate) fn new(call: Call, fault: Fault) -> Self {
        Self {
            call,
            fault,
            remembered_for: None,
        }
    }

    /// How a caller should take it.
    #[expect(
        clippy::match_same_arms,
        reason = "an arm for each row of the provider's error mapping, in its order"
    )]
    pub fn class(&self) -> Class {
        match &self.fault {
            Fault::Connect(_)
            | Fault::TokenLate
            | Fault::Timeout
            | Fault::Broken
            | Fault::Unreadable(_) => Class::Connection,
            Fault::Status {
                status: 401 | 403, ..
            } => Class::Configuration,
            Fault::Status {
                status: 408 | 500..=599,
                ..
            } => Class::Connection,
            Fault::Status { status: 429, .. } => Class::RateLimited,
            Fault::Status { .. } => Class::ExecutionFailed,
            Fault::Code { code: -1, .. } => Class::Connection,
            Fault::Code {
                code: 40001 | 40013,
                ..
            } => Class::Configuration,
            Fault::Code { code: 45009, .. } => Class::RateLimited,
            Fault::Code { .. } => Class::ExecutionFailed,
            Fault::TokenRefusedTwice { .. } | Fault::AppDisabled => Class::Configuration,
        }
    }

    /// Whether people must repair something before any message can be sent: the app's secret or permissions, or the address of this machine.
    pub fn is_to_repair(&self) -> bool {
        match &self.fault {
            Fault::Status { status, .. } => matches!(status, 401 | 403 | 407),
            Fault::Code { code, .. } => codes::look_up(*code).is_to_repair(),
            Fault::TokenRefusedTwice { .. } | Fault::AppDisabled => true,
            Fault::Connect { .. }
            | Fault::TokenLate
            | Fault::Timeout
            | Fault::Broken
            | Fault::Unreadable(_) => false,
        }
    }

    /// Whether a message may have been sent although the call failed. A proxy that answers 500, 502 or 504 may have passed the request on;
    /// 503 says that nobody took it.
    pub fn maybe_sent(&self) -> bool {
        let ambiguous = match self.fault {
            Fault::Timeout | Fault::Broken | Fault::Unreadable(_) => true,
            Fault::Status { status, .. } => (500..=599).contains(&status) && status != 503,
            Fault::Connect(_)
            | Fault::TokenLate
            | Fault::Code { .. }
            | Fault::TokenRefusedTwice { .. }
            | Fault::AppDisabled => false,
        };
        self.call == Call::Send && ambiguous
    }

    /// The `errcode`, if there was one.
    pub fn code(&self) -> Option<i64> {
        match self.fault {
            Fault::Code { code, .. } | Fault::TokenRefusedTwice { code, .. } => Some(code),
            _ => None,
        }
    }

    /// The support trace id, if there was one.
    pub fn hint(&self) -> Option<&str> {
        match &self.fault {
            Fault::Code { hint, .. } | Fault::TokenRefusedTwice { hint, .. } => hint.as_deref(),
            _ => None,
        }
    }

    /// One line of what to do.
    pub fn advice(&self) -> String {
        match &self.fault {
            Fault::Connect(none) => none.advice().into(),
            Fault::TokenLate => "check the network between this server and WeChat Work: gettoken answers late or not at all".into(),
            Fault::Timeout | Fault::Broken => "check the network between this server and WeChat Work".into(),
            Fault::Status { status: 401 | 403, .. } => {
                "something in between refuses the call: check the proxy and wechat.api_base_url".into()
            }
            Fault::Status { status: 407, .. } => "the proxy wants to know who calls: put user and password into its URL".into(),
            Fault::Status { status: 408 | 429 | 500..=599, .. } => "WeChat Work, or a proxy before it, is busy or broken for now".into(),
            Fault::Status { .. } | Fault::Unreadable(_) => "check what answers at wechat.api_base_url: it is not WeChat Work's API".into(),
            Fault::Code { code: 60020 | 301_042, from_ip: Some(ip), .. } => {
                format!("add {ip} to the app's trusted IPs (企业可信IP) in the admin console, and wait a minute")
            }
            Fault::Code { code, .. } => codes::look_up(*code).advice.into(),
            Fault::TokenRefusedTwice { .. } => {
                "each new token is refused, so something else ends this app's tokens: look for another program that uses \
                 the same Secret, and check that wechat.api_base_url is one and the same WeChat Work for gettoken and message/send"
                    .into()
            }
            Fault::AppDisabled => "enable the app in the admin console".into(),
        }
    }

    /// What kind of trouble it is, for metrics.
    pub fn trouble(&self) -> &'static str {
        match &self.fault {
            Fault::Connect(_) => "connect",
            Fault::TokenLate => "token_late",
            Fault::Timeout => "timeout",
            Fault::Broken => "broken",
            Fault::Status { .. } => "http_status",
            Fault::Unreadable(_) => "unreadable",
            Fault::Code { code, .. } | Fault::TokenRefusedTwice { code, .. } => {
                codes::look_up(*code).trouble.as_str()
            }
            Fault::AppDisabled => Trouble::Permission.as_str(),
        }
    }

    /// Whether the server refuses the access token of the call, which it looks at before anything else.
    pub fn refuses_token(&self) -> bool {
        matches!(
            self.fault,
            Fault::Code {
                code: 40014 | 42001,
                ..
            }
        )
    }

    /// The same failure of a call that was made with a fresh token.
    #[must_use]
    pub fn of_a_fresh_token(self) -> Self {
        match self.fault {
            Fault::Code {
                code: code @ (40014 | 42001),
                hint,
                ..
            } => Self::new(self.call, Fault::TokenRefusedTwice { code, hint }),
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
        matches!(self.fault, Fault::Code { code, .. } if codes::look_up(code).trouble == Trouble::Credentials)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WeChat Work {}: ", self.call.as_str())?;
        match &self.fault {
            Fault::Connect(none) => write!(f, "{none}")?,
            Fault::TokenLate => f.write_str("no access token in time; nothing was sent")?,
            Fault::Timeout => f.write_str("no answer in time")?,
            Fault::Broken => f.write_str("the connection broke before the answer")?,
            Fault::Status { status, .. } => write!(f, "HTTP status {status}{}", word_of(*status))?,
            Fault::Unreadable(what) => write!(f, "unreadable answer: {what}")?,
            Fault::Code { code, text, .. } => {
                let Entry { label, .. } = codes::look_up(*code);
                write!(f, "errcode {code}, {label}")?;
                if !text.is_empty() {
                    write!(f, ": {text}")?;
                }
            }
            Fault::TokenRefusedTwice { code, .. } => {
                write!(f, "errcode {code}, also with a fresh access token")?;
            }
            Fault::AppDisabled => f.write_str("the app is disabled")?,
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
