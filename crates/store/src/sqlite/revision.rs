//! The revision of the documents, which each change of them raises.

use acteon_core::Timestamp;
use rusqlite::Connection;

use super::Result;
use super::notes::{note, put_note};

/// The note that counts changes.
const REVISION: &str = "documents:revision";

/// Raises the revision; says what it is now.
pub(super) fn count_change(connection: &Connection) -> Result<i64> {
    let revision = revision(connection)? + 1;
    put_note(
        connection,
        REVISION,
        &revision.to_string(),
        Timestamp::from_millis(i64::MAX),
    )?;
    Ok(revision)
}

pub(super) fn revision(connection: &Connection) -> Result<i64> {
    Ok(note(connection, REVISION, Timestamp::default())?
        .and_then(|text| text.parse().ok())
        .unwrap_or(0))
}
