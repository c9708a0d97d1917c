//! Forgetting. What is to go is found on a reader, in steps; the writer only deletes, so that nobody's commit waits for a look around.

use acteon_core::Timestamp;
use acteon_core::limits::{MAX_LOOK, MAX_PRUNE_BATCH, MAX_SWEEP_ROWS};
use rusqlite::{Connection, params};

use super::Result;
use super::rows::text;
use crate::history::Cursor;
use crate::model::Seq;
use crate::retention::{Pruned, Retention, SweepTable, SweptKey};

/// Rows that are to go, and how far the look came.
pub(super) struct Old {
    pub(super) seqs: Vec<i64>,
    last: Option<Cursor>,
    /// Whether there may be more.
    more: bool,
}

impl Old {
    pub(super) fn pruned(&self) -> Pruned {
        Pruned {
            deleted: self.seqs.len(),
            next: self.last.filter(|_| self.more),
            last: self.last,
        }
    }
}

/// Finds what ended and is kept no longer, oldest first. The newest row stays, so that positions go on from it.
pub(super) fn find_old(
    connection: &Connection,
    retention: &Retention,
    after: Option<Cursor>,
) -> Result<Old> {
    let mut select = connection.prepare_cached(
        "SELECT a.seq, a.accepted_at, a.tenant, EXISTS (SELECT 1 FROM outcomes o WHERE o.seq = a.seq) FROM actions a \
         WHERE a.accepted_at >= ?1 AND (a.accepted_at > ?1 OR a.seq > ?2) AND a.accepted_at < ?3 \
         AND a.seq < (SELECT MAX(seq) FROM actions) ORDER BY a.accepted_at, a.seq",
    )?;
    let (at, seq) = after.map_or((i64::MIN, i64::MIN), |cursor| {
        (cursor.at.as_millis(), cursor.seq.0)
    });
    let mut rows = select.query(params![at, seq, retention.before.as_millis()])?;
    let mut old = Old {
        seqs: Vec::new(),
        last: None,
        more: false,
    };
    let mut looked = 0;
    while let Some(row) = rows.next()? {
        if looked == MAX_LOOK || old.seqs.len() == MAX_PRUNE_BATCH {
            old.more = true;
            break;
        }
        looked += 1;
        let seq = row.get(0)?;
        old.last = Some(Cursor {
            at: Timestamp::from_millis(row.get(1)?),
            seq: Seq(seq),
        });
        if row.get(3)?
            && retention
                .of
                .have(row.get_ref(2)?.as_str().unwrap_or_default())
        {
            old.seqs.push(seq);
        }
    }
    Ok(old)
}

pub(super) fn delete(connection: &Connection, seqs: &[i64]) -> Result<()> {
    for seq in seqs {
        connection
            .prepare_cached("DELETE FROM actions WHERE seq = ?1")?
            .execute([seq])?;
        connection
            .prepare_cached("DELETE FROM outcomes WHERE seq = ?1")?
            .execute([seq])?;
    }
    Ok(())
}

/// The next rows of a table that are over, and the last that was looked at; `None` when it is the table's last. A step is bounded in rows: a key
/// may have a hundred thousand.
pub(super) fn find_over(
    connection: &Connection,
    table: &SweepTable,
    after: &SweptKey,
    now: Timestamp,
) -> Result<(Vec<SweptKey>, Option<SweptKey>)> {
    let SweepTable { name, key, slot } = table;
    let select = format!(
        "SELECT {key}, {slot}, until FROM {name} WHERE {} ORDER BY {}",
        table.comes_after('?'),
        table.order()
    );
    let mut select = connection.prepare_cached(&select)?;
    let mut rows = select.query(params![after.name, after.slot])?;
    let (mut over, mut looked, mut last) = (Vec::new(), 0, None);
    while let Some(row) = rows.next()? {
        if looked == MAX_LOOK || over.len() == MAX_SWEEP_ROWS {
            return Ok((over, last));
        }
        looked += 1;
        let at = SweptKey {
            name: text(row, 0)?,
            slot: row.get(1)?,
        };
        if row.get::<_, i64>(2)? <= now.as_millis() {
            over.push(at.clone());
        }
        last = Some(at);
    }
    Ok((over, None))
}

/// Deletes what was found over and still is, by its keys: whoever commits meanwhile waits for no look around.
pub(super) fn delete_over(
    connection: &Connection,
    table: &SweepTable,
    over: &[SweptKey],
    now: Timestamp,
) -> Result<()> {
    let SweepTable { name, key, slot } = table;
    let mut delete = connection.prepare_cached(&format!(
        "DELETE FROM {name} WHERE {key} = ?1 AND {slot} = ?2 AND until <= ?3"
    ))?;
    for SweptKey { name, slot } in over {
        delete.execute(params![name, slot, now.as_millis()])?;
    }
    Ok(())
}
