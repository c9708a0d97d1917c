//! Claims: rows that are due become a process's.

use acteon_core::{Priority, ProviderName, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::disk::Disk;
use super::rows::text;
use super::{Result, damage};
use crate::StoreError;
use crate::model::{Claimed, Hold, OwnerId, Room, Seq};

/// Claims due rows for each room: the highest priority first, and of each the oldest due.
pub(super) fn claim_due(
    connection: &Connection,
    owner: OwnerId,
    now: Timestamp,
    rooms: &[Room],
) -> Result<Vec<Claimed>> {
    if !is_registered(connection, owner)? {
        return Ok(Vec::new());
    }
    let mut claimed = Vec::new();
    for (place, room) in rooms.iter().enumerate() {
        claimed.extend(take(connection, owner, place, due(connection, room, now)?)?);
    }
    Ok(claimed)
}

/// Finds rows that should be given up: their due times and positions, oldest due first. It looks at every open row, so it is for a reader.
pub(super) fn find_overdue(
    connection: &Connection,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<(i64, i64)>> {
    let mut select =
        connection.prepare_cached("SELECT due_at, seq FROM jobs WHERE owner = 0 AND give_up_at <= ?1 ORDER BY due_at LIMIT ?2")?;
    let found = select.query_map(params![now.as_millis(), limit as i64], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// Claims rows that were found, unless another process has them meanwhile, or they are over.
pub(super) fn claim_found(
    connection: &Connection,
    owner: OwnerId,
    room: usize,
    found: &[(i64, i64)],
) -> Result<Vec<Claimed>> {
    if !is_registered(connection, owner)? {
        return Ok(Vec::new());
    }
    take(connection, owner, room, found.to_vec())
}

/// The rows for each room, as far as they can be read.
pub(super) fn find_readable(
    connection: &Connection,
    disk: &Disk,
    rooms: &[Room],
    now: Timestamp,
) -> Result<Vec<(usize, (i64, i64))>> {
    let mut found = Vec::new();
    for (place, room) in rooms.iter().enumerate() {
        let due = match due(connection, room, now) {
            Err(StoreError::Damaged(why)) => {
                disk.count_damage(&why);
                due_without_index(connection, room, now)?
            }
            due => due?,
        };
        found.extend(due.into_iter().map(|row| (place, row)));
    }
    Ok(found)
}

/// The rows for a room, found by a walk through all: a page of the index cannot be read, or of the rows.
fn due_without_index(
    connection: &Connection,
    room: &Room,
    now: Timestamp,
) -> Result<Vec<(i64, i64)>> {
    let mut select = connection.prepare_cached(
        "SELECT due_at, provider, priority FROM jobs WHERE seq = ?1 AND owner = 0 AND due_at <= ?2",
    )?;
    let mut due = [Vec::new(), Vec::new(), Vec::new()];
    for seq in damage::positions(connection, "jobs")?.0 {
        let row = select
            .query_row([seq, now.as_millis()], |row| {
                Ok((row.get::<_, i64>(0)?, text(row, 1)?, row.get::<_, i64>(2)?))
            })
            .optional()?;
        let Some((due_at, _, number)) = row
            .filter(|(_, provider, _)| room.providers.iter().any(|name| name.as_str() == provider))
        else {
            continue;
        };
        let priority = Priority::ALL
            .into_iter()
            .find(|priority| priority.number() == number)
            .unwrap_or_default();
        due[priority.index()].push((due_at, seq));
    }
    for rows in &mut due {
        rows.sort_unstable();
    }
    Ok(room.choose(due))
}

/// The rows for a room, in the order in which they are sent: their due times and positions.
fn due(connection: &Connection, room: &Room, now: Timestamp) -> Result<Vec<(i64, i64)>> {
    let mut select = connection.prepare_cached(
        "SELECT due_at, seq FROM jobs WHERE owner = 0 AND provider = ?1 AND priority = ?2 AND due_at <= ?3 ORDER BY due_at, seq LIMIT ?4",
    )?;
    let mut due = [Vec::new(), Vec::new(), Vec::new()];
    for (rows, priority) in due.iter_mut().zip(Priority::ALL) {
        let most = room.most_of(priority);
        for provider in room.providers.iter().filter(|_| most > 0) {
            let values = params![
                provider.as_str(),
                priority.number(),
                now.as_millis(),
                most as i64
            ];
            let found = select.query_map(values, |row| Ok((row.get(0)?, row.get(1)?)))?;
            for row in found {
                rows.push(row?);
            }
        }
        rows.sort_unstable();
        rows.truncate(most);
    }
    Ok(room.choose(due))
}

fn take(
    connection: &Connection,
    owner: OwnerId,
    room: usize,
    due: Vec<(i64, i64)>,
) -> Result<Vec<Claimed>> {
    let mut update = connection
        .prepare_cached("UPDATE jobs SET owner = ?2, fence = fence + 1, in_flight = 0 WHERE seq = ?1 AND owner = 0 RETURNING fence")?;
    let mut claimed = Vec::with_capacity(due.len());
    for (_, seq) in due {
        let fence: Option<i64> = update
            .query_row([seq, owner.0], |row| row.get(0))
            .optional()?;
        claimed.extend(fence.map(|fence| Claimed {
            hold: Hold {
                seq: Seq(seq),
                owner,
                fence,
            },
            room,
        }));
    }
    Ok(claimed)
}

pub(super) fn next_due(
    connection: &Connection,
    providers: &[ProviderName],
) -> Result<Option<Timestamp>> {
    let mut select = connection.prepare_cached(
        "SELECT MIN(due_at) FROM jobs WHERE owner = 0 AND provider = ?1 AND priority = ?2",
    )?;
    let mut next: Option<i64> = None;
    for (provider, priority) in providers
        .iter()
        .flat_map(|provider| Priority::ALL.map(|priority| (provider, priority)))
    {
        let due: Option<i64> = select
            .query_row(params![provider.as_str(), priority.number()], |row| {
                row.get(0)
            })?;
        next = next.into_iter().chain(due).min();
    }
    Ok(next.map(Timestamp::from_millis))
}

/// Whether a process is registered. One that is not gets no rows: nobody would take them over.
pub(super) fn is_registered(connection: &Connection, owner: OwnerId) -> Result<bool> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM processes WHERE owner = ?1")?
        .exists([owner.0])?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_without_the_index_is_what_is_found_with_it() {
        let connection = Connection::open_in_memory().expect("a database");
        let table = "CREATE TABLE jobs (seq INTEGER PRIMARY KEY, owner INTEGER, provider TEXT, priority INTEGER, due_at INTEGER)";
        connection.execute_batch(table).expect("a table");
        for seq in 1..=60 {
            let (provider, owner) = (
                if seq % 5 == 0 { "q" } else { "p" },
                i64::from(seq % 7 == 0),
            );
            let values = params![
                seq,
                owner,
                provider,
                Priority::ALL[seq as usize % 3].number(),
                100 - seq % 10
            ];
            connection
                .execute("INSERT INTO jobs VALUES (?1, ?2, ?3, ?4, ?5)", values)
                .expect("a row");
        }
        let providers = vec![ProviderName::parse("p").expect("a name")];
        for (limit, more_high, turn, now) in [
            (100, 0, 0, 100),
            (5, 0, 0, 100),
            (5, 2, 15, 100),
            (0, 3, 0, 100),
            (5, 0, 0, 95),
        ] {
            let room = Room {
                providers: providers.clone(),
                limit,
                more_high,
                turn,
            };
            let now = Timestamp::from_millis(now);
            let expected = due(&connection, &room, now).expect("due");
            assert!(!expected.is_empty());
            assert_eq!(
                due_without_index(&connection, &room, now),
                Ok(expected),
                "{room:?}"
            );
        }
    }
}
