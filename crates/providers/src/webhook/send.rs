//! The calls.

use acteon_core::limits::MAX_ANSWER_BYTES;
use acteon_core::{ErrorKind, Health, Prepared, ProviderError, Response};
use serde_json::value::RawValue;

use super::classify;
use super::config::Config;

pub(super) async fn post(config: &Config, prepared: &Prepared) -> Result<Response, ProviderError> {
    let request = config.client.post(config.url.clone()).headers(config.headers.clone());
    let request = request.header("content-type", "application/json").body(prepared.bytes.clone());
    let mut response = request.send().await.map_err(|error| classify::transport(&error))?;
    classify::status(&response)?;
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
    let body = serde_json::from_slice::<Box<RawValue>>(&body)
        .or_else(|_| serde_json::value::to_raw_value(&serde_json::json!({ "status_code": status })));
    body.map(Response::success).map_err(|error| ProviderError::new(ErrorKind::Serialization, error.to_string()))
}

/// Any HTTP answer shows that the webhook can be reached.
pub(super) async fn probe(config: &Config) -> Result<Health, ProviderError> {
    let request = config.client.head(config.url.clone()).headers(config.headers.clone());
    request.send().await.map(|_| Health::default()).map_err(|error| classify::transport(&error))
}
