//! What an answer or its absence means. The one place where `reqwest` errors, which hold the URL, become ours.

use acteon_core::{ErrorKind, ProviderError, Repeat};
use reqwest::{Response, StatusCode};

use super::config::{Config, RetryMode};
use crate::no_connection::{self, NoConnection};
use crate::retry_after;

pub(super) fn status(config: &Config, response: &Response) -> Result<(), ProviderError> {
    let status = response.status();
    let error = |kind| {
        ProviderError::new(
            kind,
            format!("the webhook answered with HTTP status {}", status.as_u16()),
        )
        .service_code(status.as_u16().into())
    };
    let asked = response
        .headers()
        .get("retry-after")
        .and_then(|value| value.to_str().ok());
    let asked = asked.and_then(|value| retry_after::parse(value, config.clock.now()));
    let with_pause =
        |error: ProviderError| asked.into_iter().fold(error, ProviderError::retry_after);
    match status {
        _ if status.is_success() => Ok(()),
        StatusCode::TOO_MANY_REQUESTS => Err(with_pause(error(ErrorKind::RateLimited))),
        StatusCode::REQUEST_TIMEOUT => Err(with_pause(error(ErrorKind::Connection))),
        // Only who says when to come back says that nothing was done.
        StatusCode::SERVICE_UNAVAILABLE if asked.is_some() => {
            Err(with_pause(error(ErrorKind::Connection)))
        }
        _ if status.is_server_error() => {
            let repeat = match config.retry {
                RetryMode::Safe => Repeat::Later,
                RetryMode::ServerErrors => Repeat::Freely,
                RetryMode::Never => Repeat::Never,
            };
            Err(error(ErrorKind::Connection).maybe_sent().repeat(repeat))
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Err(error(ErrorKind::Configuration).advice("check the webhook's url and headers"))
        }
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => Err(error(ErrorKind::ExecutionFailed)
            .to_repair()
            .advice("the proxy asks for a name and a password: put them into HTTPS_PROXY")),
        _ if status.is_redirection() => Err(error(ErrorKind::ExecutionFailed)
            .advice("redirects are not followed: configure the final address")),
        _ => Err(error(ErrorKind::ExecutionFailed)),
    }
}

/// `left` says whether the request was on its way.
pub(super) fn transport(config: &Config, error: &reqwest::Error, left: bool) -> ProviderError {
    if error.is_connect() || error.is_builder() || !left {
        return no_connection(config, error);
    }
    let error = if error.is_timeout() {
        ProviderError::new(ErrorKind::Timeout, "the webhook did not answer in time")
    } else {
        ProviderError::new(
            ErrorKind::Connection,
            "the connection to the webhook broke before its answer",
        )
    };
    error
        .maybe_sent()
        .repeat(if config.retry == RetryMode::Never {
            Repeat::Never
        } else {
            Repeat::Later
        })
}

fn no_connection(config: &Config, error: &reqwest::Error) -> ProviderError {
    let NoConnection { why, advice } =
        no_connection::explain(error, &config.server, config.proxy.as_deref());
    ProviderError::new(ErrorKind::Connection, format!("the webhook: {why}")).advice(advice)
}
