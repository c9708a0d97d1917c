//! Rows that processes hold, and what frees them.

use acteon_core::Timestamp;

use super::connect::Conn;
use super::error::Failure;
use crate::model::{Freed, Hold, OwnerId, Seq};

pub(super) async fn owned(
    conn: &Conn,
    owner: OwnerId,
    after: Seq,
    limit: usize,
) -> Result<Vec<Hold>, Failure> {
    let select =
        conn.prepare_cached("SELECT seq, fence FROM jobs WHERE owner = $1 AND owner <> 0 AND seq > $2 ORDER BY seq LIMIT $3").await?;
    let rows = conn
        .query(
            &select,
            &[
                &owner.0,
                &after.0,
                &i64::try_from(limit).unwrap_or(i64::MAX),
            ],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Hold {
                seq: Seq(row.try_get(0)?),
                owner,
                fence: row.try_get(1)?,
            })
        })
        .collect()
}

pub(super) async fn free(conn: &Conn, holds: &[Hold], now: Timestamp) -> Result<Freed, Failure> {
    let seqs: Vec<i64> = holds.iter().map(|hold| hold.seq.0).collect();
    let owners: Vec<i64> = holds.iter().map(|hold| hold.owner.0).collect();
    let fences: Vec<i64> = holds.iter().map(|hold| hold.fence).collect();
    let condition = "j.owner <> 0 AND (j.seq, j.owner, j.fence) IN (SELECT * FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]))";
    freed(
        &conn
            .query_one(
                &freeing(condition),
                &[&now.as_millis(), &seqs, &owners, &fences],
            )
            .await?,
    )
}

/// Frees rows, marks those of them that may have been sent, and counts both. In one statement that locks each row before it looks: what
/// its owner writes meanwhile - that it is about to send - either is there before, or finds the row freed.
pub(super) fn freeing(condition: &str) -> String {
    format!(
        "WITH held AS (SELECT j.seq, j.in_flight FROM jobs j WHERE {condition} ORDER BY j.seq FOR UPDATE), \
         freed AS (UPDATE jobs SET owner = 0, due_at = CASE WHEN held.in_flight THEN $1 ELSE jobs.due_at END, in_flight = FALSE, takeovers = takeovers + held.in_flight::int, \
         possible_duplicate = possible_duplicate OR held.in_flight FROM held WHERE jobs.seq = held.seq RETURNING held.in_flight AS maybe_sent) \
         SELECT COUNT(*) FILTER (WHERE maybe_sent), COUNT(*) FILTER (WHERE NOT maybe_sent) FROM freed"
    )
}

pub(super) fn freed(row: &tokio_postgres::Row) -> Result<Freed, Failure> {
    let count = |count: i64| usize::try_from(count).unwrap_or(0);
    Ok(Freed {
        maybe_sent: count(row.try_get(0)?),
        unsent: count(row.try_get(1)?),
    })
}
