//! Calls of the webhook.

use acteon_core::json::{Flaw, whole_letters};
use acteon_core::limits::{MAX_ANSWER_BYTES, MAX_DEPTH};
use acteon_core::{Health, Prepared, ProviderError, Response};
use acteon_crypto::{ExposeSecret as _, SecretString};
use acteon_http::{Cut, HeaderValue, Method, Request, header};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::classify;
use super::config::Config;

pub(super) async fn post(config: &Config, prepared: &Prepared) -> Result<Response, ProviderError> {
    let mut request = request(config, Method::POST);
    request.headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    request.body = Some(prepared.bytes.clone());
    let response = config
        .remote
        .send(request)
        .await
        .map_err(|failure| classify::failure(config, failure))?;
    classify::status(config, &response)?;
    let status = response.status().as_u16();
    // The status says that the webhook took the action: a body that breaks off does not make it a failure.
    let received = response.body(MAX_ANSWER_BYTES).await;
    let body = if received.cut == Some(Cut::TooLong) {
        Vec::new()
    } else {
        received.bytes
    };
    Ok(Response::success(readable(&body, status, &config.secrets)))
}

fn request(config: &Config, method: Method) -> Request {
    Request {
        method,
        address: config.address.clone(),
        headers: config.headers.clone(),
        body: None,
        timeout: config.timeout,
    }
}

/// Answer as it is kept in the outcome, without the secrets that it repeats.
///
/// It is kept if every JSON reader understands it in the same way; a half of a surrogate pair becomes U+FFFD. Of an answer with a number out of
/// range, a repeated name, or more levels than outcomes may have, only the status is kept.
fn readable(body: &[u8], status: u16, secrets: &[SecretString]) -> Box<RawValue> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let found = std::str::from_utf8(body)
        .ok()
        .map(whole_letters)
        .and_then(|text| {
            let mut value = serde_json::from_str::<Value>(&text).ok()?;
            // A value keeps only one of two fields with the same name: a secret in the other would stay in the text.
            if Flaw::find(&text, MAX_DEPTH).is_some() {
                return None;
            }
            let readable = if scrub(&mut value, secrets) {
                value.to_string()
            } else {
                text.trim().to_owned()
            };
            RawValue::from_string(readable).ok()
        });
    let status_alone = || {
        serde_json::value::to_raw_value(&json!({ "status_code": status }))
            .unwrap_or_else(|_| RawValue::NULL.to_owned())
    };
    found.unwrap_or_else(status_alone)
}

/// Replaces secrets in names and values; `true` when there were any.
fn scrub(value: &mut Value, secrets: &[SecretString]) -> bool {
    match value {
        Value::String(text) => scrub_text(text, secrets),
        Value::Array(items) => items
            .iter_mut()
            .fold(false, |found, item| scrub(item, secrets) | found),
        Value::Object(fields) => {
            let mut found = false;
            for (mut name, mut field) in std::mem::take(fields) {
                found |= scrub_text(&mut name, secrets) | scrub(&mut field, secrets);
                fields.insert(name, field);
            }
            found
        }
        Value::Number(number) => {
            let mut text = number.to_string();
            let found = scrub_text(&mut text, secrets);
            if found {
                *value = Value::String(text);
            }
            found
        }
        Value::Null | Value::Bool(_) => false,
    }
}

fn scrub_text(text: &mut String, secrets: &[SecretString]) -> bool {
    let mut found = false;
    for secret in secrets
        .iter()
        .map(SecretString::expose_secret)
        .filter(|secret| text.contains(*secret))
        .collect::<Vec<_>>()
    {
        *text = text.replace(secret, "[redacted]");
        found = true;
    }
    found
}

/// Checks whether the webhook can be reached, with a `HEAD` request: an answer of any status shows it.
pub(super) async fn probe(config: &Config) -> Result<Health, ProviderError> {
    let remark = "(it answers; whether it would take a message was not asked)".to_owned();
    let answer = config.remote.send(request(config, Method::HEAD)).await;
    answer
        .map(|_| Health {
            remarks: vec![remark],
            ..Health::default()
        })
        .map_err(|failure| classify::failure(config, failure))
}
