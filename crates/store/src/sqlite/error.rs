//! Errors of SQLite, and what they mean for the call that met them.

use std::fmt;

use rusqlite::ErrorCode;

use crate::StoreError;

/// Error of SQLite, or of the library that calls it.
///
/// It ends the chain of sources, since rusqlite's errors repeat the text of theirs; and it leaves out the one text of these that quotes a value: of a
/// number that is out of range.
pub struct SqliteError(rusqlite::Error);

impl SqliteError {
    /// SQLite's extended result code, such as 2067 for a key that is there already; `None` where SQLite itself did not fail.
    pub fn extended_code(&self) -> Option<i32> {
        self.0.sqlite_error().map(|error| error.extended_code)
    }
}

impl fmt::Display for SqliteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            rusqlite::Error::IntegralValueOutOfRange(column, _) => {
                write!(f, "the integer at index {column} is out of range")
            }
            error => write!(f, "{error}"),
        }
    }
}

impl fmt::Debug for SqliteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteError")
            .field("message", &self.to_string())
            .field("extended_code", &self.extended_code())
            .finish()
    }
}

impl std::error::Error for SqliteError {}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            Some(ErrorCode::OperationInterrupted) => Self::Busy,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged(SqliteError(error).into())
            }
            _ => Self::Engine(SqliteError(error).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use acteon_core::with_causes;
    use rusqlite::Connection;

    use super::*;

    /// A value that no text of an error may have.
    const SECRET: i64 = 7_304_417_365;

    fn shown(error: rusqlite::Error) -> String {
        let error = StoreError::from(error);
        format!("{} {error:?}", with_causes(&error))
    }

    #[test]
    fn the_words_of_sqlite_stand_once_and_its_code_is_kept() {
        let connection = Connection::open_in_memory().expect("a database");
        let error = connection
            .execute_batch(
                "CREATE TABLE t (x UNIQUE); INSERT INTO t VALUES (1); INSERT INTO t VALUES (1)",
            )
            .map_err(StoreError::from)
            .expect_err("a key that is there");
        assert_eq!(
            with_causes(&error).to_string(),
            "the database failed: UNIQUE constraint failed: t.x"
        );
        let StoreError::Engine(cause) = error else {
            panic!("{error:?}")
        };
        let error = cause.downcast_ref::<SqliteError>();
        assert_eq!(error.and_then(SqliteError::extended_code), Some(2067));
    }

    #[test]
    fn no_value_of_a_row_is_in_an_error() {
        let connection = Connection::open_in_memory().expect("a database");
        connection
            .execute_batch(&format!(
                "CREATE TABLE t (number UNIQUE CHECK (number > 0), text); INSERT INTO t VALUES ({SECRET}, 's{SECRET}')"
            ))
            .expect("a row");
        let read = connection
            .query_row("SELECT number FROM t", [], |row| row.get::<_, u8>(0))
            .expect_err("too large");
        let cast = connection
            .query_row("SELECT text FROM t", [], |row| row.get::<_, i64>(0))
            .expect_err("a text");
        let twice = connection
            .execute("INSERT INTO t VALUES (?1, '')", [SECRET])
            .expect_err("there already");
        let check = connection
            .execute("INSERT INTO t VALUES (?1, '')", [-SECRET])
            .expect_err("checked");
        for error in [read, cast, twice, check] {
            let shown = shown(error);
            assert!(!shown.contains(&SECRET.to_string()), "{shown}");
        }
    }
}
