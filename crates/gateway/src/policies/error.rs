//! Error of a change of a policy that was not made.

use acteon_core::Scope;
use acteon_store::StoreError;

/// Reason why a change of a document was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// There is no such document in this scope.
    #[error("there is no such {0} in this scope")]
    NotFound(&'static str),
    /// A field of the document is wrong.
    #[error("{field} {message}")]
    Invalid {
        /// Name of the field.
        field: String,
        /// What is wrong and what was expected.
        message: String,
    },
    /// Texts of the document are wrong: each field with what is wrong with it.
    #[error("{}", sentence(.0))]
    Problems(Vec<(String, String)>),
    /// The caller's grants do not cover what it would use or hold back.
    #[error("forbidden: {0}")]
    Forbidden(String),
    /// It contradicts another document.
    #[error("{0}")]
    Conflict(String),
    /// The store did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PolicyError {
    pub(crate) fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid {
            field: field.into(),
            message: message.into(),
        }
    }
}

/// All problems in one line.
fn sentence(problems: &[(String, String)]) -> String {
    let lines = problems
        .iter()
        .map(|(field, message)| format!("{field}: {message}"));
    lines.collect::<Vec<_>>().join("; ")
}

/// Refuses a thing that belongs to a scope which the caller may not touch.
pub(super) fn check_scope(
    scope: &Scope,
    namespace: &str,
    tenant: &str,
    what: &'static str,
) -> Result<(), PolicyError> {
    if scope.covers_scope(namespace, tenant) {
        Ok(())
    } else {
        Err(PolicyError::NotFound(what))
    }
}
