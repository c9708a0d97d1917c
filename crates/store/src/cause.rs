//! What made an operation of the store fail.

use std::error::Error;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use acteon_core::with_causes;

/// Cause of a [`StoreError`](crate::StoreError): the error behind it, or a sentence where there is none. Clones share it, since a commit that fails
/// answers all who waited for it.
///
/// As with `anyhow`, `{}` prints its own sentence and `{:#}` those of its sources too.
#[derive(Clone)]
pub struct Cause(Arc<dyn Error + Send + Sync>);

impl Cause {
    /// Cause with a sentence before the one of `source`.
    pub fn with_context(sentence: impl Into<String>, source: impl Into<Self>) -> Self {
        Self(Arc::new(InContext {
            sentence: sentence.into(),
            source: source.into(),
        }))
    }
}

impl<T: Into<Box<dyn Error + Send + Sync>>> From<T> for Cause {
    fn from(error: T) -> Self {
        Self(error.into().into())
    }
}

impl Deref for Cause {
    type Target = dyn Error + Send + Sync;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            write!(f, "{}", with_causes(&*self.0))
        } else {
            write!(f, "{}", self.0)
        }
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Two causes are equal that say the same.
impl PartialEq for Cause {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || format!("{self:#}") == format!("{other:#}")
    }
}

impl Eq for Cause {}

#[derive(Debug, thiserror::Error)]
#[error("{sentence}")]
struct InContext {
    sentence: String,
    source: Cause,
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_sentence_and_its_source_are_printed_once_and_the_source_is_kept() {
        let denied = || io::Error::from(io::ErrorKind::PermissionDenied);
        let cause = Cause::with_context("a.db", denied());
        assert_eq!(cause.to_string(), "a.db");
        assert_eq!(format!("{cause:#}"), "a.db: permission denied");
        assert_eq!(cause, Cause::with_context("a.db", denied()));
        assert_ne!(cause, Cause::from("a.db"));
        let source = cause.source().and_then(|source| source.downcast_ref());
        assert_eq!(
            source.map(io::Error::kind),
            Some(io::ErrorKind::PermissionDenied)
        );
    }
}
