//! Claims of flows: what is due becomes a process's, and what frees it.

use std::sync::Arc;

use acteon_core::Timestamp;
use acteon_core::limits::MAX_LOOK;
use rusqlite::{Connection, OptionalExtension as _, params, params_from_iter};

use super::claims::is_registered;
use super::disk::Disk;
use super::flow_rows::{COLUMNS, read};
use super::{Result, damage};
use crate::StoreError;
use crate::flows::{Flow, FlowClaim, FlowHasten, FlowHold, FlowKey, UNREADABLE_FLOW};
use crate::model::OwnerId;

/// Flows that were claimed, and what is wrong with those that cannot be read.
#[derive(Default)]
pub(super) struct ClaimedFlows {
    pub(super) flows: Vec<Flow>,
    pub(super) unreadable: Vec<String>,
}

/// Claims due flows, the oldest due first.
pub(super) fn claim(connection: &Connection, claim: &FlowClaim) -> Result<ClaimedFlows> {
    let mut all = ClaimedFlows::default();
    loop {
        let rest = FlowClaim {
            limit: claim.limit.saturating_sub(all.flows.len()),
            ..claim.clone()
        };
        let ClaimedFlows { flows, unreadable } = take(connection, &rest, &due(connection, &rest)?)?;
        let goes_on = !unreadable.is_empty();
        all.flows.extend(flows);
        all.unreadable.extend(unreadable);
        if !goes_on {
            return Ok(all);
        }
    }
}

/// Claims flows that were found, unless another process has them meanwhile, or they are not due any more.
pub(super) fn take(
    connection: &Connection,
    claim: &FlowClaim,
    found: &[i64],
) -> Result<ClaimedFlows> {
    let mut claimed = ClaimedFlows::default();
    if !is_registered(connection, claim.owner)? {
        return Ok(claimed);
    }
    let select =
        format!("SELECT {COLUMNS} FROM flows WHERE rowid = ?1 AND owner = 0 AND due_at <= ?2");
    let mut select = connection.prepare_cached(&select)?;
    for rowid in found {
        let row = select.query_row([*rowid, claim.now.as_millis()], read);
        match row.optional()? {
            Some(Ok(flow)) => {
                let version = flow.version + 1;
                own(connection, *rowid, claim.owner)?;
                claimed.flows.push(Flow {
                    version,
                    owner: claim.owner,
                    ..flow
                });
            }
            Some(Err(why)) => {
                put_aside(connection, *rowid)?;
                claimed.unreadable.push(why);
            }
            None => {}
        }
    }
    Ok(claimed)
}

fn own(connection: &Connection, rowid: i64, owner: OwnerId) -> Result<()> {
    connection
        .prepare_cached("UPDATE flows SET owner = ?2, version = version + 1 WHERE rowid = ?1")?
        .execute([rowid, owner.0])?;
    Ok(())
}

/// Takes a flow that cannot be read from those that are due, where it would be found again and again and keep others from being found.
fn put_aside(connection: &Connection, rowid: i64) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE flows SET due_at = NULL, status = ?2, version = version + 1 WHERE rowid = ?1",
        )?
        .execute(params![rowid, UNREADABLE_FLOW])?;
    Ok(())
}

/// The due flows, as far as their pages can be read: those that cannot must not stand in the place of others.
pub(super) fn find_readable(
    connection: &Connection,
    disk: &Disk,
    claim: &FlowClaim,
) -> Result<Vec<i64>> {
    let all = FlowClaim {
        limit: MAX_LOOK,
        ..claim.clone()
    };
    let due = match due(connection, &all) {
        Err(StoreError::Damaged(why)) => {
            disk.count_damage(&why);
            due_without_index(connection, &all)?
        }
        due => due?,
    };
    let mut readable = Vec::new();
    let mut select = connection.prepare_cached("SELECT body FROM flows WHERE rowid = ?1")?;
    for rowid in due {
        if readable.len() == claim.limit {
            break;
        }
        match select
            .query_row([rowid], |_| Ok(()))
            .map_err(StoreError::from)
        {
            Ok(()) => readable.push(rowid),
            Err(StoreError::Damaged(why)) => disk.count_damage(&why),
            Err(error) => return Err(error),
        }
    }
    Ok(readable)
}

/// The due flows, without a look at their rows.
fn due(connection: &Connection, claim: &FlowClaim) -> Result<Vec<i64>> {
    let mut select = connection.prepare_cached(
        "SELECT due_at, rowid FROM flows INDEXED BY flows_due WHERE owner = 0 AND kind = ?1 AND due_at IS NOT NULL AND due_at <= ?2 \
         ORDER BY due_at LIMIT ?3",
    )?;
    let mut due: Vec<(i64, i64)> = Vec::new();
    for kind in &claim.kinds {
        let values = params![kind, claim.now.as_millis(), claim.limit as i64];
        for row in select.query_map(values, |row| Ok((row.get(0)?, row.get(1)?)))? {
            due.push(row?);
        }
    }
    Ok(oldest(due, claim.limit))
}

/// The due flows, found by a walk through all: a page of the index cannot be read.
fn due_without_index(connection: &Connection, claim: &FlowClaim) -> Result<Vec<i64>> {
    let mut select = connection.prepare_cached(
        "SELECT due_at, kind FROM flows WHERE rowid = ?1 AND owner = 0 AND due_at <= ?2",
    )?;
    let mut due = Vec::new();
    for rowid in damage::positions(connection, "flows")?.0 {
        let row = select
            .query_row([rowid, claim.now.as_millis()], |row| {
                Ok((
                    row.get::<_, i64>(0)?,
                    row.get_ref(1)?.as_bytes()?.to_owned(),
                ))
            })
            .optional()?;
        let is_known = |kind: &Vec<u8>| claim.kinds.iter().any(|known| known.as_bytes() == kind);
        due.extend(
            row.filter(|(_, kind)| is_known(kind))
                .map(|(due_at, _)| (due_at, rowid)),
        );
    }
    Ok(oldest(due, claim.limit))
}

fn oldest(mut due: Vec<(i64, i64)>, limit: usize) -> Vec<i64> {
    due.sort_unstable();
    due.truncate(limit);
    due.into_iter().map(|(_, rowid)| rowid).collect()
}

pub(super) fn next_due(connection: &Connection, kinds: &[Arc<str>]) -> Result<Option<Timestamp>> {
    let mut select = connection.prepare_cached(
        "SELECT MIN(due_at) FROM flows WHERE owner = 0 AND kind = ?1 AND due_at IS NOT NULL",
    )?;
    let mut next: Option<i64> = None;
    for kind in kinds {
        let due: Option<i64> = select.query_row([kind], |row| row.get(0))?;
        next = next.into_iter().chain(due).min();
    }
    Ok(next.map(Timestamp::from_millis))
}

/// Makes flows due earlier; says where the next request goes on.
pub(super) fn hasten(connection: &Connection, hasten: &FlowHasten) -> Result<Option<Timestamp>> {
    let mut select = connection.prepare_cached(
        "SELECT due_at, rowid FROM flows INDEXED BY flows_due WHERE owner = 0 AND kind = ?1 AND due_at IS NOT NULL AND due_at > ?2 AND due_at >= ?3 \
         AND due_at <= ?4 ORDER BY due_at LIMIT ?5",
    )?;
    let values = params![
        hasten.kind,
        hasten.now.as_millis(),
        hasten.from.as_millis(),
        hasten.until.as_millis(),
        hasten.limit as i64
    ];
    let found: Vec<(i64, i64)> = select
        .query_map(values, |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut update = connection.prepare_cached("UPDATE flows SET due_at = ?2 WHERE rowid = ?1")?;
    for (due_at, rowid) in &found {
        let earlier = due_at.saturating_sub(hasten.millis());
        update.execute([*rowid, earlier.max(hasten.now.as_millis())])?;
    }
    let last = found
        .last()
        .map(|(due_at, _)| Timestamp::from_millis(*due_at));
    Ok(hasten.next(found.len(), last))
}

/// Frees flows that are still held like this; says how many.
pub(super) fn free(connection: &Connection, holds: &[FlowHold]) -> Result<usize> {
    let mut update = connection.prepare_cached(
        "UPDATE flows SET owner = 0, version = version + 1 WHERE kind = ?1 AND id = ?2 AND owner = ?3 AND owner <> 0 AND version = ?4",
    )?;
    let mut freed = 0;
    for hold in holds {
        let FlowKey { kind, id } = &hold.key;
        freed += update.execute(params![kind, id, hold.owner.0, hold.version])?;
    }
    Ok(freed)
}

/// Frees the flows of an owner that ends in good order.
pub(super) fn free_all_of(connection: &Connection, owner: OwnerId) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE flows SET owner = 0, version = version + 1 WHERE owner = ?1 AND owner <> 0",
        )?
        .execute([owner.0])?;
    Ok(())
}

/// Frees the flows of owners that are not registered any more, and counts that they died.
pub(super) fn free_orphans(connection: &Connection) -> Result<usize> {
    free_orphans_where(connection, "owner <> 0", &[])
}

/// As [`free_orphans`], as far as the rows can be read.
pub(super) fn free_readable_orphans(connection: &Connection, disk: &Disk) -> Result<usize> {
    match free_orphans(connection) {
        Err(StoreError::Damaged(why)) => disk.count_damage(&why),
        result => return result,
    }
    let mut freed = 0;
    for rowid in damage::positions(connection, "flows")?.0 {
        match free_orphans_where(connection, "rowid = ?1 AND owner <> 0", &[rowid]) {
            Ok(one) => freed += one,
            Err(StoreError::Damaged(why)) => disk.count_damage(&why),
            Err(error) => return Err(error),
        }
    }
    Ok(freed)
}

fn free_orphans_where(connection: &Connection, condition: &str, values: &[i64]) -> Result<usize> {
    let update = format!(
        "UPDATE flows SET owner = 0, version = version + 1, takeovers = takeovers + 1 \
         WHERE {condition} AND owner NOT IN (SELECT owner FROM processes)"
    );
    Ok(connection
        .prepare_cached(&update)?
        .execute(params_from_iter(values))?)
}
