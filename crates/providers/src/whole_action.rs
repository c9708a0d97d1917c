//! The request of providers that pass on the action itself, and read nothing of its payload.

use acteon_core::{Action, ErrorKind, Prepared, ProviderError};

/// Request of an action: the action itself as JSON. Errors with [`ErrorKind::Serialization`] where it cannot be written.
pub(crate) fn prepare(action: &Action) -> Result<Prepared, ProviderError> {
    let text = action
        .to_json()
        .map_err(|error| ProviderError::new(ErrorKind::Serialization, error.to_string()))?;
    Ok(Prepared {
        bytes: text.into_bytes(),
        ..Prepared::default()
    })
}
