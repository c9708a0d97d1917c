//! Classes of answers by their status, and of failures without an answer.

use acteon_core::{ErrorKind, ProviderError, Repeat};
use acteon_http::{Cause, Failure, NoConnection, Response, StatusCode};

use super::config::{Config, RetryMode};
use crate::retry_after;

/// Checks the status of an answer. Errors for all but 2xx, with how the send may be repeated.
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
        .header("retry-after")
        .and_then(|value| retry_after::parse(value, config.clock.now()));
    let with_pause =
        |error: ProviderError| asked.into_iter().fold(error, ProviderError::retry_after);
    match status {
        _ if status.is_success() => Ok(()),
        StatusCode::TOO_MANY_REQUESTS => Err(with_pause(error(ErrorKind::RateLimited))),
        StatusCode::REQUEST_TIMEOUT => Err(with_pause(error(ErrorKind::Connection))),
        // A 503 alone may come from a proxy behind which the webhook did its work; one that says when to come back was not handled.
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
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::GONE => {
            Err(error(ErrorKind::ExecutionFailed)
                .advice("check the webhook's url: nothing takes a POST there"))
        }
        _ => Err(error(ErrorKind::ExecutionFailed)
            .advice("see what its service says of the action's body")),
    }
}

/// Error of a request that got no answer.
pub(super) fn failure(config: &Config, failure: Failure) -> ProviderError {
    let error = match failure {
        Failure::NoConnection(none) => return no_connection(&none),
        Failure::Late => {
            ProviderError::new(ErrorKind::Timeout, "the webhook did not answer in time")
        }
        Failure::Broken => ProviderError::new(
            ErrorKind::Connection,
            "the connection to the webhook broke before its answer",
        ),
    };
    error
        .maybe_sent()
        .repeat(if config.retry == RetryMode::Never {
            Repeat::Never
        } else {
            Repeat::Later
        })
}

fn no_connection(none: &NoConnection) -> ProviderError {
    let choice = if none.cause == Cause::NotAllowed {
        "; a webhook may be let there with allow_link_local = true"
    } else {
        ""
    };
    ProviderError::new(ErrorKind::Connection, format!("the webhook: {none}"))
        .advice(format!("{}{choice}", none.advice()))
}
