//! Placeholder of what is hidden.

use serde_json::value::RawValue;

/// Text that stands in place of what is hidden.
pub const REDACTED: &str = "[redacted]";

/// JSON that stands in place of what is hidden.
pub(super) fn placeholder() -> Box<RawValue> {
    serde_json::value::to_raw_value(REDACTED).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
