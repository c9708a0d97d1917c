//! Who works on what: processes, their leases, and the rows that they claim.

use acteon_core::Timestamp;

use super::connect::Conn;
use super::error::Failure;
use super::rows::record;
use crate::model::{Beat, Claim, ClaimLane, OwnerId, Record};
use crate::rows::RawRecord;

/// Ids are random, so that no two processes agree on one and no sequence is asked. Never 0.
pub(super) async fn register(conn: &Conn) -> Result<OwnerId, Failure> {
    let (high, _) = uuid::Uuid::new_v4().as_u64_pair();
    let owner = i64::try_from(high >> 1).unwrap_or(i64::MAX).max(1);
    conn.execute("INSERT INTO processes (owner, beats) VALUES ($1, 0)", &[&owner]).await?;
    Ok(OwnerId(owner))
}

pub(super) async fn renew(conn: &Conn, owner: OwnerId) -> Result<bool, Failure> {
    let update = conn.prepare_cached("UPDATE processes SET beats = beats + 1 WHERE owner = $1").await?;
    Ok(conn.execute(&update, &[&owner.0]).await? == 1)
}

pub(super) async fn beats(conn: &Conn) -> Result<Vec<Beat>, Failure> {
    let select = conn.prepare_cached("SELECT owner, beats FROM processes").await?;
    let rows = conn.query(&select, &[]).await?;
    rows.iter().map(|row| Ok(Beat { owner: OwnerId(row.try_get(0)?), count: row.try_get(1)? })).collect()
}

pub(super) async fn retire(conn: &Conn, owner: OwnerId, now: Timestamp) -> Result<(), Failure> {
    conn.batch_execute("BEGIN").await?;
    conn.execute("DELETE FROM processes WHERE owner = $1", &[&owner.0]).await?;
    conn.execute("UPDATE jobs SET owner = 0, due_at = $2 WHERE owner = $1 AND owner <> 0", &[&owner.0, &now.as_millis()]).await?;
    conn.batch_execute("COMMIT").await?;
    Ok(())
}

/// The dead end first: what they are writing meanwhile either is there before, or finds no process.
pub(super) async fn take_over(conn: &Conn, dead: &[Beat], now: Timestamp) -> Result<usize, Failure> {
    let owners: Vec<i64> = dead.iter().map(|beat| beat.owner.0).collect();
    let counts: Vec<i64> = dead.iter().map(|beat| beat.count).collect();
    conn.batch_execute("BEGIN").await?;
    let delete = "DELETE FROM processes p USING unnest($1::bigint[], $2::bigint[]) AS i (owner, beats) WHERE p.owner = i.owner AND p.beats = i.beats";
    conn.execute(delete, &[&owners, &counts]).await?;
    let free = "UPDATE jobs j SET owner = 0, due_at = $1, takeovers = takeovers + 1, possible_duplicate = TRUE \
         WHERE owner <> 0 AND NOT EXISTS (SELECT 1 FROM processes p WHERE p.owner = j.owner)";
    let freed = conn.execute(free, &[&now.as_millis()]).await?;
    conn.batch_execute("COMMIT").await?;
    Ok(usize::try_from(freed).unwrap_or(usize::MAX))
}

/// Claims under a number, by which [`undo`] finds the rows if the answer is lost.
pub(super) async fn claim(conn: &Conn, claim: &Claim, number: i64) -> Result<Vec<Record>, Failure> {
    let (condition, lane) = match &claim.lane {
        ClaimLane::Lane(lane) => ("lane = $2 AND due_at <= $3", &**lane),
        ClaimLane::Overdue => ("give_up_at <= $3 AND $2 = ''", ""),
    };
    let update = format!(
        "WITH due AS (SELECT seq FROM jobs WHERE owner = 0 AND {condition} ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED), \
         living AS (SELECT owner FROM processes WHERE owner = $4 FOR KEY SHARE), \
         j AS (UPDATE jobs SET owner = living.owner, fence = $5 FROM due, living WHERE jobs.seq = due.seq RETURNING jobs.*) \
         SELECT {} FROM j JOIN actions a ON a.seq = j.seq LEFT JOIN outcomes o ON o.seq = a.seq ORDER BY j.due_at, j.seq",
        RawRecord::COLUMNS
    );
    let update = conn.prepare_cached(&update).await?;
    let limit = i64::try_from(claim.limit).unwrap_or(i64::MAX);
    let rows = conn.query(&update, &[&limit, &lane, &claim.now.as_millis(), &claim.owner.0, &number]).await?;
    rows.iter().map(record).collect()
}

/// Gives back what was claimed under these numbers: nobody knows that it was.
pub(super) async fn undo(conn: &Conn, owner: OwnerId, numbers: &[i64]) -> Result<u64, Failure> {
    let update = conn.prepare_cached("UPDATE jobs SET owner = 0 WHERE owner = $1 AND owner <> 0 AND fence = ANY($2)").await?;
    Ok(conn.execute(&update, &[&owner.0, &numbers]).await?)
}

pub(super) async fn next_due(conn: &Conn, lane: &str) -> Result<Option<Timestamp>, Failure> {
    let select = conn.prepare_cached("SELECT MIN(due_at) FROM jobs WHERE owner = 0 AND lane = $1").await?;
    let due: Option<i64> = conn.query_one(&select, &[&lane]).await?.try_get(0)?;
    Ok(due.map(Timestamp::from_millis))
}

pub(super) async fn count_open(conn: &Conn) -> Result<i64, Failure> {
    Ok(conn.query_one("SELECT COUNT(*) FROM jobs", &[]).await?.try_get(0)?)
}

/// The database's clock, in milliseconds since 1970.
pub(super) async fn clock(conn: &Conn) -> Result<i64, Failure> {
    Ok(conn.query_one("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint", &[]).await?.try_get(0)?)
}
