//! Forgetting. What is to go is found on a reader, in steps; the writer only deletes, so that nobody's commit waits for a look around.

use acteon_core::Timestamp;
use acteon_core::limits::{MAX_LOOK, MAX_PRUNE_BATCH, MAX_SWEEP_KEYS};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::Result;
use crate::history::Cursor;
use crate::model::Seq;
use crate::retention::{Pruned, Retention, SweepTable};

/// Rows that are to go, and how far the look came.
pub(super) struct Old {
    pub(super) seqs: Vec<i64>,
    last: Option<Cursor>,
    /// Whether there may be more.
    more: bool,
}

impl Old {
    pub(super) fn pruned(&self) -> Pruned {
        Pruned { deleted: self.seqs.len(), next: self.last.filter(|_| self.more), last: self.last }
    }
}

/// Finds what ended and is kept no longer, oldest first. The newest row stays, so that positions go on from it.
pub(super) fn find_old(connection: &Connection, retention: &Retention, after: Option<Cursor>) -> Result<Old> {
    let mut select = connection.prepare_cached(
        "SELECT a.seq, a.accepted_at, a.tenant, EXISTS (SELECT 1 FROM outcomes o WHERE o.seq = a.seq) FROM actions a \
         WHERE a.accepted_at >= ?1 AND (a.accepted_at > ?1 OR a.seq > ?2) AND a.accepted_at < ?3 \
         AND a.seq < (SELECT MAX(seq) FROM actions) ORDER BY a.accepted_at, a.seq",
    )?;
    let (at, seq) = after.map_or((i64::MIN, i64::MIN), |cursor| (cursor.at.as_millis(), cursor.seq.0));
    let mut rows = select.query(params![at, seq, retention.before.as_millis()])?;
    let mut old = Old { seqs: Vec::new(), last: None, more: false };
    let mut looked = 0;
    while let Some(row) = rows.next()? {
        if looked == MAX_LOOK || old.seqs.len() == MAX_PRUNE_BATCH {
            old.more = true;
            break;
        }
        looked += 1;
        let seq = row.get(0)?;
        old.last = Some(Cursor { at: Timestamp::from_millis(row.get(1)?), seq: Seq(seq) });
        if row.get(3)? && retention.of.have(row.get_ref(2)?.as_str().unwrap_or_default()) {
            old.seqs.push(seq);
        }
    }
    Ok(old)
}

pub(super) fn delete(connection: &Connection, seqs: &[i64]) -> Result<()> {
    for seq in seqs {
        connection.prepare_cached("DELETE FROM actions WHERE seq = ?1")?.execute([seq])?;
        connection.prepare_cached("DELETE FROM outcomes WHERE seq = ?1")?.execute([seq])?;
    }
    Ok(())
}

/// Some keys of a table that follow each other.
#[derive(Clone)]
pub(super) struct KeyRange {
    pub(super) after: String,
    /// The last of them; `None` when it is the table's last.
    pub(super) last: Option<String>,
}

/// The next keys, and whether any of them is over.
pub(super) fn find_over(connection: &Connection, table: &SweepTable, after: String, now: Timestamp) -> Result<(KeyRange, bool)> {
    let SweepTable { name, key } = table;
    let next =
        format!("SELECT {key} FROM (SELECT DISTINCT {key} FROM {name} WHERE {key} > ?1 ORDER BY {key} LIMIT ?2) LIMIT 1 OFFSET ?2 - 1");
    let last: Option<String> =
        connection.prepare_cached(&next)?.query_row(params![after, MAX_SWEEP_KEYS as i64], |row| row.get(0)).optional()?;
    let range = KeyRange { after, last };
    let over = format!("SELECT 1 FROM {name} WHERE {key} > ?1 AND (?2 IS NULL OR {key} <= ?2) AND until <= ?3");
    let is_over = connection.prepare_cached(&over)?.exists(params![range.after, range.last, now.as_millis()])?;
    Ok((range, is_over))
}

pub(super) fn delete_over(connection: &Connection, table: &SweepTable, range: &KeyRange, now: Timestamp) -> Result<()> {
    let SweepTable { name, key } = table;
    let delete = format!("DELETE FROM {name} WHERE {key} > ?1 AND (?2 IS NULL OR {key} <= ?2) AND until <= ?3");
    connection.prepare_cached(&delete)?.execute(params![range.after, range.last, now.as_millis()])?;
    Ok(())
}
