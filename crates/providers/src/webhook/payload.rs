//! The request: the whole action.

use acteon_core::{Action, ErrorKind, Prepared, ProviderError};

pub(super) fn prepare(action: &Action) -> Result<Prepared, ProviderError> {
    let text = action
        .to_json()
        .map_err(|error| ProviderError::new(ErrorKind::Serialization, error.to_string()))?;
    Ok(Prepared {
        bytes: text.into_bytes(),
        ..Prepared::default()
    })
}
