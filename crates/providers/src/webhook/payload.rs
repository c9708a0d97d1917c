//! The request: the whole action.

use acteon_core::{Action, ErrorKind, Prepared, ProviderError};

pub(super) fn prepare(action: &Action) -> Result<Prepared, ProviderError> {
    let bytes = serde_json::to_vec(action).map_err(|error| ProviderError::new(ErrorKind::Serialization, error.to_string()))?;
    Ok(Prepared { bytes, ..Prepared::default() })
}
