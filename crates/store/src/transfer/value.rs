//! Values of rows, as lines have them.

use base64_lines::{decode, encode};
use serde::{Deserialize, Serialize};

use crate::tables::Kind;
use crate::tables::Kind::{Bytes, Flag, Integer, Text};

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Value {
    Nothing(()),
    Flag(bool),
    Integer(i64),
    Text(String),
    Bytes { base64: String },
}

impl Value {
    pub(crate) fn bytes(bytes: &[u8]) -> Self {
        Self::Bytes {
            base64: encode(bytes),
        }
    }
}

pub(super) fn fits(values: &[Value], columns: &[(&str, Kind)]) -> bool {
    values.len() == columns.len()
        && values
            .iter()
            .zip(columns)
            .all(|(value, (_, kind))| is_of(value, *kind))
}

fn is_of(value: &Value, kind: Kind) -> bool {
    match value {
        Value::Nothing(()) => true,
        Value::Flag(_) => kind == Flag,
        Value::Integer(_) => kind == Integer,
        Value::Text(_) => kind == Text,
        // Also a text that a disk damaged.
        Value::Bytes { base64 } => matches!(kind, Bytes | Text) && decode(base64).is_some(),
    }
}

/// The bytes of a value that is of bytes.
pub(crate) fn bytes_of(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::Bytes { base64 } => decode(base64),
        _ => None,
    }
}

mod base64_lines {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    pub(super) fn encode(bytes: &[u8]) -> String {
        STANDARD.encode(bytes)
    }

    pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
        STANDARD.decode(text).ok()
    }
}
