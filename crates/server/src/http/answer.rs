//! Answers whose size callers choose: written off the threads of the runtime.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::error::Refusal;
use super::json::json;
use super::offload::off_runtime;

/// Size of an answer that nobody knows before it is written.
pub(super) const UNKNOWN: usize = usize::MAX;

/// Answer with the JSON that `write` makes, of about `bytes` bytes.
pub(super) async fn answer(
    bytes: usize,
    write: impl FnOnce() -> Result<String, Refusal> + Send + 'static,
) -> Result<Response, Refusal> {
    Ok(json(StatusCode::OK, off_runtime(bytes, write).await??))
}

/// JSON text of a value.
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
