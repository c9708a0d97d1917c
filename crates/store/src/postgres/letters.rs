//! Dead letters.

use acteon_core::Scope;

use super::connect::Conn;
use super::error::Failure;
use super::look::coverage;
use crate::history::HistoryFilter;
use crate::model::{ActionState, Seq};
use crate::rows;
use crate::rows::{dead_share, state_number};
use crate::shares::DeadShare;

/// `again` when an earlier try may have done it: what that took off the list counts.
pub(super) async fn discard(conn: &Conn, letters: &[Seq], again: bool) -> Result<usize, Failure> {
    let seqs: Vec<i64> = letters.iter().map(|seq| seq.0).collect();
    let update = "UPDATE outcomes SET state = $2 WHERE seq = ANY($1) AND state = $3";
    let discarded = conn
        .execute(
            update,
            &[
                &seqs,
                &state_number(ActionState::Discarded),
                &state_number(ActionState::Dead),
            ],
        )
        .await?;
    if again && discarded == 0 {
        let select = "SELECT COUNT(*) FROM outcomes WHERE seq = ANY($1) AND state = $2";
        let before: i64 = conn
            .query_one(select, &[&seqs, &state_number(ActionState::Discarded)])
            .await?
            .try_get(0)?;
        return Ok(usize::try_from(before).unwrap_or(usize::MAX));
    }
    Ok(usize::try_from(discarded).unwrap_or(usize::MAX))
}

pub(super) async fn count_dead(conn: &Conn, scope: &Scope, limit: usize) -> Result<usize, Failure> {
    if scope.is_everything() {
        let count: i64 = conn
            .query_one("SELECT COUNT(*) FROM outcomes WHERE state = 2", &[])
            .await?
            .try_get(0)?;
        return Ok(usize::try_from(count).unwrap_or(0));
    }
    let filter = HistoryFilter {
        state: Some(ActionState::Dead),
        ..HistoryFilter::of(scope.clone())
    };
    Ok(coverage(conn, &filter, limit).await?.0.len())
}

/// Numbers of dead letters by provider and code, among the newest `limit`.
pub(super) async fn dead_shares(conn: &Conn, limit: usize) -> Result<Vec<DeadShare>, Failure> {
    let mut shares = Vec::new();
    for row in conn
        .query(&rows::dead_shares('$'), &[&(limit as i64)])
        .await?
    {
        shares.extend(dead_share(
            row.try_get(0)?,
            row.try_get(1)?,
            row.try_get(2)?,
        ));
    }
    Ok(shares)
}
