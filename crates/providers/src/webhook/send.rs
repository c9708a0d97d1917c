//! The calls.

use acteon_core::limits::MAX_ANSWER_BYTES;
use acteon_core::{Health, Prepared, ProviderError, Response};
use acteon_crypto::{ExposeSecret as _, SecretString};
use serde_json::Value;
use serde_json::value::RawValue;

use super::classify;
use super::config::Config;
use crate::outgoing::Departure;

pub(super) async fn post(config: &Config, prepared: &Prepared) -> Result<Response, ProviderError> {
    let departure = Departure::default();
    let request = config.client.post(config.url.clone()).headers(config.headers.clone()).timeout(config.timeout);
    let request = request.header("content-type", "application/json");
    let request = request.body(reqwest::Body::wrap(departure.of(prepared.bytes.clone())));
    let mut response = request.send().await.map_err(|error| classify::transport(config, &error, departure.happened()))?;
    classify::status(config, &response)?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    // The webhook took it: what goes wrong with the rest of its answer does not make it a failure.
    while let Ok(Some(chunk)) = response.chunk().await {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            body.clear();
            break;
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Response::success(readable(&body, status, &config.secrets)))
}

/// The answer, if every reader of the outcome can read it: no number that none holds, no half of a letter, and no secret that it repeats.
fn readable(body: &[u8], status: u16, secrets: &[SecretString]) -> Box<RawValue> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let found = serde_json::from_slice::<Value>(body).and_then(|mut value| {
        if scrub(&mut value, secrets) { serde_json::value::to_raw_value(&value) } else { serde_json::from_slice::<Box<RawValue>>(body) }
    });
    found.unwrap_or_else(|_| RawValue::from_string(format!(r#"{{"status_code":{status}}}"#)).unwrap_or_else(|_| RawValue::NULL.to_owned()))
}

/// Takes secrets out of an answer; whether there were any.
fn scrub(value: &mut Value, secrets: &[SecretString]) -> bool {
    match value {
        Value::String(text) => scrub_text(text, secrets),
        Value::Array(items) => items.iter_mut().fold(false, |found, item| scrub(item, secrets) | found),
        Value::Object(fields) => {
            let mut found = false;
            for (mut name, mut field) in std::mem::take(fields) {
                found |= scrub_text(&mut name, secrets) | scrub(&mut field, secrets);
                fields.insert(name, field);
            }
            found
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn scrub_text(text: &mut String, secrets: &[SecretString]) -> bool {
    let mut found = false;
    for secret in secrets.iter().map(SecretString::expose_secret).filter(|secret| text.contains(*secret)).collect::<Vec<_>>() {
        *text = text.replace(secret, "[redacted]");
        found = true;
    }
    found
}

/// Any HTTP answer shows that the webhook can be reached.
pub(super) async fn probe(config: &Config) -> Result<Health, ProviderError> {
    let request = config.client.head(config.url.clone()).headers(config.headers.clone()).timeout(config.timeout);
    request.send().await.map(|_| Health::default()).map_err(|error| classify::transport(config, &error, true))
}
