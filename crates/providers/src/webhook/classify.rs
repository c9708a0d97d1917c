//! What an answer or its absence means. The one place where `reqwest` errors, which hold the URL, become ours.

use std::time::Duration;

use acteon_core::{ErrorKind, ProviderError};
use reqwest::{Response, StatusCode};

pub(super) fn status(response: &Response) -> Result<(), ProviderError> {
    let status = response.status();
    let error = |kind| {
        ProviderError::new(kind, format!("the webhook answered with HTTP status {}", status.as_u16())).service_code(status.as_u16().into())
    };
    match status {
        _ if status.is_success() => Ok(()),
        StatusCode::TOO_MANY_REQUESTS => {
            let after = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse().ok());
            let error = error(ErrorKind::RateLimited);
            Err(after.map(Duration::from_secs).into_iter().fold(error, ProviderError::retry_after))
        }
        StatusCode::REQUEST_TIMEOUT => Err(error(ErrorKind::Connection)),
        _ if status.is_server_error() => Err(error(ErrorKind::Connection)),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Err(error(ErrorKind::Configuration).advice("check the webhook's url and headers"))
        }
        _ if status.is_redirection() => {
            Err(error(ErrorKind::ExecutionFailed).advice("redirects are not followed: configure the final address"))
        }
        _ => Err(error(ErrorKind::ExecutionFailed)),
    }
}

pub(super) fn transport(error: &reqwest::Error) -> ProviderError {
    if error.is_connect() || error.is_builder() {
        return ProviderError::new(ErrorKind::Connection, "no connection to the webhook").advice("check its address and the network");
    }
    let error = if error.is_timeout() {
        ProviderError::new(ErrorKind::Timeout, "the webhook did not answer in time")
    } else {
        ProviderError::new(ErrorKind::Connection, "the connection to the webhook broke before its answer")
    };
    error.maybe_sent()
}
