//! Reading a request's body within its limits.

use acteon_core::Namespace;
use acteon_core::json::nests_deeper_than;
use acteon_core::limits::{BODY_TIMEOUT, MAX_BODY_BYTES, MAX_DEPTH};
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use super::refusal::Refusal;

/// The body as text. Its type must be JSON.
pub(super) async fn read(headers: &HeaderMap, body: Body) -> Result<String, Refusal> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !is_json(content_type) {
        let message = format!("the content type must be application/json, is {content_type:?}");
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", message));
    }
    if headers.contains_key(header::CONTENT_ENCODING) {
        let message = "compressed bodies are not taken: leave out content-encoding";
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", message));
    }
    let collected = tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, MAX_BODY_BYTES).collect()).await;
    let collected = collected.map_err(|_| {
        let message = format!("the body did not arrive within {} s", BODY_TIMEOUT.as_secs());
        Refusal::new(StatusCode::REQUEST_TIMEOUT, "BODY_TIMEOUT", message)
    })?;
    let bytes = collected.map_err(|error| {
        if error.is::<LengthLimitError>() {
            let message = format!("the body is longer than {MAX_BODY_BYTES} bytes");
            return Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", message);
        }
        Refusal::new(StatusCode::BAD_REQUEST, "BODY_BROKEN", "the body broke off")
    })?;
    String::from_utf8(bytes.to_bytes().into()).map_err(|error| {
        let message = format!("the body is not UTF-8: byte {} is wrong", error.utf8_error().valid_up_to());
        Refusal::new(StatusCode::BAD_REQUEST, "INVALID_JSON", message)
    })
}

/// The body as an object of the right shape.
pub(super) async fn object<T: DeserializeOwned>(headers: &HeaderMap, body: Body) -> Result<T, Refusal> {
    parse(&read(headers, body).await?)
}

/// The same, where the body may be left out.
pub(super) async fn object_or_nothing<T: DeserializeOwned + Default>(headers: &HeaderMap, body: Body) -> Result<T, Refusal> {
    if !headers.contains_key(header::CONTENT_TYPE) {
        return Ok(T::default());
    }
    let text = read(headers, body).await?;
    if text.trim().is_empty() { Ok(T::default()) } else { parse(&text) }
}

pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Refusal> {
    if nests_deeper_than(text, MAX_DEPTH) {
        let message = format!("the JSON nests deeper than {MAX_DEPTH} levels");
        return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "NESTED_TOO_DEEP", message));
    }
    serde_json::from_str(text).map_err(|error| {
        if error.is_data() {
            return Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "INVALID_BODY", error.to_string());
        }
        Refusal::new(StatusCode::BAD_REQUEST, "INVALID_JSON", format!("the body is not JSON: {error}"))
    })
}

/// Refuses texts that cannot be names.
pub(super) fn check_names(names: &[(&str, &str)]) -> Result<(), Refusal> {
    for (field, text) in names {
        Namespace::parse(text).map_err(|error| Refusal::field(field, error.to_string()))?;
    }
    Ok(())
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
        || (essence.len() > 5 && essence.is_char_boundary(essence.len() - 5) && essence[essence.len() - 5..].eq_ignore_ascii_case("+json"))
}
