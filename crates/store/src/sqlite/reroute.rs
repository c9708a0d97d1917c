//! Rows that change to another provider, or become due earlier.

use acteon_core::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::Result;
use super::gate::{charge_all, charge_anyway, refund};
use crate::gate::QuotaCheck;
use crate::model::{Charges, Hasten, Reroute, Rerouted};
use crate::rows::{RequestTexts, charges_text};

pub(super) fn reroute(
    connection: &Connection,
    change: &Reroute,
    request: &RequestTexts,
) -> Result<Rerouted> {
    let (hold, through) = (change.hold, change.provider.as_str());
    let mut select = connection
        .prepare_cached("SELECT 1 FROM jobs WHERE seq = ?1 AND owner = ?2 AND fence = ?3")?;
    let found: Option<i64> = select
        .query_row(params![hold.seq.0, hold.owner.0, hold.fence], |row| {
            row.get(0)
        })
        .optional()?;
    if found.is_none() {
        return Ok(Rerouted::Fenced);
    }
    let needed: Vec<QuotaCheck> = change.needed().cloned().collect();
    if !charge_all(connection, &needed)? {
        return Ok(Rerouted::NoRoom);
    }
    charge_anyway(connection, change.others())?;
    refund(
        connection,
        hold.seq,
        &Charges {
            counters: change.refund.clone(),
            dedup: None,
        },
    )?;
    connection
        .prepare_cached("UPDATE jobs SET provider = ?2, in_flight = 0, note = NULL WHERE seq = ?1")?
        .execute(params![hold.seq.0, through])?;
    let mut update =
        connection.prepare_cached("UPDATE actions SET through = ?2, charges = ?3, request_facts = ?4, request = ?5 WHERE seq = ?1")?;
    let through = Some(through).filter(|through| *through != change.action.provider.as_str());
    update.execute(params![
        hold.seq.0,
        through,
        charges_text(&change.charges),
        request.facts.as_deref(),
        request.bytes()
    ])?;
    Ok(Rerouted::Written)
}

/// Finds rows to be made due. It may look at all of a provider's rows, so it is for a reader.
pub(super) fn find(connection: &Connection, hasten: &Hasten) -> Result<Vec<i64>> {
    let mut select = connection.prepare_cached(
        "SELECT seq FROM jobs WHERE owner = 0 AND provider = ?1 AND due_at > ?2 AND (attempts > 0 OR not_before IS NOT due_at) AND possible_duplicate <= ?3 \
         ORDER BY priority, seq LIMIT ?4",
    )?;
    let values = params![
        hasten.provider.as_str(),
        hasten.now.as_millis(),
        hasten.maybe_sent,
        hasten.limit as i64
    ];
    let found = select.query_map(values, |row| row.get(0))?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// Makes rows that were found due at `now`, unless a process owns them meanwhile, or they are due already.
pub(super) fn hasten(connection: &Connection, seqs: &[i64], now: Timestamp) -> Result<()> {
    let mut update = connection.prepare_cached(
        "UPDATE jobs SET due_at = ?2 WHERE seq = ?1 AND owner = 0 AND due_at > ?2",
    )?;
    for seq in seqs {
        update.execute([*seq, now.as_millis()])?;
    }
    Ok(())
}
