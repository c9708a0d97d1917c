//! Failures of a send. A closed set: the retry loop stands on it.

use std::fmt;
use std::time::Duration;

use crate::json::head;
use crate::limits::MAX_ERROR_BYTES;

/// Class of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Something that the send refers to does not exist.
    NotFound,
    /// The service refused it, and would again.
    ExecutionFailed,
    /// No answer came in time.
    Timeout,
    /// The service could not be reached, or is out of order for now.
    Connection,
    /// Credentials or settings are wrong; a person must act.
    Configuration,
    /// The service refused it because of too many calls.
    RateLimited,
    /// The payload cannot be turned into a request.
    Serialization,
}

impl ErrorKind {
    /// Whether the same send may succeed later.
    pub const fn retryable(self) -> bool {
        match self {
            Self::Timeout | Self::Connection | Self::RateLimited => true,
            Self::NotFound | Self::ExecutionFailed | Self::Configuration | Self::Serialization => {
                false
            }
        }
    }

    /// Code of the class, as outcomes have it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotFound => "NOT_FOUND",
            Self::ExecutionFailed => "EXECUTION_FAILED",
            Self::Timeout => "TIMEOUT",
            Self::Connection => "CONNECTION",
            Self::Configuration => "CONFIGURATION",
            Self::RateLimited => "RATE_LIMITED",
            Self::Serialization => "SERIALIZATION",
        }
    }
}

/// Permission to repeat a send that may have arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repeat {
    /// It may be repeated with the pauses of durable retries, as long as the policy says: a copy
    /// too many is better than none.
    #[default]
    Later,
    /// It may be repeated once, with the pause of a durable retry: the service said yes, only in a
    /// way that cannot be read.
    OnceLater,
    /// It may be repeated like one that surely did not arrive: the service is known not to mind
    /// copies.
    Freely,
    /// It may not be repeated at all.
    Never,
}

/// What a failure says of the request's arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arrival {
    /// It did not arrive.
    Not,
    /// It may have arrived all the same.
    Perhaps,
    /// It did not, because an earlier copy of it did.
    Earlier,
}

/// Failed send: its class, a message for people, and what the retry loop needs to know.
///
/// It has no room for a URL or a request: whoever makes one writes the message for people who may
/// not know the secrets.
#[derive(Clone, Debug)]
pub struct ProviderError {
    kind: ErrorKind,
    message: Box<str>,
    arrival: Arrival,
    not_ready: bool,
    to_repair: bool,
    repeat: Repeat,
    retry_after: Option<Duration>,
    service_code: Option<i64>,
    reason: &'static str,
    advice: Option<Box<str>>,
    hint: Option<Box<str>>,
}

impl ProviderError {
    /// Failure of class `kind`; `message` says what was wrong, and is cut at [`MAX_ERROR_BYTES`].
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let message = message.into();
        let message = head(&message, MAX_ERROR_BYTES).into();
        Self {
            kind,
            message,
            arrival: Arrival::Not,
            not_ready: false,
            to_repair: matches!(kind, ErrorKind::Configuration),
            repeat: Repeat::Later,
            retry_after: None,
            service_code: None,
            reason: "",
            advice: None,
            hint: None,
        }
    }

    /// Says that the request may have reached the service all the same.
    #[must_use]
    pub fn maybe_sent(mut self) -> Self {
        self.arrival = Arrival::Perhaps;
        self
    }

    /// Says that what the provider had got ready was refused, such as an access token. The request
    /// surely did not arrive, and is made once more with what the provider gets instead. This
    /// failure stands where that is refused too.
    #[must_use]
    pub fn not_ready(mut self) -> Self {
        self.not_ready = true;
        self
    }

    /// Says that the service refuses what it has already: where an earlier copy of the request may have arrived, it did.
    #[must_use]
    pub fn shows_arrival(mut self) -> Self {
        self.arrival = Arrival::Earlier;
        self
    }

    /// Whether the service refuses what it has already.
    pub const fn has_shown_arrival(&self) -> bool {
        matches!(self.arrival, Arrival::Earlier)
    }

    /// Says that people must repair something before anything can be sent: a setting, a permission,
    /// an address. So it is with every [`ErrorKind::Configuration`].
    #[must_use]
    pub fn to_repair(mut self) -> Self {
        self.to_repair = true;
        self
    }

    /// Says whether it may be repeated, if the request may have reached the service.
    #[must_use]
    pub fn repeat(mut self, repeat: Repeat) -> Self {
        self.repeat = repeat;
        self
    }

    /// Says after how long the service wants to be asked again.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// Adds the service's own error code.
    #[must_use]
    pub fn service_code(mut self, code: i64) -> Self {
        self.service_code = Some(code);
        self
    }

    /// Adds the kind of trouble in the service's own terms: a word out of few, for metrics.
    #[must_use]
    pub fn reason(mut self, reason: &'static str) -> Self {
        self.reason = reason;
        self
    }

    /// Adds one line of what to do.
    #[must_use]
    pub fn advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into().into());
        self
    }

    /// Adds the service's trace id for this failure.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into().into());
        self
    }

    /// Class of the failure.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether the request may have reached the service.
    pub const fn was_maybe_sent(&self) -> bool {
        matches!(self.arrival, Arrival::Perhaps)
    }

    /// Whether the provider must get ready again, and the request is made once more then.
    pub const fn was_not_ready(&self) -> bool {
        self.not_ready
    }

    /// Whether people must repair something before anything can be sent.
    pub const fn is_to_repair(&self) -> bool {
        self.to_repair
    }

    /// Whether the send may be repeated although it may have arrived.
    pub const fn may_repeat(&self) -> Repeat {
        self.repeat
    }

    /// Time after which the service wants to be asked again, if it said so.
    pub const fn asked_to_wait(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Service's own error code, if it gave one.
    pub const fn code_of_service(&self) -> Option<i64> {
        self.service_code
    }

    /// Kind of trouble in the service's own terms; empty when it was not told.
    pub const fn reason_label(&self) -> &'static str {
        self.reason
    }

    /// Advice on what to do, in one line, if there is any.
    pub fn advice_text(&self) -> Option<&str> {
        self.advice.as_deref()
    }

    /// Service's trace id, if it gave one.
    pub fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(advice) = &self.advice {
            write!(f, " - {advice}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, " (hint {hint})")?;
        }
        Ok(())
    }
}

impl std::error::Error for ProviderError {}
