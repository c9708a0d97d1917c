//! Processes and their leases.

use acteon_core::{BoxFuture, Timestamp};

use super::connect::{Conn, in_time};
use super::error::Failure;
use super::holds::{freed, freeing};
use super::store::PostgresStore;
use super::{calls, flows, listen};
use crate::StoreError;
use crate::model::{Freed, Heartbeat, OwnerId};
use crate::store::Processes;

impl Processes for PostgresStore {
    fn register(&self) -> BoxFuture<'_, Result<OwnerId, StoreError>> {
        Box::pin(async move { renewal!(self.lease, conn => register(conn)) })
    }

    fn renew(&self, owner: OwnerId) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move { renewal!(self.lease, conn => renew(conn, owner)) })
    }

    fn heartbeats(&self) -> BoxFuture<'_, Result<Vec<Heartbeat>, StoreError>> {
        Box::pin(async move { call!(self.own, conn => heartbeats(conn)) })
    }

    fn retire(&self, owner: OwnerId, now: Timestamp) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            change!(self.own, conn, _again => retire(conn, owner, now))?;
            self.tell(listen::WORK).await;
            Ok(())
        })
    }

    fn take_over(
        &self,
        dead: Vec<Heartbeat>,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Freed, StoreError>> {
        Box::pin(async move {
            let (freed, flows) = change!(self.own, conn, _again => take_over(conn, &dead, now))?;
            if freed != Freed::default() || flows > 0 {
                self.tell(listen::WORK).await;
            }
            Ok(freed)
        })
    }
}

/// Registers a process under a random id, so that no sequence is asked. Never 0.
async fn register(conn: &Conn) -> Result<OwnerId, Failure> {
    let (high, _) = uuid::Uuid::new_v4().as_u64_pair();
    let owner = i64::try_from(high >> 1).unwrap_or(i64::MAX).max(1);
    conn.execute(
        "INSERT INTO processes (owner, beats) VALUES ($1, 0)",
        &[&owner],
    )
    .await?;
    Ok(OwnerId(owner))
}

async fn renew(conn: &Conn, owner: OwnerId) -> Result<bool, Failure> {
    let update = conn
        .prepare_cached("UPDATE processes SET beats = beats + 1 WHERE owner = $1")
        .await?;
    Ok(conn.execute(&update, &[&owner.0]).await? == 1)
}

async fn heartbeats(conn: &Conn) -> Result<Vec<Heartbeat>, Failure> {
    let select = conn
        .prepare_cached("SELECT owner, beats FROM processes")
        .await?;
    let rows = conn.query(&select, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(Heartbeat {
                owner: OwnerId(row.try_get(0)?),
                count: row.try_get(1)?,
            })
        })
        .collect()
}

/// Ends a process in good order. Rows that it may have sent without recording it are marked; usually there are none.
async fn retire(conn: &Conn, owner: OwnerId, now: Timestamp) -> Result<(), Failure> {
    conn.batch_execute("BEGIN").await?;
    conn.execute("DELETE FROM processes WHERE owner = $1", &[&owner.0])
        .await?;
    flows::retire(conn, owner).await?;
    conn.query_one(
        &freeing("j.owner = $2 AND j.owner <> 0"),
        &[&now.as_millis(), &owner.0],
    )
    .await?;
    conn.batch_execute("COMMIT").await?;
    Ok(())
}

/// Takes over from dead processes; says how many jobs and flows it freed. Their registration goes first: what they write meanwhile either is
/// there before, or finds no process.
async fn take_over(
    conn: &Conn,
    dead: &[Heartbeat],
    now: Timestamp,
) -> Result<(Freed, usize), Failure> {
    let owners: Vec<i64> = dead.iter().map(|beat| beat.owner.0).collect();
    let counts: Vec<i64> = dead.iter().map(|beat| beat.count).collect();
    conn.batch_execute("BEGIN").await?;
    let delete = "DELETE FROM processes p USING unnest($1::bigint[], $2::bigint[]) AS i (owner, beats) WHERE p.owner = i.owner AND p.beats = i.beats";
    conn.execute(delete, &[&owners, &counts]).await?;
    let flows = flows::take_over(conn).await?;
    let condition =
        "j.owner <> 0 AND NOT EXISTS (SELECT 1 FROM processes p WHERE p.owner = j.owner)";
    let row = conn
        .query_one(&freeing(condition), &[&now.as_millis()])
        .await?;
    conn.batch_execute("COMMIT").await?;
    Ok((freed(&row)?, flows))
}
