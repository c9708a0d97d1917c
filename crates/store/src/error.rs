//! Errors of the store.

use crate::cause::Cause;

/// A store operation that did not happen, or of which it is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Too much waits for a commit, or for a look; or a look took too long.
    #[error("the store is busy: too much is asked of it at once")]
    Busy,
    /// Another program holds the database.
    #[error(
        "another program holds the database locked, such as a shell or a copy that does not end: end it (`fuser` and `lsof` name who has a \
         file open)"
    )]
    Locked,
    /// No space is left for the database.
    #[error("no space is left for the database; free some on its disk")]
    Full,
    /// The database cannot be reached, or does not answer.
    #[error("the database is away")]
    Away(#[source] Cause),
    /// The answer was lost: what was asked for may have been done, or not.
    #[error("the database's answer was lost")]
    Unknown(#[source] Cause),
    /// The lease of the process that writes has ended, and another process took over its rows.
    #[error("this process's lease had run out; it goes on under a new one in a moment")]
    Fenced,
    /// The store is shutting down.
    #[error("the store is closed")]
    Closed,
    /// Another process has the database open.
    #[error("{0} is in use by another process; stop that one first, or choose another --data-dir")]
    InUse(String),
    /// The database was written by a newer version.
    #[error(
        "the database has schema {found}, this version knows up to {known}: run the newer version that wrote it"
    )]
    NewerSchema {
        /// Version of the schema in the database.
        found: i64,
        /// Newest version that this program knows.
        known: i64,
    },
    /// A text that the database cannot hold, such as one with a NUL character.
    #[error("the database cannot hold such a text")]
    Unstorable(#[source] Cause),
    /// A part of the database cannot be read: its bytes are not those that were written.
    #[error("the database is damaged")]
    Damaged(#[source] Cause),
    /// The database's files are no longer at their paths: what was written would be lost.
    #[error("{0}")]
    Lost(String),
    /// A command by hand, such as an export, cannot be done with these files.
    #[error(transparent)]
    Refused(Cause),
    /// The database engine failed.
    #[error("the database failed")]
    Engine(#[source] Cause),
}

/// Advice for whoever runs a server with a damaged database.
pub const MEND: &str = "Stop the server and restore the last file of `acteon-server backup`; or write what can be read into a new \
     database with `acteon-server export` and `import`";

impl StoreError {
    /// Error of an admission without a route, which no caller makes.
    pub(crate) fn no_route() -> Self {
        Self::Engine("an action has no way to go".into())
    }

    /// Same error, with [`MEND`] where the database is damaged.
    pub(crate) fn advised(self) -> Self {
        match self {
            // What to do comes last, behind the cause.
            Self::Damaged(why) => Self::Damaged(format!("{why:#}. {MEND}").into()),
            other => other,
        }
    }
}

/// Why a store has ended; `None` as long as it has not.
pub(crate) type Ended = tokio::sync::watch::Sender<Option<StoreError>>;

/// Resolves with why a store has ended, once it has.
pub(crate) fn until_ended(ended: &Ended) -> acteon_core::BoxFuture<'static, StoreError> {
    let mut ended = ended.subscribe();
    Box::pin(async move {
        match ended.wait_for(Option::is_some).await.map(|why| why.clone()) {
            Ok(Some(why)) => why,
            Ok(None) | Err(_) => StoreError::Closed,
        }
    })
}

/// Message of a panic.
pub(crate) fn words_of_panic(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a word".into())
}

#[cfg(test)]
mod tests {
    use acteon_core::with_causes;

    use super::*;

    /// All messages of the store's own: the others say what the caller gives them.
    #[test]
    fn each_failure_says_what_it_is() {
        let why = || Cause::from("WHY");
        for (error, message) in [
            (
                StoreError::Busy,
                "the store is busy: too much is asked of it at once",
            ),
            (
                StoreError::Locked,
                "another program holds the database locked, such as a shell or a copy that does not end: end it (`fuser` and `lsof` name who \
                 has a file open)",
            ),
            (
                StoreError::Full,
                "no space is left for the database; free some on its disk",
            ),
            (StoreError::Away(why()), "the database is away: WHY"),
            (
                StoreError::Unknown(why()),
                "the database's answer was lost: WHY",
            ),
            (
                StoreError::Fenced,
                "this process's lease had run out; it goes on under a new one in a moment",
            ),
            (StoreError::Closed, "the store is closed"),
            (
                StoreError::InUse("a.db".into()),
                "a.db is in use by another process; stop that one first, or choose another --data-dir",
            ),
            (
                StoreError::NewerSchema { found: 9, known: 6 },
                "the database has schema 9, this version knows up to 6: run the newer version that wrote it",
            ),
            (
                StoreError::Unstorable(why()),
                "the database cannot hold such a text: WHY",
            ),
            (
                StoreError::Damaged(why()).advised(),
                "the database is damaged: WHY. Stop the server and restore the last file of `acteon-server backup`; or write what can be read \
                 into a new database with `acteon-server export` and `import`",
            ),
            (StoreError::Lost("WHY".into()), "WHY"),
            (StoreError::Refused(why()), "WHY"),
            (StoreError::Engine(why()), "the database failed: WHY"),
        ] {
            assert_eq!(with_causes(&error).to_string(), message);
        }
    }
}
