//! Errors of the API in the gateway's terms.

use acteon_core::{ErrorKind, ProviderError, Repeat, Timestamp};
use acteon_wecom::{Class, Error, Reason};

use crate::retry_after;

pub(super) fn classify(error: &Error, now: Timestamp) -> ProviderError {
    let kind = match error.class() {
        Class::Configuration => ErrorKind::Configuration,
        Class::RateLimited => ErrorKind::RateLimited,
        Class::Connection => ErrorKind::Connection,
        Class::ExecutionFailed => ErrorKind::ExecutionFailed,
    };
    let mut provider_error = ProviderError::new(kind, error.to_string())
        .advice(error.advice())
        .reason(error.trouble());
    if let Some(code) = error.code() {
        provider_error = provider_error.service_code(code);
    }
    if error.is_to_repair() {
        provider_error = provider_error.to_repair();
    }
    if let Some(hint) = error.hint() {
        provider_error = provider_error.hint(hint);
    }
    if error.maybe_sent() {
        let answered = matches!(error.reason, Reason::Unreadable(_));
        provider_error = provider_error.maybe_sent().repeat(if answered {
            Repeat::OnceLater
        } else {
            Repeat::Later
        });
    }
    if let Reason::Status {
        status: 408 | 429 | 503,
        retry_after: Some(asked),
    } = &error.reason
        && let Some(asked) = retry_after::parse(asked, now)
    {
        provider_error = provider_error.retry_after(asked);
    }
    provider_error
}
