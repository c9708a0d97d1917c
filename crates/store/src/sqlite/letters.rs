//! Dead letters.

use acteon_core::Scope;
use rusqlite::{Connection, params};

use super::Result;
use super::disk::Disk;
use super::look::coverage;
use super::rows::text;
use crate::history::HistoryFilter;
use crate::model::{ActionState, Seq};
use crate::rows;
use crate::rows::{dead_share, state_number};
use crate::shares::DeadShare;

/// Whether this is a dead letter.
pub(super) fn is_dead(connection: &Connection, letter: Seq) -> Result<bool> {
    let mut select =
        connection.prepare_cached("SELECT COUNT(*) FROM outcomes WHERE seq = ?1 AND state = ?2")?;
    Ok(
        select.query_row([letter.0, state_number(ActionState::Dead)], |row| {
            row.get::<_, i64>(0)
        })? == 1,
    )
}

pub(super) fn discard(connection: &Connection, letters: &[Seq]) -> Result<usize> {
    let mut update = connection
        .prepare_cached("UPDATE outcomes SET state = ?2 WHERE seq = ?1 AND state = ?3")?;
    let mut discarded = 0;
    for seq in letters {
        discarded += update.execute(params![
            seq.0,
            state_number(ActionState::Discarded),
            state_number(ActionState::Dead)
        ])?;
    }
    Ok(discarded)
}

pub(super) fn count_dead(
    connection: &Connection,
    disk: &Disk,
    scope: &Scope,
    limit: usize,
) -> Result<usize> {
    if scope.is_everything() {
        let mut select =
            connection.prepare_cached("SELECT COUNT(*) FROM outcomes WHERE state = 2")?;
        return Ok(select
            .query_row([], |row| row.get::<_, i64>(0))
            .map(|count| usize::try_from(count).unwrap_or(0))?);
    }
    let filter = HistoryFilter {
        state: Some(ActionState::Dead),
        ..HistoryFilter::of(scope.clone())
    };
    Ok(coverage(connection, disk, &filter, limit)?.0.len())
}

/// Numbers of dead letters by provider and code, among the newest `limit`.
pub(super) fn dead_shares(connection: &Connection, limit: usize) -> Result<Vec<DeadShare>> {
    let mut select = connection.prepare_cached(&rows::dead_shares('?'))?;
    let mut shares = Vec::new();
    for row in select.query_map([limit as i64], |row| {
        Ok((text(row, 0)?, text(row, 1)?, row.get::<_, i64>(2)?))
    })? {
        let (provider, code, count) = row?;
        shares.extend(dead_share(&provider, code, count));
    }
    Ok(shares)
}
