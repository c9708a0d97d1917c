//! Dedup keys, throttles and counters: read by the gate, charged, and given back.

use acteon_core::{ActionId, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::Result;
use crate::StoreError;
use crate::gate::{Conditions, Counters, QuotaCheck, ThrottleCheck};
use crate::model::{Charges, Seq};

/// The gate's view of the database.
pub(super) struct SqlCounters<'a>(pub(super) &'a Connection);

impl Counters for SqlCounters<'_> {
    fn holder(&self, key: &str, now: Timestamp) -> Result<Option<ActionId>> {
        let mut select = self
            .0
            .prepare_cached("SELECT action_id FROM dedup_keys WHERE key = ?1 AND until > ?2")?;
        let holder: Option<String> = select
            .query_row(params![key, now.as_millis()], |row| row.get(0))
            .optional()?;
        holder
            .map(|id| ActionId::parse(&id).map_err(|error| StoreError::Engine(error.into())))
            .transpose()
    }

    fn went(&self, check: &ThrottleCheck) -> Result<Option<Timestamp>> {
        let total = slot(self.0, &check.key, 0)?.unwrap_or(0);
        let went = slot(self.0, &check.key, check.slot(total))?;
        Ok(went.map(Timestamp::from_millis))
    }

    fn used(&self, counter: &str) -> Result<u64> {
        used(self.0, counter)
    }
}

fn slot(connection: &Connection, key: &str, slot: i64) -> Result<Option<i64>> {
    let mut select =
        connection.prepare_cached("SELECT value FROM throttles WHERE key = ?1 AND slot = ?2")?;
    Ok(select
        .query_row(params![key, slot], |row| row.get(0))
        .optional()?)
}

pub(super) fn used(connection: &Connection, counter: &str) -> Result<u64> {
    let mut select = connection.prepare_cached("SELECT used FROM counters WHERE name = ?1")?;
    let used: Option<i64> = select.query_row([counter], |row| row.get(0)).optional()?;
    Ok(used.map_or(0, i64::unsigned_abs))
}

/// Charges dedup key, throttle and quotas for an action that has passed.
pub(super) fn charge(
    connection: &Connection,
    conditions: &Conditions,
    quotas: &[QuotaCheck],
    (seq, id): (Seq, &ActionId),
    now: Timestamp,
) -> Result<()> {
    if let Some(dedup) = &conditions.dedup {
        let mut upsert = connection.prepare_cached(
            "INSERT INTO dedup_keys (key, seq, action_id, until) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (key) DO UPDATE SET seq = ?2, action_id = ?3, until = ?4",
        )?;
        upsert.execute(params![
            dedup.key,
            seq.0,
            id.as_str(),
            dedup.until.as_millis()
        ])?;
    }
    if let Some(throttle) = &conditions.throttle {
        let total = slot(connection, &throttle.key, 0)?.unwrap_or(0);
        let until = throttle.kept_until(now).as_millis();
        let mut upsert = connection.prepare_cached(
            "INSERT INTO throttles (key, slot, value, until) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (key, slot) DO UPDATE SET value = ?3, until = ?4",
        )?;
        upsert.execute(params![
            throttle.key,
            throttle.slot(total),
            now.as_millis(),
            until
        ])?;
        upsert.execute(params![throttle.key, 0, total + 1, until])?;
    }
    charge_anyway(connection, quotas.iter())
}

/// Charges to quotas if none of them is used up, and to none of them otherwise.
pub(super) fn charge_all(connection: &Connection, quotas: &[QuotaCheck]) -> Result<bool> {
    let mut upsert = connection.prepare_cached(
        "INSERT INTO counters (name, used, until) SELECT ?1, 1, ?2 WHERE ?3 > 0 \
         ON CONFLICT (name) DO UPDATE SET used = used + 1 WHERE used < ?3",
    )?;
    for (place, quota) in quotas.iter().enumerate() {
        let most = i64::try_from(quota.max_actions).unwrap_or(i64::MAX);
        if upsert.execute(params![quota.counter, quota.resets_at.as_millis(), most])? == 0 {
            give_back(connection, quotas.get(..place).unwrap_or_default())?;
            return Ok(false);
        }
    }
    Ok(true)
}

/// Charges to quotas, whether they are used up or not.
pub(super) fn charge_anyway<'q>(
    connection: &Connection,
    quotas: impl Iterator<Item = &'q QuotaCheck>,
) -> Result<()> {
    let mut upsert = connection
        .prepare_cached("INSERT INTO counters (name, used, until) VALUES (?1, 1, ?2) ON CONFLICT (name) DO UPDATE SET used = used + 1")?;
    for quota in quotas {
        upsert.execute(params![quota.counter, quota.resets_at.as_millis()])?;
    }
    Ok(())
}

/// Gives back what was just charged.
pub(super) fn give_back(connection: &Connection, quotas: &[QuotaCheck]) -> Result<()> {
    let mut update =
        connection.prepare_cached("UPDATE counters SET used = used - 1 WHERE name = ?1")?;
    for quota in quotas {
        update.execute([&quota.counter])?;
    }
    Ok(())
}

/// Gives back what an action took that is over without having left. A key goes only if the action still holds it.
pub(super) fn refund(connection: &Connection, seq: Seq, charges: &Charges) -> Result<()> {
    let mut update = connection
        .prepare_cached("UPDATE counters SET used = used - 1 WHERE name = ?1 AND used > 0")?;
    for counter in &charges.counters {
        update.execute([counter])?;
    }
    if let Some(key) = &charges.dedup {
        connection
            .prepare_cached("DELETE FROM dedup_keys WHERE key = ?1 AND seq = ?2")?
            .execute(params![key, seq.0])?;
    }
    Ok(())
}
