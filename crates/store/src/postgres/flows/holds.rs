//! Flows that processes hold, and what frees them.

use acteon_core::Timestamp;

use crate::flows::{FlowHasten, FlowHold, FlowKey};
use crate::model::OwnerId;
use crate::postgres::connect::Conn;
use crate::postgres::error::Failure;

use super::row::key;

/// Flows of a process, from after a name on.
pub(super) async fn owned(
    conn: &Conn,
    owner: OwnerId,
    after: Option<&FlowKey>,
    limit: usize,
) -> Result<Vec<FlowHold>, Failure> {
    let select = "SELECT kind, id, version FROM flows WHERE owner = $1 AND owner <> 0 \
         AND ($2::text IS NULL OR (kind, id) > ($2::text, $3::text)) ORDER BY kind, id LIMIT $4";
    let select = conn.prepare_cached(select).await?;
    let (kind, id) = (
        after.map(|after| &*after.kind),
        after.map(|after| &*after.id),
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = conn.query(&select, &[&owner.0, &kind, &id, &limit]).await?;
    let hold = |row: &tokio_postgres::Row| {
        Ok(FlowHold {
            key: key(row)?,
            owner,
            version: row.try_get(2)?,
        })
    };
    rows.iter().map(hold).collect()
}

/// Frees flows that are still held like this; says how many.
pub(super) async fn free(conn: &Conn, holds: &[FlowHold]) -> Result<usize, Failure> {
    let kinds: Vec<&str> = holds.iter().map(|hold| &*hold.key.kind).collect();
    let ids: Vec<&str> = holds.iter().map(|hold| &*hold.key.id).collect();
    let owners: Vec<i64> = holds.iter().map(|hold| hold.owner.0).collect();
    let versions: Vec<i64> = holds.iter().map(|hold| hold.version).collect();
    let condition = "f.owner <> 0 AND (f.kind, f.id, f.owner, f.version) IN \
         (SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]))";
    let free = conn.prepare_cached(&freeing(condition, 0)).await?;
    let row = conn
        .query_one(&free, &[&kinds, &ids, &owners, &versions])
        .await?;
    count(&row)
}

/// Frees the flows of a process that ends in good order; says how many.
pub(in crate::postgres) async fn retire(conn: &Conn, owner: OwnerId) -> Result<usize, Failure> {
    let free = freeing("f.owner = $1 AND f.owner <> 0", 0);
    count(&conn.query_one(&free, &[&owner.0]).await?)
}

/// Frees the flows of processes that are not registered any more, and counts that they died; says how many.
pub(in crate::postgres) async fn take_over(conn: &Conn) -> Result<usize, Failure> {
    let condition =
        "f.owner <> 0 AND NOT EXISTS (SELECT 1 FROM processes p WHERE p.owner = f.owner)";
    count(&conn.query_one(&freeing(condition, 1), &[]).await?)
}

/// Frees flows, in one statement that locks each, in the order of their names, before it looks.
fn freeing(condition: &str, deaths: u32) -> String {
    format!(
        "WITH held AS (SELECT f.kind, f.id FROM flows f WHERE {condition} ORDER BY f.kind, f.id FOR UPDATE), \
         freed AS (UPDATE flows f SET owner = 0, version = f.version + 1, takeovers = f.takeovers + {deaths} FROM held \
         WHERE f.kind = held.kind AND f.id = held.id RETURNING 1) \
         SELECT COUNT(*) FROM freed"
    )
}

/// Makes flows due earlier, in one statement that locks each, in the order of their names, before it looks again. One that is claimed or changed
/// meanwhile is left as it then is: what changed it says when it is due.
pub(super) async fn hasten(conn: &Conn, hasten: &FlowHasten) -> Result<Option<Timestamp>, Failure> {
    let hasten_all = "WITH found AS MATERIALIZED (SELECT kind, id, due_at FROM flows WHERE owner = 0 AND kind = $1 AND due_at > $2 AND due_at >= $3 \
         AND due_at <= $4 ORDER BY due_at, id LIMIT $5), \
         held AS (SELECT f.kind, f.id FROM flows f JOIN found ON f.kind = found.kind AND f.id = found.id \
         WHERE f.owner = 0 AND f.due_at > $2 ORDER BY f.kind, f.id FOR UPDATE OF f), \
         changed AS (UPDATE flows f SET due_at = GREATEST($2, f.due_at - $6) FROM held WHERE f.kind = held.kind AND f.id = held.id) \
         SELECT COUNT(*), MAX(due_at) FROM found";
    let statement = conn.prepare_cached(hasten_all).await?;
    let limit = i64::try_from(hasten.limit).unwrap_or(i64::MAX);
    let row = conn
        .query_one(
            &statement,
            &[
                &&*hasten.kind,
                &hasten.now.as_millis(),
                &hasten.from.as_millis(),
                &hasten.until.as_millis(),
                &limit,
                &hasten.millis(),
            ],
        )
        .await?;
    let last: Option<i64> = row.try_get(1)?;
    Ok(hasten.next(count(&row)?, last.map(Timestamp::from_millis)))
}

fn count(row: &tokio_postgres::Row) -> Result<usize, Failure> {
    let count: i64 = row.try_get(0)?;
    Ok(usize::try_from(count).unwrap_or(0))
}
