//! Error of a cron expression.

use std::fmt::Display;

use super::field::{Field, Word};

/// Error of a text that is no cron expression: where it is wrong, what was found, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CronError(String);

impl CronError {
    /// Error about the expression as a whole.
    pub(super) fn whole(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// Error about a word of a field.
    pub(super) fn at(field: Field, word: Word<'_>, message: impl Display) -> Self {
        Self(format!(
            "{}, character {}: {:?} {message}; allowed are {}, ranges (2-5), steps (*/2, 2-6/2) and lists (2,4) of numbers",
            field.name(),
            word.column(),
            word.text,
            field.allowed(),
        ))
    }
}
