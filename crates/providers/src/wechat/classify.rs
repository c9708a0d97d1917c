//! From the API's errors to the gateway's.

use acteon_core::{ErrorKind, ProviderError};
use acteon_wecom::{Class, Error, Fault};

pub(super) fn classify(error: &Error) -> ProviderError {
    let kind = match error.class() {
        Class::Configuration => ErrorKind::Configuration,
        Class::RateLimited => ErrorKind::RateLimited,
        Class::Connection => ErrorKind::Connection,
        Class::ExecutionFailed => ErrorKind::ExecutionFailed,
    };
    let mut provider_error = ProviderError::new(kind, error.to_string()).advice(error.advice()).reason(error.trouble());
    if let Some(code) = error.code() {
        provider_error = provider_error.service_code(code);
    }
    if let Some(hint) = error.hint() {
        provider_error = provider_error.hint(hint);
    }
    if error.maybe_sent() {
        provider_error = provider_error.maybe_sent();
    }
    if let Fault::Status { retry_after: Some(after), .. } = error.fault {
        provider_error = provider_error.retry_after(after);
    }
    provider_error
}
