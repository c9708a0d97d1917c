//! The `Idempotency-Key` header: the id of an action whose body has none.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};

use crate::http::error::Refusal;

/// Value of the header, if there is one.
pub(in crate::http) struct IdempotencyKey(pub(in crate::http) Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        read(&parts.headers).map(|key| Self(key.map(str::to_owned)))
    }
}

fn read(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let wrong = |message: &str| Refusal::new(StatusCode::BAD_REQUEST, "INVALID_HEADER", message);
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(wrong("Idempotency-Key is given twice; a request has one"));
    }
    let text = value
        .to_str()
        .map_err(|_| wrong("Idempotency-Key must be plain ASCII text"))?;
    // The draft standard writes it as a quoted string, most clients without quotes.
    Ok(Some(text.trim().trim_matches('"')))
}
