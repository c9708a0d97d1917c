//! Changes of dedup keys, throttles and counters, written back together.

use std::sync::LazyLock;

use tokio_postgres::Statement;
use tokio_postgres::types::ToSql;

use crate::postgres::connect::Conn;
use crate::postgres::error::Failure;
use crate::postgres::rows::columns::{assignments, columns, insert_into, table_of};

columns! {
    /// Dedup key, and the action that holds it from now on.
    pub(super) DedupRow in DedupRows {
        key: &'a str,
        seq: i64 => [dedup_keys],
        action_id: &'a str => [dedup_keys],
        until: i64 => [dedup_keys],
    }
}

columns! {
    /// Slot of a throttle's ring.
    pub(super) ThrottleRow in ThrottleRows {
        key: &'a str => [throttles],
        slot: i64 => [throttles],
        value: i64 => [throttles],
        until: i64 => [throttles],
    }
}

columns! {
    /// Counter of a quota's window, as charged.
    pub(super) CounterRow in CounterRows {
        name: &'a str,
        used: i64 => [counters],
        until: i64 => [counters],
    }
}

/// Rows to be written back.
#[derive(Default)]
pub(in crate::postgres) struct Changes<'a> {
    pub(super) keys: DedupRows<'a>,
    pub(super) slots: ThrottleRows<'a>,
    pub(super) counters: CounterRows<'a>,
}

static TAKE_KEYS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "UPDATE dedup_keys d SET {} FROM {} WHERE d.key = i.key",
        assignments("dedup_keys", DedupRows::COLUMNS),
        table_of(DedupRows::COLUMNS)
    )
});

static WRITE_SLOTS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{} FROM {} ON CONFLICT (key, slot) DO UPDATE SET value = excluded.value, until = excluded.until",
        insert_into("throttles", ThrottleRows::COLUMNS, &[]),
        table_of(ThrottleRows::COLUMNS)
    )
});

static CHARGE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "UPDATE counters c SET {} FROM {} WHERE c.name = i.name",
        assignments("counters", CounterRows::COLUMNS),
        table_of(CounterRows::COLUMNS)
    )
});

/// Statements that write back, prepared before the transaction begins.
pub(in crate::postgres) struct Charging {
    take_keys: Statement,
    write_slots: Statement,
    charge: Statement,
}

impl Charging {
    pub(in crate::postgres) async fn prepare(conn: &Conn) -> Result<Self, Failure> {
        Ok(Self {
            take_keys: conn.prepare_cached(&TAKE_KEYS).await?,
            write_slots: conn.prepare_cached(&WRITE_SLOTS).await?,
            charge: conn.prepare_cached(&CHARGE).await?,
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
            slots,
            counters,
        } = changes;
        tokio::try_join!(
            biased;
            execute(conn, &self.take_keys, keys.key.len(), keys.parameters()),
            execute(conn, &self.write_slots, slots.key.len(), slots.parameters()),
            execute(conn, &self.charge, counters.name.len(), counters.parameters()),
        )?;
        Ok(())
    }
}

/// Executes a statement over the arrays of so many rows, unless there are none.
async fn execute(
    conn: &Conn,
    statement: &Statement,
    rows: usize,
    arrays: Vec<&(dyn ToSql + Sync)>,
) -> Result<(), Failure> {
    if rows > 0 {
        conn.execute(statement, &arrays).await?;
    }
    Ok(())
}
