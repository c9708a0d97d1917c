//! Requests to make a recurring action that may come again.

use std::fmt::Write as _;

use acteon_core::{Namespace, Tenant};
use acteon_crypto::sha256;
use acteon_flows::Definition;
use acteon_gateway::Once;
use axum::http::StatusCode;

use crate::http::error::Refusal;

/// Beginning of the ids that are made of keys.
const ID: &str = "key-";

/// Digits of a key's digest in an id.
const ID_DIGITS: usize = 32;

/// Request under the key that came with it: the same key of the same tenant makes the same id.
pub(in crate::http) fn once(
    (namespace, tenant): (&Namespace, &Tenant),
    key: &str,
    definition: &Definition,
) -> Result<Once, Refusal> {
    if key.is_empty() {
        let message = "Idempotency-Key is empty; leave it out, or send a text of your own";
        return Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "INVALID_HEADER",
            message,
        ));
    }
    let wrong = |error: serde_json::Error| Refusal::field("payload", error.to_string());
    let name = serde_json::to_vec(&(namespace.as_str(), tenant.as_str(), key)).map_err(wrong)?;
    let says = serde_json::to_vec(definition).map_err(wrong)?;
    let mut id = digest(&name);
    id.truncate(ID_DIGITS);
    Ok(Once {
        id: format!("{ID}{id}"),
        request: digest(&says),
    })
}

/// SHA-256 in hexadecimal digits.
fn digest(bytes: &[u8]) -> String {
    sha256(bytes).iter().fold(String::new(), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
