//! Rows that processes hold, and what frees them.

use acteon_core::Timestamp;
use rusqlite::{Connection, params};

use super::disk::Disk;
use super::{Result, damage};
use crate::StoreError;
use crate::model::{Freed, Hold, OwnerId, Seq};

pub(super) fn owned(
    connection: &Connection,
    owner: OwnerId,
    after: Seq,
    limit: usize,
) -> Result<Vec<Hold>> {
    let mut select = connection.prepare_cached(
        "SELECT seq, fence FROM jobs WHERE seq > ?1 AND owner = ?2 ORDER BY seq LIMIT ?3",
    )?;
    let rows = select.query_map([after.0, owner.0, limit as i64], |row| {
        Ok(Hold {
            seq: Seq(row.get(0)?),
            owner,
            fence: row.get(1)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn free(connection: &Connection, holds: &[Hold], now: Timestamp) -> Result<Freed> {
    let mut freed = Freed::default();
    for hold in holds {
        let held = [hold.seq.0, hold.owner.0, hold.fence];
        let condition = "seq = ?2 AND owner = ?3 AND owner <> 0 AND fence = ?4";
        freed.maybe_sent += connection
            .prepare_cached(&maybe_sent(condition))?
            .execute(params![now.as_millis(), held[0], held[1], held[2]])?;
        freed.unsent += connection
            .prepare_cached(&unsent(condition))?
            .execute(params![now.as_millis(), held[0], held[1], held[2]])?;
    }
    Ok(freed)
}

/// Frees the rows of an owner.
pub(super) fn free_all_of(
    connection: &Connection,
    owner: OwnerId,
    now: Timestamp,
) -> Result<Freed> {
    let condition = "owner = ?2 AND owner <> 0";
    let maybe_sent = connection.execute(&maybe_sent(condition), [now.as_millis(), owner.0])?;
    Ok(Freed {
        maybe_sent,
        unsent: connection.execute(&unsent(condition), [now.as_millis(), owner.0])?,
    })
}

/// Frees the rows of owners that are not registered any more.
pub(super) fn free_orphans(connection: &Connection, now: Timestamp) -> Result<Freed> {
    let condition = "owner <> 0 AND owner NOT IN (SELECT owner FROM processes)";
    let maybe_sent = connection.execute(&maybe_sent(condition), [now.as_millis()])?;
    Ok(Freed {
        maybe_sent,
        unsent: connection.execute(&unsent(condition), [now.as_millis()])?,
    })
}

/// Frees the rows of owners that are not registered any more, as far as they can be read.
pub(super) fn free_readable_orphans(
    connection: &Connection,
    disk: &Disk,
    now: Timestamp,
) -> Result<Freed> {
    match free_orphans(connection, now) {
        Err(StoreError::Damaged(why)) => disk.count_damage(&why),
        result => return result,
    }
    let mut freed = Freed::default();
    let condition = "seq = ?2 AND owner <> 0 AND owner NOT IN (SELECT owner FROM processes)";
    for seq in damage::positions(connection, "jobs")?.0 {
        let free = |update: String| {
            Ok(connection
                .prepare_cached(&update)?
                .execute([now.as_millis(), seq])?)
        };
        match (free(maybe_sent(condition)), free(unsent(condition))) {
            (Ok(maybe_sent), Ok(unsent)) => {
                freed.maybe_sent += maybe_sent;
                freed.unsent += unsent;
            }
            (Err(StoreError::Damaged(why)), _) | (_, Err(StoreError::Damaged(why))) => {
                disk.count_damage(&why);
            }
            (Err(error), _) | (_, Err(error)) => return Err(error),
        }
    }
    Ok(freed)
}

/// Frees and marks those that may have been sent, which comes first.
fn maybe_sent(condition: &str) -> String {
    format!(
        "UPDATE jobs SET owner = 0, due_at = ?1, in_flight = 0, takeovers = takeovers + 1, possible_duplicate = 1 \
         WHERE in_flight = 1 AND {condition}"
    )
}

/// Frees the others, due when they were: whoever waited keeps its place among those who wait. The instant is a parameter of both.
fn unsent(condition: &str) -> String {
    format!("UPDATE jobs SET owner = 0 WHERE ?1 = ?1 AND {condition}")
}
