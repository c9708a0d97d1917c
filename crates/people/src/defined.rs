//! Definition of a person or group, and where it stands.

use std::fmt;
use std::sync::Arc;

use acteon_core::Timestamp;

/// Definition of a person or group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defined<T> {
    /// What is defined.
    pub value: T,
    /// Where that is.
    pub source: Source,
}

/// Source of a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Line of a file, which alone can change it.
    File {
        /// Name of the file.
        file: Arc<str>,
        /// Number of the line, from 1.
        line: usize,
    },
    /// The API.
    Api {
        /// Instant at which it was made.
        created_at: Timestamp,
        /// Instant at which it was changed last.
        updated_at: Timestamp,
    },
}

/// Place in words, such as `line 3 of people.toml`.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line } => write!(f, "line {line} of {file}"),
            Self::Api { created_at, .. } => write!(f, "the API, since {created_at}"),
        }
    }
}
