//! What the gate took, written back together.

use tokio_postgres::Statement;
use tokio_postgres::types::ToSql;

use crate::postgres::connect::Conn;
use crate::postgres::error::Failure;

/// Columns of what is written back.
#[derive(Default)]
pub(in crate::postgres) struct Changes<'a> {
    pub(super) keys: Vec<&'a str>,
    pub(super) key_seqs: Vec<i64>,
    pub(super) key_ids: Vec<&'a str>,
    pub(super) key_untils: Vec<i64>,
    rings: Vec<&'a str>,
    slots: Vec<i64>,
    values: Vec<i64>,
    ring_untils: Vec<i64>,
    pub(super) counters: Vec<&'a str>,
    pub(super) used: Vec<i64>,
    pub(super) counter_untils: Vec<i64>,
}

const TAKE_KEYS: &str = "\
UPDATE dedup_keys d SET seq = i.seq, action_id = i.action_id, until = i.until
FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[]) AS i (key, seq, action_id, until) WHERE d.key = i.key";

const WRITE_SLOTS: &str = "\
INSERT INTO throttles (key, slot, value, until) SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[])
ON CONFLICT (key, slot) DO UPDATE SET value = excluded.value, until = excluded.until";

const CHARGE: &str = "\
UPDATE counters c SET used = i.used, until = i.until
FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS i (name, used, until) WHERE c.name = i.name";

/// The statements that write back, made before the transaction begins.
pub(in crate::postgres) struct Charging {
    take_keys: Statement,
    write_slots: Statement,
    charge: Statement,
}

impl Charging {
    pub(in crate::postgres) async fn prepare(conn: &Conn) -> Result<Self, Failure> {
        Ok(Self {
            take_keys: conn.prepare_cached(TAKE_KEYS).await?,
            write_slots: conn.prepare_cached(WRITE_SLOTS).await?,
            charge: conn.prepare_cached(CHARGE).await?,
        })
    }

    /// Sends everything at once.
    pub(in crate::postgres) async fn write(
        &self,
        conn: &Conn,
        changes: &Changes<'_>,
    ) -> Result<(), Failure> {
        let Changes {
            keys,
            key_seqs,
            key_ids,
            key_untils,
            rings,
            slots,
            values,
            ring_untils,
            counters,
            used,
            counter_untils,
        } = changes;
        let keys: Parameters<4> = [keys, key_seqs, key_ids, key_untils];
        let slots: Parameters<4> = [rings, slots, values, ring_untils];
        let counters: Parameters<3> = [counters, used, counter_untils];
        tokio::try_join!(
            biased;
            execute(conn, !changes.keys.is_empty(), &self.take_keys, &keys),
            execute(conn, !changes.rings.is_empty(), &self.write_slots, &slots),
            execute(conn, !changes.counters.is_empty(), &self.charge, &counters),
        )?;
        Ok(())
    }
}

async fn execute(
    conn: &Conn,
    asked: bool,
    statement: &Statement,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<(), Failure> {
    if asked {
        conn.execute(statement, parameters).await?;
    }
    Ok(())
}

impl<'a> Changes<'a> {
    pub(super) fn slot(&mut self, ring: &'a str, slot: i64, value: i64, until: i64) {
        self.rings.push(ring);
        self.slots.push(slot);
        self.values.push(value);
        self.ring_untils.push(until);
    }
}

pub(super) type Parameters<'a, const N: usize> = [&'a (dyn ToSql + Sync); N];
