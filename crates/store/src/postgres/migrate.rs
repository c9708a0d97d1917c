//! The schema, made and changed by whichever process comes first.

use deadpool_postgres::Pool;

use super::connect::{self, Conn, Connector};
use super::error::{Failure, PostgresError};
use super::options::PostgresOptions;
use super::store::PostgresStore;
use crate::{Cause, StoreError};

/// Schema changes in order.
const MIGRATIONS: &[&str] = &[
    include_str!("0001_schema.sql"),
    include_str!("0002_documents.sql"),
    include_str!("0003_providers.sql"),
    include_str!("0004_priorities.sql"),
    include_str!("0005_scheduled.sql"),
    include_str!("0006_flows.sql"),
    include_str!("0007_events.sql"),
    include_str!("0008_event_rows.sql"),
];

/// The newest schema that this version knows.
pub(super) const KNOWN: i64 = MIGRATIONS.len() as i64;

/// Processes that start together meet here a few times at most.
const TRIES: usize = 20;

/// Longest that a change of the schema may take: of many rows it is no matter of seconds.
const LIMIT: std::time::Duration = std::time::Duration::from_mins(10);

impl PostgresStore {
    /// Looks whether a server could start on a database: says where it is, and the version of its schema, zero where there is none yet. Changes nothing.
    pub async fn look_at(options: &PostgresOptions) -> Result<(String, i64), StoreError> {
        let connector = Connector::new(options)?;
        let pool = connector.pool(1)?;
        let found = async {
            let conn = Conn::of(&pool).await?;
            check_encoding(&conn).await?;
            let table = format!("\"{}\".schema_version", options.schema.replace('"', "\"\""));
            let known = conn
                .query_one("SELECT to_regclass($1) IS NOT NULL", &[&table])
                .await?
                .try_get(0)?;
            if known {
                Ok(conn
                    .query_one("SELECT version FROM schema_version", &[])
                    .await?
                    .try_get(0)?)
            } else {
                Ok(0)
            }
        };
        match found.await.map_err(Failure::into_store)? {
            found if found > KNOWN => Err(StoreError::NewerSchema {
                found,
                known: KNOWN,
            }),
            found => Ok((connect::place(&connector.config), found)),
        }
    }
}

/// Brings the schema up to date; says from which version to which.
pub(super) async fn migrate(pool: &Pool, schema: &str) -> Result<(i64, i64), StoreError> {
    for _ in 0..TRIES {
        let once = tokio::time::timeout(LIMIT, once(pool, schema)).await;
        match once.unwrap_or_else(|_| {
            Err(Failure::Away(
                "the schema could not be brought up to date in time".into(),
            ))
        }) {
            Ok(found) => return Ok((found, KNOWN)),
            // Two processes that make the same schema at once: one of them is told that it is there.
            Err(Failure::Conflict | Failure::Unknown(_)) => {}
            Err(Failure::Refused(StoreError::Engine(cause))) if is_made_by_another(&cause) => {}
            Err(failure) => return Err(failure.into_store()),
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    Err(StoreError::Busy)
}

/// Whether a schema, a table or its first row is there since it was looked for.
fn is_made_by_another(cause: &Cause) -> bool {
    let error = cause.downcast_ref::<PostgresError>();
    error
        .and_then(PostgresError::code)
        .is_some_and(|code| code == "23505" || code.starts_with("42P0"))
}

/// Tries a migration once, in one transaction: the lock on the version's row is held until the schema is what it says.
async fn once(pool: &Pool, schema: &str) -> Result<i64, Failure> {
    let conn = Conn::of(pool).await?;
    check_encoding(&conn).await?;
    let schema = schema.replace('"', "\"\"");
    let known = conn
        .query_opt("SELECT 1 FROM pg_namespace WHERE nspname = $1", &[&schema])
        .await?;
    if known.is_none() {
        conn.batch_execute(&format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\""))
            .await?;
    }
    conn.batch_execute(
        "CREATE TABLE IF NOT EXISTS schema_version (only_row BOOLEAN PRIMARY KEY CHECK (only_row), version BIGINT NOT NULL);
         INSERT INTO schema_version VALUES (TRUE, 0) ON CONFLICT DO NOTHING",
    )
    .await?;
    // A change of many rows takes as long as it takes, and whoever starts beside it waits for it.
    conn.batch_execute("SET statement_timeout = 0; BEGIN")
        .await?;
    let found: i64 = conn
        .query_one("SELECT version FROM schema_version FOR UPDATE", &[])
        .await?
        .try_get(0)?;
    if found > KNOWN {
        return Err(StoreError::NewerSchema {
            found,
            known: KNOWN,
        }
        .into());
    }
    for migration in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        conn.batch_execute(migration).await?;
    }
    if found < KNOWN {
        conn.execute("UPDATE schema_version SET version = $1", &[&KNOWN])
            .await?;
    }
    conn.batch_execute("COMMIT").await?;
    // Not given back, because of what was set.
    drop(conn);
    Ok(found)
}

/// Refuses a database whose texts cannot be any text: what it accepts in ASCII could not be ended with a service's answer in Chinese.
async fn check_encoding(conn: &Conn) -> Result<(), Failure> {
    let row = conn
        .query_one("SELECT current_setting('server_encoding', TRUE)", &[])
        .await?;
    match row.try_get::<_, Option<String>>(0)? {
        Some(encoding) if !encoding.eq_ignore_ascii_case("UTF8") => Err(StoreError::Engine(Cause::from(format!(
            "the database keeps its texts in {encoding}, which cannot hold every text; make one in UTF8, as with \
             CREATE DATABASE acteon ENCODING 'UTF8' TEMPLATE template0"
        )))
        .into()),
        _ => Ok(()),
    }
}
