//! Answers of which callers choose the size: written off the threads of the runtime.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::error::Refusal;
use super::json::json;
use super::offload::off_runtime;

/// Size of an answer of which nobody knows how much it is before it is written.
pub(super) const UNKNOWN: usize = usize::MAX;

/// Answer of the JSON that `write` makes of so many bytes.
pub(super) async fn answer(
    bytes: usize,
    write: impl FnOnce() -> Result<String, Refusal> + Send + 'static,
) -> Result<Response, Refusal> {
    Ok(json(StatusCode::OK, off_runtime(bytes, write).await??))
}

/// Value as JSON.
pub(super) fn written(value: &impl Serialize) -> Result<String, Refusal> {
    let failed = |error: serde_json::Error| {
        Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "UNWRITABLE",
            error.to_string(),
        )
    };
    serde_json::to_string(value).map_err(failed)
}
