//! Reasons why an evaluation has no value.

use std::rc::Rc;

use crate::facts::Missing;
use crate::path::Path;
use crate::value::Val;

/// Reason why there is no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// A field is not there.
    Unknown,
    /// Something is wrong; the text says what.
    Error(Rc<str>),
}

impl Stop {
    /// Reason for a field that has no value.
    pub(super) fn missing(missing: Missing, path: &Path) -> Self {
        match missing {
            Missing::Absent => Self::Unknown,
            Missing::Unreadable => Self::error(&format!(
                "{path} cannot be read: it holds a number that is too large"
            )),
        }
    }

    pub(crate) fn error(message: &str) -> Self {
        Self::Error(message.into())
    }
}

/// Value, or why there is none.
pub(crate) type EvalResult<'a> = Result<Val<'a>, Stop>;
