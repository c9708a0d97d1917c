//! `log`: writes actions to the server's own log, for trials, and for actions that are to go nowhere else.

use std::borrow::Cow;
use std::sync::Arc;

use acteon_config::Settings;
use acteon_core::json::head;
use acteon_core::{
    Action, BoxFuture, ErrorKind, Health, Lane, LaneLimits, Prepared, Provider, ProviderError,
    ProviderName, Response,
};

use serde_json::value::RawValue;

use crate::context::Context;
use crate::provider_type::{Built, ProviderType};
use crate::whole_action;

/// Longest part of an action that is logged, in bytes.
const MAX_LOGGED_BYTES: usize = 4096;

pub(crate) fn provider_type() -> ProviderType {
    ProviderType {
        name: "log",
        keys: &[],
        build,
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the signature that all provider types share"
)]
fn build(name: &ProviderName, _settings: &Settings, _context: &Context) -> Built {
    Ok(Arc::new(LogProvider {
        name: name.clone(),
        lane: format!("log:{name}").into(),
    }))
}

struct LogProvider {
    name: ProviderName,
    lane: Arc<str>,
}

/// JSON without control characters, which could break the line or move a terminal's cursor: line breaks and tabs between values become blanks, and
/// those that stand unescaped in texts become escapes.
fn on_one_line(json: &str) -> Cow<'_, str> {
    if !json.chars().any(char::is_control) {
        return Cow::Borrowed(json);
    }
    let plain = |letter: char| match letter {
        '\n' | '\r' | '\t' => " ".to_owned(),
        letter if letter.is_control() => format!("\\u{:04x}", u32::from(letter)),
        letter => letter.to_string(),
    };
    Cow::Owned(json.chars().map(plain).collect())
}

impl Provider for LogProvider {
    fn prepare(&self, action: &Action) -> Result<Prepared, ProviderError> {
        whole_action::prepare(action)
    }

    fn send<'a>(
        &'a self,
        prepared: &'a Prepared,
    ) -> BoxFuture<'a, Result<Response, ProviderError>> {
        let line = std::str::from_utf8(&prepared.bytes).unwrap_or("the request is not text");
        tracing::info!(target: "acteon::log", provider = %self.name, action = %on_one_line(head(line, MAX_LOGGED_BYTES)));
        let body = RawValue::from_string(r#"{"logged":true}"#.to_owned());
        Box::pin(async {
            body.map(Response::success)
                .map_err(|error| ProviderError::new(ErrorKind::Serialization, error.to_string()))
        })
    }

    fn health(&self) -> BoxFuture<'_, Result<Health, ProviderError>> {
        Box::pin(async { Ok(Health::default()) })
    }

    fn lane(&self) -> Lane {
        let limits = LaneLimits {
            max_concurrency: 1024,
            max_per_second: None,
        };
        Lane {
            name: Arc::clone(&self.lane),
            limits,
            budget: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_one_line_of_json_that_moves_no_cursor() {
        assert_eq!(
            on_one_line(r#"{"text":"\u001b[2J é"}"#),
            r#"{"text":"\u001b[2J é"}"#
        );
        assert_eq!(
            on_one_line("{\n\t\"text\":\r\n\"\u{9b}2J\u{7f}\"}"),
            r#"{  "text":  "\u009b2J\u007f"}"#
        );
    }
}
