//! JSON that two readers could read differently, such as a name that is there twice.

use acteon_core::json::Flaw;
use acteon_core::limits::MAX_DEPTH;
use axum::http::StatusCode;

use crate::http::error::{FieldErrors, Refusal};

/// Refuses JSON that two readers could read differently, and names the place.
pub(super) fn check_json(text: &str, code: &str) -> Result<(), Refusal> {
    let Some(flaw) = Flaw::find(text, MAX_DEPTH) else {
        return Ok(());
    };
    if flaw.is_depth() {
        return Err(Refusal::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "NESTED_TOO_DEEP",
            flaw.to_string(),
        ));
    }
    let path = flaw.path(text);
    let mut faults = FieldErrors::default();
    faults.add(if path.is_empty() { "the body" } else { &path }, || {
        flaw.to_string()
    });
    Err(Refusal::invalid_fields(code, faults))
}
