//! How many rows are open.

use rusqlite::Connection;

use super::{Result, damage};
use crate::StoreError;

/// Number of open rows, as far as they can be read.
pub(super) fn count(connection: &Connection) -> Result<usize> {
    match connection
        .query_row("SELECT COUNT(*) FROM jobs", [], |row| row.get::<_, i64>(0))
        .map_err(StoreError::from)
    {
        Err(StoreError::Damaged(_)) => Ok(damage::positions(connection, "jobs")?.0.len()),
        count => Ok(usize::try_from(count?).unwrap_or(0)),
    }
}
