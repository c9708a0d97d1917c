//! Export from PostgreSQL, and import into it.

use std::io::{BufRead, Write};

use futures_util::{StreamExt as _, TryStreamExt as _};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::connect::{Conn, Connector};
use super::error::Failure;
use super::migrate;
use super::options::PostgresOptions;
use super::rows::key;
use super::store::PostgresStore;
use crate::StoreError;
use crate::raw::damaged_text;
use crate::transfer::{
    AFTER_IMPORT, Exporter, Importer, Kind, SELECT_CLOCK_STEPS, TABLES, Table, Value, bytes_of,
    clock_steps,
};

/// Rows on their way to the database at a time.
const PIPELINED: usize = 200;

impl PostgresStore {
    /// Writes everything that the schema keeps, as of one instant; says how many rows.
    pub async fn export(
        options: &PostgresOptions,
        to: &mut (dyn Write + Send),
    ) -> Result<u64, StoreError> {
        let pool = Connector::new(options)?.pool(1)?;
        migrate::migrate(&pool, &options.schema).await?;
        let conn = Conn::of(&pool).await.map_err(Failure::into_store)?;
        export(&conn, to).await.map_err(Failure::into_store)
    }

    /// Reads everything into a schema that is empty, or not there yet; says how many rows. All or nothing.
    pub async fn import(
        options: &PostgresOptions,
        from: &mut (dyn BufRead + Send),
    ) -> Result<u64, StoreError> {
        let pool = Connector::new(options)?.pool(1)?;
        migrate::migrate(&pool, &options.schema).await?;
        let conn = Conn::of(&pool).await.map_err(Failure::into_store)?;
        import(&conn, from).await.map_err(Failure::into_store)
    }
}

async fn export(conn: &Conn, to: &mut (dyn Write + Send)) -> Result<u64, Failure> {
    conn.batch_execute(
        "SET statement_timeout = 0; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    )
    .await?;
    let mut exporter = Exporter::begin(to, steps(conn).await?)?;
    for table in TABLES {
        let nothing: [&(dyn ToSql + Sync); 0] = [];
        let rows = conn
            .query_raw(
                &format!("SELECT {} FROM {}", table.names(), table.name),
                nothing,
            )
            .await?;
        let mut rows = std::pin::pin!(rows);
        while let Some(row) = rows.try_next().await? {
            exporter.row(table, values_of(table, &row)?)?;
        }
    }
    conn.batch_execute("COMMIT").await?;
    Ok(exporter.end()?)
}

/// The sum of the clock's steps.
async fn steps(conn: &Conn) -> Result<i64, Failure> {
    let note = conn.query_opt(SELECT_CLOCK_STEPS, &[]).await?;
    let note: Option<String> = note.map(|row| row.try_get(0)).transpose()?;
    Ok(clock_steps(note.as_deref())?)
}

fn values_of(table: &Table, row: &Row) -> Result<Vec<Value>, Failure> {
    let value = |(place, (_, kind)): (usize, &(&str, Kind))| {
        let found = match kind {
            Kind::Integer => row.try_get::<_, Option<i64>>(place)?.map(Value::Integer),
            Kind::Flag => row.try_get::<_, Option<bool>>(place)?.map(Value::Flag),
            Kind::Text => row.try_get::<_, Option<String>>(place)?.map(Value::Text),
            Kind::Bytes => row.try_get::<_, Option<&[u8]>>(place)?.map(Value::bytes),
        };
        Ok(found.unwrap_or(Value::Nothing(())))
    };
    table.columns.iter().enumerate().map(value).collect()
}

async fn import(conn: &Conn, from: &mut (dyn BufRead + Send)) -> Result<u64, Failure> {
    conn.batch_execute(
        "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; BEGIN",
    )
    .await?;
    let there = conn
        .query_one(
            "SELECT EXISTS (SELECT 1 FROM actions) OR EXISTS (SELECT 1 FROM documents)",
            &[],
        )
        .await?;
    if there.try_get(0)? {
        return Err(StoreError::Engine(
            "the schema is not empty; an import needs one that is".into(),
        )
        .into());
    }
    let mut importer = Importer::begin(from, steps(conn).await?)?;
    let mut rows = 0;
    let mut waiting: Vec<(&'static Table, Vec<Value>)> = Vec::new();
    loop {
        let next = importer.next()?;
        let ended = next.is_none();
        waiting.extend(next);
        if ended || waiting.len() == PIPELINED {
            rows += waiting.len() as u64;
            insert(conn, std::mem::take(&mut waiting)).await?;
        }
        if ended {
            break;
        }
    }
    for statement in AFTER_IMPORT {
        conn.execute(statement, &[]).await?;
    }
    // Gateways that run already on the empty schema read only what is newer than the revision that they know.
    let revision = "UPDATE revisions SET revision = revision + 1 WHERE name = 'documents'; \
        UPDATE documents SET revision = (SELECT revision FROM revisions WHERE name = 'documents'); COMMIT";
    conn.batch_execute(revision).await?;
    Ok(rows)
}

/// Sends the rows one behind the other, without waiting for each.
async fn insert(conn: &Conn, rows: Vec<(&'static Table, Vec<Value>)>) -> Result<(), Failure> {
    let mut statements = Vec::with_capacity(rows.len());
    for (table, _) in &rows {
        statements.push(conn.prepare_cached(&statement(table)).await?);
    }
    let inserts =
        rows.into_iter()
            .zip(&statements)
            .map(|((table, values), statement)| async move {
                let values: Vec<Box<dyn ToSql + Sync + Send>> = values
                    .into_iter()
                    .zip(table.columns)
                    .map(|(value, (name, kind))| parameter(stored(table, name, value), *kind))
                    .collect();
                conn.execute_raw(
                    statement,
                    values.iter().map(|value| &**value as &(dyn ToSql + Sync)),
                )
                .await
            });
    futures_util::stream::iter(inserts)
        .buffered(PIPELINED)
        .try_for_each(|_| std::future::ready(Ok(())))
        .await?;
    Ok(())
}

/// Names of what the gate counts are stored in the form that this engine looks them up by.
fn stored(table: &Table, column: &str, value: Value) -> Value {
    match (table.name, column, value) {
        ("dedup_keys" | "throttles", "key", Value::Text(text))
        | ("counters", "name", Value::Text(text)) => Value::Text(key(&text)),
        (.., value) => value,
    }
}

fn parameter(value: Value, kind: Kind) -> Box<dyn ToSql + Sync + Send> {
    match (value, kind) {
        (Value::Integer(number), _) => Box::new(number),
        (Value::Flag(flag), _) => Box::new(flag),
        (Value::Text(text), _) => Box::new(text),
        (value @ Value::Bytes { .. }, Kind::Text) => {
            Box::new(bytes_of(&value).map(|bytes| damaged_text(&bytes)))
        }
        (value @ Value::Bytes { .. }, _) => Box::new(bytes_of(&value)),
        (Value::Nothing(()), Kind::Integer) => Box::new(None::<i64>),
        (Value::Nothing(()), Kind::Flag) => Box::new(None::<bool>),
        (Value::Nothing(()), Kind::Text) => Box::new(None::<String>),
        (Value::Nothing(()), Kind::Bytes) => Box::new(None::<Vec<u8>>),
    }
}

fn statement(table: &Table) -> String {
    let mut columns: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
    let mut values: Vec<String> = (1..=columns.len())
        .map(|place| format!("${place}"))
        .collect();
    if table.name == "outcomes" {
        columns.push("settled_by");
        values.push("0".into());
    }
    format!(
        "INSERT INTO {} ({}) VALUES ({})",
        table.name,
        columns.join(", "),
        values.join(", ")
    )
}
