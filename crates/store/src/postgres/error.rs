//! What a failure of the database means for what was asked of it.

use tokio_postgres::error::SqlState;

use crate::StoreError;

/// Why something was not done, or perhaps was.
#[derive(Debug)]
pub(super) enum Failure {
    /// Rolled back because of others who did something at the same time: do it again.
    Conflict,
    /// The database was not reached, or rolled it back: nothing was done.
    Away(String),
    /// The connection broke, or nothing came back in time: it may have been done.
    Unknown(String),
    /// It was refused, and would be again.
    Refused(StoreError),
}

impl Failure {
    /// The failure of a look, which changes nothing: it was not done, however it failed.
    pub(super) fn of_a_look(self) -> StoreError {
        match self {
            Self::Unknown(why) => StoreError::Away(why),
            failure => failure.into_store(),
        }
    }

    /// The failure of a call that is not repeated.
    pub(super) fn into_store(self) -> StoreError {
        match self {
            Self::Conflict => StoreError::Busy,
            Self::Away(why) => StoreError::Away(why),
            Self::Unknown(why) => StoreError::Unknown(why),
            Self::Refused(error) => error,
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(told) = error.as_db_error() else {
            return if error.is_closed()
                || std::error::Error::source(&error)
                    .is_some_and(<dyn std::error::Error + 'static>::is::<std::io::Error>)
            {
                Self::Unknown(told_by(&error))
            } else {
                Self::Refused(StoreError::Engine(told_by(&error)))
            };
        };
        // Neither detail nor hint: they may quote what is in the rows.
        let message = format!("{} ({})", told.message(), told.code().code());
        match told.code() {
            // The last is how a batch ends its transaction that did not write all that it was to.
            &SqlState::T_R_SERIALIZATION_FAILURE
            | &SqlState::T_R_DEADLOCK_DETECTED
            | &SqlState::DIVISION_BY_ZERO => Self::Conflict,
            &SqlState::DISK_FULL => Self::Refused(StoreError::Full),
            &SqlState::CHARACTER_NOT_IN_REPERTOIRE | &SqlState::UNTRANSLATABLE_CHARACTER => {
                Self::Refused(StoreError::Unstorable(message))
            }
            // The first two are told to a session that may have been waiting for its standby, after its own commit.
            &SqlState::ADMIN_SHUTDOWN
            | &SqlState::CRASH_SHUTDOWN
            | &SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN => Self::Unknown(message),
            &SqlState::CANNOT_CONNECT_NOW
            | &SqlState::TOO_MANY_CONNECTIONS
            | &SqlState::READ_ONLY_SQL_TRANSACTION
            | &SqlState::QUERY_CANCELED
            | &SqlState::LOCK_NOT_AVAILABLE
            | &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
            | &SqlState::IO_ERROR
            | &SqlState::OUT_OF_MEMORY => Self::Away(message),
            code if code.code().starts_with("08") => Self::Unknown(message),
            _ => Self::Refused(StoreError::Engine(message)),
        }
    }
}

/// The words of an error and of what caused it. `tokio_postgres` puts neither addresses nor passwords into them.
pub(super) fn told_by(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
