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

    /// Error about a word of a field, with what to write instead.
    pub(super) fn at(field: Field, word: Word<'_>, message: impl Display) -> Self {
        Self(format!(
            "is wrong at character {} ({}): {:?} {message}",
            word.column(),
            field.name(),
            word.shown(),
        ))
    }

    /// Error about a word of a field that is not among what is allowed there.
    pub(super) fn not_allowed(field: Field, word: Word<'_>, message: impl Display) -> Self {
        let Self(wrong) = Self::at(field, word, message);
        Self(format!(
            "{wrong}; allowed are {}, ranges (2-5), steps (*/2) and lists (2,4)",
            field.allowed()
        ))
    }
}
