//! Errors of PostgreSQL, and what they mean for the call that met them.

use tokio_postgres::error::SqlState;

use crate::{Cause, StoreError};

/// Error of PostgreSQL, or of the connection to it, with nothing of what is in rows: neither detail, hint nor context, which quote them, nor the message
/// where that does. It has no source, since the driver's own error has all of these.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostgresError {
    /// PostgreSQL refused a statement.
    #[error("{message} ({code})")]
    Refused {
        /// `ERROR`, `FATAL` or `PANIC`, in the language of the server.
        severity: String,
        /// SQLSTATE: five letters and digits.
        code: String,
        /// Primary message, in the language of the server.
        message: String,
    },
    /// The driver failed: what it says, and what the network or TLS said to it. It puts neither addresses nor passwords into its words.
    #[error("{0}")]
    Driver(String),
}

/// SQLSTATE class of the errors whose primary message quotes a value, as in `invalid input syntax for type bigint: "..."`.
const DATA_EXCEPTION: &str = "22";

impl PostgresError {
    /// SQLSTATE of an error that PostgreSQL answered with.
    pub(super) fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            Self::Driver(_) => None,
        }
    }
}

impl From<&tokio_postgres::Error> for PostgresError {
    fn from(error: &tokio_postgres::Error) -> Self {
        let Some(told) = error.as_db_error() else {
            return Self::Driver(match std::error::Error::source(error) {
                Some(source) => format!("{error}: {source}"),
                None => error.to_string(),
            });
        };
        let code = told.code().code();
        // Of the two that are kept the value is the caller's, who is told what is wrong with it: a byte or an escape.
        let message = match told.code() {
            &SqlState::CHARACTER_NOT_IN_REPERTOIRE | &SqlState::UNTRANSLATABLE_CHARACTER => {
                told.message()
            }
            _ if code.starts_with(DATA_EXCEPTION) => "a value is not one that it takes",
            _ => told.message(),
        };
        Self::Refused {
            severity: told.severity().to_owned(),
            code: code.to_owned(),
            message: message.to_owned(),
        }
    }
}

/// Failure of a call: whether it was done or not, and whether to try again.
#[derive(Debug)]
pub(super) enum Failure {
    /// Rolled back because of others who did something at the same time: do it again.
    Conflict,
    /// The database was not reached, or rolled it back: nothing was done.
    Away(Cause),
    /// The connection broke, or nothing came back in time: it may have been done.
    Unknown(Cause),
    /// It was refused, and a repetition would be too.
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
        let cause = || Cause::from(PostgresError::from(&error));
        let Some(told) = error.as_db_error() else {
            return if error.is_closed()
                || std::error::Error::source(&error)
                    .is_some_and(<dyn std::error::Error + 'static>::is::<std::io::Error>)
            {
                Self::Unknown(cause())
            } else {
                Self::Refused(StoreError::Engine(cause()))
            };
        };
        match told.code() {
            // The last is how a batch ends its transaction that did not write all that it was to.
            &SqlState::T_R_SERIALIZATION_FAILURE
            | &SqlState::T_R_DEADLOCK_DETECTED
            | &SqlState::DIVISION_BY_ZERO => Self::Conflict,
            &SqlState::DISK_FULL => Self::Refused(StoreError::Full),
            &SqlState::CHARACTER_NOT_IN_REPERTOIRE | &SqlState::UNTRANSLATABLE_CHARACTER => {
                Self::Refused(StoreError::Unstorable(cause()))
            }
            // The first two are told to a session that may have been waiting for its standby, after its own commit.
            &SqlState::ADMIN_SHUTDOWN
            | &SqlState::CRASH_SHUTDOWN
            | &SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN => Self::Unknown(cause()),
            &SqlState::CANNOT_CONNECT_NOW
            | &SqlState::TOO_MANY_CONNECTIONS
            | &SqlState::READ_ONLY_SQL_TRANSACTION
            | &SqlState::QUERY_CANCELED
            | &SqlState::LOCK_NOT_AVAILABLE
            | &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
            | &SqlState::IO_ERROR
            | &SqlState::OUT_OF_MEMORY => Self::Away(cause()),
            code if code.code().starts_with("08") => Self::Unknown(cause()),
            _ => Self::Refused(StoreError::Engine(cause())),
        }
    }
}

#[cfg(test)]
mod tests {
    use acteon_core::with_causes;
    use acteon_testkit::postgres::TestDatabase;
    use tokio_postgres::NoTls;

    use super::*;

    /// A value that no text of an error may have.
    const SECRET: &str = "s3cret";

    /// Refused statements that quote the value in their message, detail or context, and the SQLSTATE of each.
    const REFUSED: [(&str, &str); 5] = [
        ("INSERT INTO t VALUES ('s3cret', 1)", "23505"),
        ("INSERT INTO t VALUES ('s3cret too', -1)", "23514"),
        ("INSERT INTO t VALUES ('s3cret too', NULL)", "23502"),
        ("SELECT text::bigint FROM t", "22P02"),
        ("SELECT text::json FROM t", "22P02"),
    ];

    #[tokio::test]
    async fn no_value_of_a_row_is_in_an_error() {
        let Some(database) = TestDatabase::find().await else {
            return;
        };
        let url = &database.options().url;
        let (client, connection) = tokio_postgres::connect(url, NoTls)
            .await
            .expect("a connection");
        tokio::spawn(connection);
        client
            .batch_execute(
                "CREATE TEMP TABLE t (text TEXT PRIMARY KEY, number BIGINT NOT NULL CHECK (number > 0)); INSERT INTO t VALUES ('s3cret', 1)",
            )
            .await
            .expect("a row");
        for (statement, code) in REFUSED {
            let error = client.execute(statement, &[]).await.expect_err(statement);
            assert!(format!("{error:?}").contains(SECRET), "{error:?}");
            let error = Failure::from(error).into_store();
            let shown = format!("{} {error:?}", with_causes(&error));
            assert!(!shown.contains(SECRET), "{shown}");
            let StoreError::Engine(cause) = error else {
                panic!("{shown}")
            };
            let cause = cause.downcast_ref::<PostgresError>();
            assert_eq!(cause.and_then(PostgresError::code), Some(code), "{shown}");
        }
    }
}
