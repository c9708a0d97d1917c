//! Retention in steps that hold no lock for long.

use acteon_core::Timestamp;
use acteon_core::limits::{MAX_PRUNE_BATCH, MAX_SWEEP_ROWS};

use super::calls;
use super::connect::{Conn, in_time};
use super::error::Failure;
use super::store::PostgresStore;
use crate::StoreError;
use crate::history::Cursor;
use crate::model::Seq;
use crate::retention::{Pruned, Retention, SweepCursor, SweepTable, SweptKey, sweeps_on, swept_at};

impl PostgresStore {
    pub(super) async fn sweep_a_table(
        &self,
        now: Timestamp,
        after: Option<SweepCursor>,
    ) -> Result<Option<SweepCursor>, StoreError> {
        let Some((number, table, after)) = swept_at(after.as_ref()) else {
            return Ok(None);
        };
        let last = call!(self.pool, conn => sweep(conn, table, &after, now))?;
        Ok(sweeps_on(number, last))
    }
}

/// Deletes what ended and is kept no longer, oldest first. As in every engine the newest row stays.
pub(super) async fn prune(
    conn: &Conn,
    retention: &Retention,
    after: Option<Cursor>,
) -> Result<Pruned, Failure> {
    let select = "SELECT a.seq, a.accepted_at, a.tenant, EXISTS (SELECT 1 FROM outcomes o WHERE o.seq = a.seq) FROM actions a \
         WHERE (a.accepted_at, a.seq) > ($1, $2) AND a.accepted_at < $3 AND a.seq < (SELECT MAX(seq) FROM actions) \
         ORDER BY a.accepted_at, a.seq LIMIT $4";
    let (at, seq) = after.map_or((i64::MIN, i64::MIN), |cursor| {
        (cursor.at.as_millis(), cursor.seq.0)
    });
    let rows = conn
        .query(
            select,
            &[
                &at,
                &seq,
                &retention.before.as_millis(),
                &(MAX_PRUNE_BATCH as i64),
            ],
        )
        .await?;
    let mut old: Vec<i64> = Vec::new();
    let mut last = None;
    for row in &rows {
        let seq = row.try_get(0)?;
        last = Some(Cursor {
            at: Timestamp::from_millis(row.try_get(1)?),
            seq: Seq(seq),
        });
        if row.try_get(3)? && retention.of.have(row.try_get(2)?) {
            old.push(seq);
        }
    }
    if !old.is_empty() {
        let delete = "WITH gone AS (DELETE FROM outcomes WHERE seq = ANY($1)) DELETE FROM actions WHERE seq = ANY($1)";
        conn.execute(delete, &[&old]).await?;
    }
    Ok(Pruned {
        deleted: old.len(),
        next: last.filter(|_| rows.len() == MAX_PRUNE_BATCH),
        last,
    })
}

/// Forgets what is over among the next rows of a table; says which was the last that was looked at, `None` when it is the table's last. A step
/// is bounded in rows: a key may have a hundred thousand.
async fn sweep(
    conn: &Conn,
    table: &SweepTable,
    after: &SweptKey,
    now: Timestamp,
) -> Result<Option<SweptKey>, Failure> {
    let SweepTable { name, key, slot } = table;
    let (beyond, order) = (table.comes_after('$'), table.order());
    let select = format!(
        "SELECT {key}, {slot}::bigint, until <= $3 FROM {name} WHERE {beyond} ORDER BY {order} LIMIT $4"
    );
    let rows = conn
        .query(
            &select,
            &[
                &after.name,
                &after.slot,
                &now.as_millis(),
                &(MAX_SWEEP_ROWS as i64),
            ],
        )
        .await?;
    let (mut names, mut slots) = (Vec::new(), Vec::<i64>::new());
    for row in &rows {
        if row.try_get(2)? {
            names.push(row.try_get::<_, &str>(0)?);
            slots.push(row.try_get(1)?);
        }
    }
    if !names.is_empty() {
        let delete = format!(
            "DELETE FROM {name} WHERE ({key}, {slot}::bigint) IN (SELECT * FROM unnest($1::text[], $2::bigint[])) AND {key} = ANY($1) AND until <= $3"
        );
        conn.execute(&delete, &[&names, &slots, &now.as_millis()])
            .await?;
    }
    match rows.last() {
        Some(last) if rows.len() == MAX_SWEEP_ROWS => Ok(Some(SweptKey {
            name: last.try_get(0)?,
            slot: last.try_get(1)?,
        })),
        _ => Ok(None),
    }
}
