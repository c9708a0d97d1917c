//! Dedup keys, throttles and counters of the gate: locked in the order of their names, judged in memory, and written back together.

mod charging;
mod locked;
mod look;

use std::collections::BTreeMap;

use super::connect::Conn;
use super::error::Failure;
use super::rows::key;
use crate::model::{Charges, Seq};

pub(super) use self::charging::Charging;
pub(super) use self::locked::Locked;
pub(super) use self::look::{Look, Names, look};

/// Gives back what actions took that are over without having left. A key goes only if the action still holds it.
pub(super) async fn refund(conn: &Conn, given_back: &[(Seq, &Charges)]) -> Result<(), Failure> {
    let mut counters: BTreeMap<String, i64> = BTreeMap::new();
    let (mut keys, mut seqs) = (Vec::new(), Vec::new());
    for (seq, charges) in given_back {
        for counter in &charges.counters {
            *counters.entry(key(counter)).or_default() += 1;
        }
        keys.extend(charges.dedup.as_deref().map(key));
        seqs.extend(charges.dedup.is_some().then_some(seq.0));
    }
    if !keys.is_empty() {
        let lock = conn
            .prepare_cached("SELECT 1 FROM dedup_keys WHERE key = ANY($1) ORDER BY key FOR UPDATE")
            .await?;
        conn.execute(&lock, &[&keys]).await?;
        let delete = "DELETE FROM dedup_keys d USING unnest($1::text[], $2::bigint[]) AS i (key, seq) WHERE d.key = i.key AND d.seq = i.seq";
        let delete = conn.prepare_cached(delete).await?;
        conn.execute(&delete, &[&keys, &seqs]).await?;
    }
    if !counters.is_empty() {
        let (names, counts): (Vec<&String>, Vec<i64>) = counters.iter().unzip();
        let lock = conn
            .prepare_cached("SELECT 1 FROM counters WHERE name = ANY($1) ORDER BY name FOR UPDATE")
            .await?;
        conn.execute(&lock, &[&names]).await?;
        let update = "UPDATE counters c SET used = GREATEST(c.used - i.count, 0) \
             FROM unnest($1::text[], $2::bigint[]) AS i (name, count) WHERE c.name = i.name";
        let update = conn.prepare_cached(update).await?;
        conn.execute(&update, &[&names, &counts]).await?;
    }
    Ok(())
}

pub(super) async fn used(conn: &Conn, counter: &str) -> Result<i64, Failure> {
    let row = conn
        .query_opt("SELECT used FROM counters WHERE name = $1", &[&counter])
        .await?;
    Ok(row.map_or(Ok(0), |row| row.try_get(0))?)
}
