//! Parameters of a path. What cannot be read is refused like everything else, and before anybody
//! looks it up.

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::http::error::Refusal;

/// Words that stand in routes where others have an id. An action of such an id could be asked for nowhere.
pub(in crate::http) const TAKEN_BY_ROUTES: [&str; 4] = ["drain", "export", "replay", "stats"];

/// Parameters that the route names, decoded.
pub(in crate::http) struct Path<T>(pub(in crate::http) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let raw = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|error| refusal(&error.body_text()))?;
        if raw
            .iter()
            .any(|(_, text)| text.chars().any(char::is_control))
        {
            return Err(refusal("a part of it holds a control character"));
        }
        let read = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        read.map(|axum::extract::Path(found)| Self(found))
            .map_err(|error: PathRejection| refusal(&error.body_text()))
    }
}

fn refusal(why: &str) -> Refusal {
    Refusal::new(
        StatusCode::BAD_REQUEST,
        "INVALID_PATH",
        format!("the path cannot be read: {why}"),
    )
}
